"""Errors as sentences: no page shows a traceback."""

import functools
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from semafo import inert, shortages
from semafo.errors import SemafoError
from semafo.runs.home import Home

_LOGGER = logging.getLogger("semafo.ui")


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Show a SemafoError as its message; write anything else to a log and say where that is."""
    try:
        yield
    except Exception as error:  # the last stop before a user's eyes
        said = _known(error)
        if said is None:
            _LOGGER.exception("A page failed")
        st.error(inert.markdown(said or _unexpected(error)))


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a fragment, which runs outside the page that drew it."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with errors_as_sentences():
            return function(*args, **kwargs)

    return wrapper


def _known(error: Exception) -> str | None:
    """What an error says to a user: its own words, or that a disk is full or memory ran out."""
    return str(error) if isinstance(error, SemafoError) else shortages.in_words(error, Home.path_of(None))


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
    except Exception as error:
        said = _known(error)
        if said is None:
            raise
        st.error(inert.markdown(said))
        return None
