"""Tables to take away, as CSV."""

from functools import partial

import pandas as pd
import streamlit as st

from semafo import inert


def csv_button(frame: pd.DataFrame, name: str, label: str = "Download as CSV") -> None:
    """A quiet button for a table."""
    st.download_button(
        inert.markdown(label),
        partial(to_csv, frame),
        file_name=f"{inert.file_name(name)}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )


def to_csv(frame: pd.DataFrame, index: bool = False) -> bytes:
    """Comma-separated values, undefined scores empty; no text is a spreadsheet's formula."""
    return inert.csv(frame, index=index).encode()
