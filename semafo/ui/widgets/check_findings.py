"""What the check of the data found, where people work with these data: folded up, each sentence once."""

from collections.abc import Iterable

import streamlit as st

from semafo import inert
from semafo.runs.folder.run_record import RunRecord


def show(warnings: Iterable[str]) -> None:
    """The sentences below a line that says how many there are; nothing where there are none."""
    found = dict.fromkeys(warnings)
    if found:
        with st.expander(f"What the check found ({len(found)})"):
            for warning in found:
                st.markdown(inert.Markdown(f"- {inert.markdown(warning)}"))


def of_runs(records: Iterable[RunRecord]) -> None:
    """What is to be known of the data and splits of runs."""
    show(warning for record in records for warning in record.warnings)
