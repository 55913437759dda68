"""Keys that every page knows: P presents, arrows walk while presenting, Escape ends that, or else selects nothing.

A small script listens in the browser and tells of these keys alone, never while a person types.
"""

from functools import partial

import streamlit as st

from semafo.ui.maps import selection
from semafo.ui.session import navigation, presenting

_PRESSED, _WANTED = "pressed", "keyboard_page"
_STEPS = {"ArrowRight": 1, "ArrowLeft": -1}

_SCRIPT = """
export default function (component) {
  const { data, setTriggerValue, setStateValue } = component;
  const listen = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const path = event.composedPath();
    const types = path.some((at) => at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName));
    const isOpen = document.querySelector('[data-baseweb="popover"], [role="dialog"]');
    if (types || isOpen || !data.keys.includes(event.key)) return;
    setTriggerValue("pressed", event.key);
  };
  const measure = () => {
    const height = Math.round(window.innerHeight / 20) * 20;
    if (data.measures && height !== data.height) setStateValue("height", height);
  };
  measure();
  document.addEventListener("keydown", listen);
  window.addEventListener("resize", measure);
  return () => {
    document.removeEventListener("keydown", listen);
    window.removeEventListener("resize", measure);
  };
}
"""
_component = st.components.v2.component("semafo_keyboard", js=_SCRIPT)


def listen(page_title: str) -> None:
    """Put the script into the page, once in a drawing, and go where a key led."""
    page = st.session_state.pop(_WANTED, None)
    if page is not None:
        navigation.go_to(page)
    presents = presenting.is_on()
    height = presenting.height()
    data = {"keys": ["p", "Escape", *(_STEPS if presents else ())], "measures": presents, "height": height}
    with st.container(key="keyboard-watch"):
        _component(
            key=presenting.KEYBOARD,
            data=data,
            default={"height": height},
            on_pressed_change=partial(_answer, page_title),
            on_height_change=_nothing,
        )


def _nothing() -> None:
    """Another height redraws the page, which is all that it has to do."""


def _answer(page_title: str) -> None:
    pressed = st.session_state[presenting.KEYBOARD][_PRESSED]
    if pressed == "p":
        presenting.turn(True)
        if page_title not in presenting.ORDER:
            st.session_state[_WANTED] = presenting.PAGES[presenting.ORDER[0]]
    elif pressed in _STEPS:
        st.session_state[_WANTED] = presenting.neighbour(page_title, _STEPS[pressed])
    elif presenting.is_on():
        presenting.turn(False)
    else:
        selection.clear()
