"""A browser at the app's address, without showing the token to other users of the machine."""

import threading
import webbrowser
from pathlib import Path

from semafo import inert

_NAME = "open-semafo.html"


def show(address: str, folder: Path) -> None:
    """Open an address in the user's browser, without waiting for it.

    Everybody on a machine can read the command lines of all programs, that of a browser too. It is therefore given a
    file in a folder that only its owner can read, and the file leads on to the address.

    Parameters
    ----------
    address
        With the token.
    folder
        Of nobody else; the file stays there until whoever made the folder deletes it.
    """
    file = folder / _NAME
    page = (
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={inert.html(address)}">'
        f'<title>Semafo</title><a href="{inert.html(address)}">Open Semafo</a>\n'
    )
    file.write_text(page, encoding="utf-8")
    # Some browsers end only when they are closed.
    threading.Thread(target=webbrowser.open, args=(file.as_uri(),), daemon=True).start()
