"""Files to take away: tables as CSV, a run's folder as a zip."""

import io
import re
import zipfile
from functools import partial

import pandas as pd
import streamlit as st

from semafo.runs.record import RunRecord


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


def zip_button(record: RunRecord) -> None:
    """A button for all files of a run; the zip is made when it is pressed."""
    st.download_button(
        "All files (zip)",
        partial(zipped, record),
        file_name=f"{record.run_id}.zip",
        mime="application/zip",
        key=f"zip-{record.run_id}",
        icon=":material/download:",
        on_click="ignore",
    )


def to_csv(frame: pd.DataFrame, index: bool = False) -> bytes:
    """Comma-separated values, undefined scores empty."""
    return frame.to_csv(index=index).encode()


def zipped(record: RunRecord) -> bytes:
    """A run's folder; files that are still being written are left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(record.folder.rglob("*")):
            relative = path.relative_to(record.folder)
            if path.is_file() and not any(part.startswith(".") for part in relative.parts):
                archive.write(path, f"{record.run_id}/{relative}")
    return buffer.getvalue()


def file_name(text: str) -> str:
    """Text fit for a file's name."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-").lower() or "table"
