"""A choice that no widget holds: kept in the session, and in the URL so that a link opens it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from semafo import inert

Value = TypeVar("Value")


@dataclass(frozen=True)
class LinkedChoice(Generic[Value]):
    """A value or None, by the same name in the session and in the URL.

    Attributes
    ----------
    to_text, from_text
        How the URL says it; from_text gives None for a text that names no value.
    unreadable
        What a person is told where the URL's text names none.
    """

    name: str
    to_text: Callable[[Value], str]
    from_text: Callable[[str], Value | None]
    unreadable: str = ""

    def get(self) -> Value | None:
        """The value; in a new session what the URL says. Keeps the URL in step."""
        if self.name not in st.session_state:
            st.session_state[self.name] = self._from_url()
        value = st.session_state[self.name]
        if value is None:
            st.query_params.pop(self.name, None)
        elif st.query_params.get(self.name) != self.to_text(value):
            st.query_params[self.name] = self.to_text(value)
        return value

    def choose(self, value: Value | None) -> None:
        """Keep a value; None keeps none."""
        st.session_state[self.name] = value

    def _from_url(self) -> Value | None:
        text = st.query_params.get(self.name, "")
        found = self.from_text(text) if text else None
        if text and found is None and self.unreadable:
            st.toast(inert.markdown(self.unreadable))
        return found
