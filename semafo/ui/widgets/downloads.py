"""Tables to take away, as CSV."""

import re
from functools import partial

import pandas as pd
import streamlit as st


def csv_button(frame: pd.DataFrame, name: str, label: str = "Download as CSV") -> None:
    """A quiet button for a table."""
    st.download_button(
        label,
        partial(to_csv, frame),
        file_name=f"{file_name(name)}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )


def to_csv(frame: pd.DataFrame, index: bool = False) -> bytes:
    """Comma-separated values, undefined scores empty."""
    return frame.to_csv(index=index).encode()


def file_name(text: str) -> str:
    """Text fit for a file's name."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-").lower() or "table"
