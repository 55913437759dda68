"""The cells that were chosen on the Data page, and what their preflight found."""

from dataclasses import astuple, replace
from typing import Any

import streamlit as st

from semafo import wording
from semafo.data import catalogue
from semafo.runs.background import file_columns, preflight
from semafo.runs.home import Home
from semafo.settings.run_config import DatasetSpec
from semafo.ui.session.home import current_home
from semafo.ui.session.run_names import short_dataset


def chosen() -> DatasetSpec:
    """The cells that Train uses."""
    return st.session_state.get("dataset", DatasetSpec())


def choose(spec: DatasetSpec) -> None:
    """Make these the cells that Train uses."""
    st.session_state["dataset"] = spec


def inspection(spec: DatasetSpec) -> preflight.Inspection:
    """The preflight of a data set, from a process of its own, with a word while it runs. Raises DataError."""
    if spec.query is None:
        spec = replace(spec, n_hvg=DatasetSpec.n_hvg)  # the genes to keep change nothing in it
    spec = catalogue.resolve(spec)
    with st.spinner("Checking the data set"):
        return _inspection(str(current_home().path), astuple(spec), catalogue.content_fingerprint(spec), spec)


@st.cache_resource(max_entries=8, show_spinner=False)
def _inspection(home_path: str, columns: tuple, content: str, _spec: DatasetSpec) -> preflight.Inspection:
    return preflight.inspect(Home.at(home_path), _spec)


def columns_of_file(spec: DatasetSpec) -> list[dict[str, Any]]:
    """Columns of an .h5ad file that could serve as label or batch; read once a process. Raises DataError."""
    found: list[dict[str, Any]] = _columns_of_file(spec.name, catalogue.content_fingerprint(spec))["columns"]
    return found


def gene_columns_of_file(spec: DatasetSpec) -> list[str]:
    """Columns of an .h5ad file that could name its genes; read with the others. Raises DataError."""
    found: list[str] = _columns_of_file(spec.name, catalogue.content_fingerprint(spec))["gene_columns"]
    return found


@st.cache_resource(max_entries=16, show_spinner="Reading the columns")
def _columns_of_file(path: str, content: str) -> dict[str, Any]:
    return file_columns.read(path)


def described(spec: DatasetSpec) -> str:
    """`pbmc68k, labels bulk_labels, one batch`."""
    if not catalogue.is_file(spec):
        spec = catalogue.resolve(spec)
    batch = f"batches {spec.batch_key}" if spec.batch_key else "one batch"
    missing = f" without {wording.named(spec.missing_labels)}" if spec.missing_labels else ""
    return f"{short_dataset(spec.name)}, labels {spec.label_key}{missing}, {batch}"
