"""Keeping the home's engine alive for as long as somebody looks at a page."""

import threading
import time

import streamlit as st

from semafo import inert
from semafo.errors import EngineError
from semafo.runs.engine import launch
from semafo.ui.session.home import current_home

FIRST_PAGE_SECONDS = 0.5  # until a server's first page is in the browser: it has the processor to itself
_RETRY_SECONDS = 10  # an engine that cannot start is not started anew at every drawing
_starting = threading.Lock()
_last_try = float("-inf")


def wake() -> None:
    """Start the engine in the background where none lives, also after one was killed. No page waits for it.

    A server's first page comes before it: the engine and its workers import libraries for seconds on all cores. A click
    that starts a comparison before that starts the engine itself.
    """
    global _last_try
    home = current_home()
    too_early = time.monotonic() - _last_try < _RETRY_SECONDS
    if too_early or _starting.locked() or launch.engine_pid(home) is not None:
        return
    is_first = _last_try == float("-inf")
    _last_try = time.monotonic()

    def start() -> None:
        with _starting:
            if is_first:
                time.sleep(FIRST_PAGE_SECONDS)
            try:
                launch.ensure_engine(home)
            except EngineError:
                return  # submitting tries again, and then says why it failed

    threading.Thread(target=start, name="wake-engine", daemon=True).start()


def say_why_runs_wait() -> None:
    """No scheduler, or no workers: a sentence where there is something to say."""
    notice = launch.notice(current_home())
    if notice is not None:
        st.caption(inert.markdown(notice))
