"""Where this very semafo lies: for processes that must import it, and for the files that the app is made of."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def app_folder() -> Path:
    """The folder with app.py, pages/, assets/ and .streamlit/.

    An installed package has them in a folder of its own; in a clone they lie beside the package.
    """
    installed = _PACKAGE / "dashboard"
    return installed if installed.is_dir() else _PACKAGE.parent


def environment() -> dict[str, str]:
    """Of a process that imports this semafo, wherever it works and whatever lies in its working folder."""
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    paths = dict.fromkeys([str(_PACKAGE.parent), *given])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
