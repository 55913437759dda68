"""Figures as files in print quality, made by a browser on the server through kaleido."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence

import plotly.graph_objects as go
import plotly.io
import psutil

from semafo import installation
from semafo.errors import SemafoError
from semafo.ui.printing import paper

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LIMIT_SECONDS = 90.0
CAMERA = "The camera at the figure's upper right saves it as it is on the screen."
_press = threading.Lock()  # one browser at a time is enough
_failures: list[str] = []  # the last one, of this process


def browser() -> str | None:
    """Path of a Chromium or Chrome: `BROWSER_PATH`, or the first one on the path; None where there is none."""
    return next(filter(None, map(shutil.which, (os.environ.get("BROWSER_PATH", ""), *BROWSERS))), None)


def problem() -> str | None:
    """Why there are no files to be had, or why the last one failed; None if all is well."""
    if browser() is None:
        return (
            "Files in print quality are made by a Chromium or Chrome, and this server has none on its path. Install "
            f"one, or set BROWSER_PATH. {CAMERA}"
        )
    return _failures[-1] if _failures else None


def forget_failure() -> None:
    """Say no more about the last failure."""
    _failures.clear()


def render(
    figure: go.Figure | Sequence[go.Figure], extension: str, notes: Sequence[str], limit_seconds: float = LIMIT_SECONDS
) -> bytes:
    """A figure as `svg`, `png` (two pixels for each of its own) or `pdf`, with the notes below it.

    Several stand one below the other, on a page as wide as the widest needs.

    Takes some seconds, in a process of its own that ends with all that it started when the time is over.
    Raises SemafoError, and remembers why for `problem`.
    """
    path = browser()
    if path is None:
        raise SemafoError(problem())
    forget_failure()
    figures = [figure] if isinstance(figure, go.Figure) else list(figure)
    width = max(paper.page_width(one.to_dict()["layout"]) for one in figures)
    drawn = [plotly.io.to_json(paper.on_paper(one, width), validate=False) for one in figures]
    asked = f'{{"figures": [{", ".join(drawn)}], "notes": {json.dumps(list(notes))}}}'
    with _press:
        file, error = _run(
            [sys.executable, "-m", "semafo.ui.printing.kaleido_process", extension, path], asked.encode(), limit_seconds
        )
    if error:
        _failures.append(f"The last file could not be made: {error} Try again.")
        raise SemafoError(_failures[-1])
    return file


def _run(command: Sequence[str], given: bytes, limit_seconds: float) -> tuple[bytes, str]:
    """What a command wrote, and why it failed (empty where it did not)."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=installation.environment(), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            file, said = process.communicate(given, timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            _end(process.pid)
            return b"", f"it took longer than {limit_seconds:.0f} seconds."
    if process.returncode == 0 and file:
        return file, ""
    last = said.decode(errors="replace").strip().splitlines()[-1:] or ["the browser ended without a word"]
    return b"", f"{last[0].rstrip('.')}."


def _end(pid: int) -> None:
    """End a process and all that it started: the browser has a session of its own."""
    process = psutil.Process(pid)
    for one in (*process.children(recursive=True), process):
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
