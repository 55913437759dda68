"""How wide the browser's window is, as far as the layout cares: narrow (a telephone), cramped (a tablet), or neither.

The first drawing goes by what the browser says of itself (a telephone or not), so that it is right for nearly everyone
without waiting. A small script then watches the window and reports when it is another, once each time that the window
crosses a limit, never otherwise.
"""

import streamlit as st

NARROW, CRAMPED = "narrow", "cramped"
LIMIT_PIXELS = {NARROW: 700, CRAMPED: 1200}  # cramped: beside the sidebar there is no room for panels in a row
_KEY = "viewport"

_SCRIPT = """
export default function (component) {
  const { data, setStateValue } = component;
  const watched = Object.entries(data.limits).map(([name, limit]) => {
    const query = window.matchMedia(`(max-width: ${limit - 1}px)`);
    const report = () => { if (query.matches !== data[name]) setStateValue(name, query.matches); };
    report();
    query.addEventListener("change", report);
    return () => query.removeEventListener("change", report);
  });
  return () => watched.forEach((stop) => stop());
}
"""
_component = st.components.v2.component("semafo_viewport", js=_SCRIPT)


def watch() -> None:
    """Put the script into the page; once in a drawing."""
    known = {NARROW: is_narrow(), CRAMPED: is_cramped()}
    with st.container(key="viewport-watch"):
        _component(
            key=_KEY,
            data={**known, "limits": LIMIT_PIXELS},
            default=known,
            on_narrow_change=_nothing,
            on_cramped_change=_nothing,
        )


def is_narrow() -> bool:
    """Whether panels should stand below one another: what the window reported, or what the browser says it is."""
    return _reported(NARROW)


def is_cramped() -> bool:
    """Whether there is room for two panels in a row at most: narrow windows are cramped, too."""
    return is_narrow() or _reported(CRAMPED)


def _reported(name: str) -> bool:
    reported = st.session_state.get(_KEY, {}).get(name)
    return _says_telephone() if reported is None else bool(reported)


def _says_telephone() -> bool:
    return "Mobi" in _user_agent()


def _user_agent() -> str:
    return st.context.headers.get("User-Agent") or ""


def _nothing() -> None:
    """A changed width redraws the page, which is all that it has to do."""
