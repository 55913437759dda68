"""Errors as sentences: no page shows a traceback."""

import functools
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from semafo import inert
from semafo.errors import SemafoError
from semafo.runs.home import Home

_LOGGER = logging.getLogger("semafo.ui")


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Show a SemafoError as its message; write anything else to a log and say where that is."""
    try:
        yield
    except SemafoError as error:
        st.error(inert.markdown(str(error)))
    except Exception as error:  # the last stop before a user's eyes
        _LOGGER.exception("A page failed")
        st.error(inert.markdown(_unexpected(error)))


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a fragment, which runs outside the page that drew it."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with errors_as_sentences():
            return function(*args, **kwargs)

    return wrapper


def _unexpected(error: Exception) -> str:
    try:
        path = Home.default().engine / "pages.log"
        with path.open("a", encoding="utf-8") as log:
            log.write("".join(traceback.format_exception(error)) + "\n")
    except (OSError, SemafoError):
        return "This page met an error that it does not know. The terminal that runs Semafo shows it."
    return (
        f"This page met an error that it does not know ({type(error).__name__}). Your runs are safe. Details are in "
        f"{path}; reload the page to try again."
    )


T = TypeVar("T")


def attempt(work: Callable[..., T], *args: object) -> T | None:
    """Do what can be refused; a refusal is shown in its own words, and nothing that was chosen is lost."""
    try:
        return work(*args)
    except SemafoError as error:
        st.error(inert.markdown(str(error)))
        return None
