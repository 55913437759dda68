"""The select that says by which var column genes are named, on the pages Data and Annotate."""

import streamlit as st

from semafo import inert
from semafo.data import catalogue
from semafo.settings.run_config import DatasetSpec
from semafo.ui.session import dataset

VAR_NAMES = "var_names"


def gene_key(spec: DatasetSpec, of: str = "") -> str | None:
    """The column that was chosen for a data set; None for var_names, and where there is nothing to choose.

    of: whose genes, where the page has two data sets.
    """
    if not catalogue.is_file(spec):
        return None
    columns = dataset.gene_columns_of_file(spec)
    if not columns:
        return None
    picked = st.selectbox(
        inert.markdown(f"Genes named by{of and f', {of}'}"),
        [VAR_NAMES, *columns],
        key=f"genes_named_by_{of}-{spec.name}",
        persist_state="session",
        help="var column with the names of the genes, where var_names are something else.",
    )
    return None if picked == VAR_NAMES else picked
