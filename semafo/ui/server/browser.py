"""A browser at the app's address, without showing the token to other users of the machine."""

import threading
import webbrowser
from html import escape
from pathlib import Path

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
    page = f'<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={escape(address)}">'
    file.write_text(f'{page}<title>Semafo</title><a href="{escape(address)}">Open Semafo</a>\n', encoding="utf-8")
    # Some browsers end only when they are closed.
    threading.Thread(target=webbrowser.open, args=(file.as_uri(),), daemon=True).start()
