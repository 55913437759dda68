"""How wide the browser's window is, as far as the layout cares: one question, narrow or not.

The first drawing goes by what the browser says of itself (a telephone or not), so that it is right for nearly everyone
without waiting. A small script then watches the window and reports when it is the other way round, once each time that
the window crosses the limit, never otherwise.
"""

import streamlit as st

LIMIT_PIXELS = 700
_KEY, _STATE = "viewport", "narrow"

_SCRIPT = f"""
export default function (component) {{
  const {{ data, setStateValue }} = component;
  const query = window.matchMedia("(max-width: {LIMIT_PIXELS - 1}px)");
  const report = () => {{ if (query.matches !== data.narrow) setStateValue("{_STATE}", query.matches); }};
  report();
  query.addEventListener("change", report);
  return () => query.removeEventListener("change", report);
}}
"""
_component = st.components.v2.component("semafo_viewport", js=_SCRIPT)


def watch() -> None:
    """Put the script into the page; once in a drawing."""
    with st.container(key="viewport-watch"):
        _component(key=_KEY, data={"narrow": is_narrow()}, default={_STATE: is_narrow()}, on_narrow_change=_nothing)


def is_narrow() -> bool:
    """Whether panels should stand below one another: what the window reported, or what the browser says it is."""
    reported = st.session_state.get(_KEY, {}).get(_STATE)
    return _says_telephone() if reported is None else bool(reported)


def _says_telephone() -> bool:
    return "Mobi" in _user_agent()


def _user_agent() -> str:
    return st.context.headers.get("User-Agent") or ""


def _nothing() -> None:
    """A changed width redraws the page, which is all that it has to do."""
