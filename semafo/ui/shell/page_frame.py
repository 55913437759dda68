"""What surrounds every page: its title, the sidebar, the styles."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from semafo import inert, installation
from semafo.ui.session import presenting, tray, viewport
from semafo.ui.shell import keep_engine_alive, keyboard, sidebar, training_progress

_STYLE, _PRESENT_STYLE = (installation.app_folder() / "assets" / name for name in ("style.css", "present.css"))
_FRAMED = "framed"


def show(page_title: str) -> None:
    """Draw what surrounds the page, and keep tray and URL in step."""
    st.session_state[_FRAMED] = True
    st.html(_STYLE)
    if presenting.is_on():
        st.html(_PRESENT_STYLE)
    viewport.watch()
    keyboard.listen(page_title)
    keep_engine_alive.wake()
    tray.mirror()
    training_progress.announce()
    with st.sidebar:
        sidebar.show(page_title)


def title(text: str) -> None:
    """A page's title.

    A fresh server that is asked for a page other than the first runs that page alone, because there is a folder pages/:
    `app.py` has had no chance to call `st.navigation` yet. Then app.py has to run first.
    """
    if not st.session_state.pop(_FRAMED, False):
        PagesManager.uses_pages_directory = False
        st.rerun()
    st.title(inert.markdown(text), anchor=False)
