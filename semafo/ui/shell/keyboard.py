"""Keys that every page knows: P presents, arrows walk while presenting, Escape ends that, or else selects nothing.

A small script listens in the browser and tells of these keys alone, never while a person types.
"""

from functools import partial

import streamlit as st

from semafo.ui.maps import selection
from semafo.ui.session import navigation, presenting

_PRESSED, _ANSWERED = "pressed", "keyboard_answered"
_WANTED = "keyboard_page"  # title of the page that keys have led to, until it is there
_STEPS = {"ArrowRight": 1, "ArrowLeft": -1}

# Another page puts another instance of the script in place of the one before. The listener outlives them: a key that is
# pressed in between waits for the next.
_SCRIPT = """
const heard = (window.semafoKeys ??= { send: null, waiting: null });
const presents = () => new URLSearchParams(window.location.search).get("present") === "1";
const isHeard = (key) => ["p", "Escape"].includes(key) || (presents() && ["ArrowRight", "ArrowLeft"].includes(key));

const listen = (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const path = event.composedPath();
  const types = path.some((at) => at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName));
  const isOpen = document.querySelector('[data-baseweb="popover"], [role="dialog"]');
  if (types || isOpen || !isHeard(event.key)) return;
  const press = { key: event.key, at: performance.now() };
  if (heard.send) heard.send(press);
  else heard.waiting = press;
};
if (!heard.listens) {
  heard.listens = true;
  document.addEventListener("keydown", listen);
}

export default function (component) {
  const { data, setTriggerValue, setStateValue } = component;
  const send = (press) => setTriggerValue("pressed", press);
  heard.send = send;
  if (heard.waiting) send(heard.waiting);
  heard.waiting = null;
  const measure = () => {
    const height = Math.round(window.innerHeight / 20) * 20;
    if (data.measures && height !== data.height) setStateValue("height", height);
  };
  measure();
  window.addEventListener("resize", measure);
  return () => {
    if (heard.send === send) heard.send = null;
    window.removeEventListener("resize", measure);
  };
}
"""
_component = st.components.v2.component("semafo_keyboard", js=_SCRIPT)


def listen(page_title: str) -> None:
    """Put the script into the page, once in a drawing, and go where a key led."""
    wanted = st.session_state.get(_WANTED, page_title)
    if wanted != page_title:
        navigation.go_to(presenting.PAGES[wanted])
    st.session_state.pop(_WANTED, None)
    presents = presenting.is_on()
    height = presenting.height()
    data = {"measures": presents, "height": height}
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
    press = st.session_state[presenting.KEYBOARD][_PRESSED]
    if press == st.session_state.get(_ANSWERED):
        return  # Streamlit tells of a press again where it led to another page
    st.session_state[_ANSWERED] = press
    pressed = press["key"]
    if pressed == "p":
        presenting.turn(True)
        if page_title not in presenting.ORDER:
            st.session_state[_WANTED] = presenting.ORDER[0]
    elif pressed in _STEPS:
        here = st.session_state.get(_WANTED, page_title)  # a second press may come before the first one's page
        st.session_state[_WANTED] = presenting.neighbour(here, _STEPS[pressed]) or here
    elif presenting.is_on():
        presenting.turn(False)
    else:
        selection.clear()
