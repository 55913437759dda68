"""Presenting: the pages without sidebar and controls, in larger type, one after the other by the arrow keys.

On while `?present=1` stands in the address, so that a link opens the same view, and the window is as wide as a wall's.
A telephone or tablet has neither the room nor the keys that lead out of it.
"""

import streamlit as st

from semafo.ui.session.linked_choice import LinkedChoice
from semafo.ui.session.viewport import CRAMPED, LIMIT_PIXELS, is_cramped

ORDER = ("Compare", "Replay", "Predictions", "Factors")  # titles of the pages, in the order of the arrow keys
PAGES = {title: f"pages/{title.lower()}.py" for title in ORDER}
KEYBOARD = "keyboard"  # key of the script that hears keys and, while presenting, tells the window's height
_USUAL_HEIGHT = 720
LEAST_WIDTH = LIMIT_PIXELS[CRAMPED]  # pixels of the window


def is_on() -> bool:
    """Whether this session presents, in a window that has room for it. Keeps the address in step."""
    return _linked().get() is not None and not is_cramped()


def height() -> int:
    """Height of the window in pixels, in steps of 20; a small projector's until it is known."""
    return int(st.session_state.get(KEYBOARD, {}).get("height") or _USUAL_HEIGHT)


def turn(on: bool) -> None:
    """Begin or end it."""
    _linked().choose("1" if on else None)


def neighbour(title: str, step: int) -> str | None:
    """Title of the page that an arrow key leads to from a page, one step on or back; None at the ends."""
    place = ORDER.index(title) + step if title in ORDER else 0
    return ORDER[place] if 0 <= place < len(ORDER) else None


def _linked() -> LinkedChoice[str]:
    return LinkedChoice("present", str, lambda text: "1" if text == "1" else None)
