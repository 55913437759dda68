"""Which genes tell two groups of a run's cells apart, as a small table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from semafo import inert, wording
from semafo.runs.folder.expression import Genes
from semafo.runs.folder.run_record import RunRecord
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.session.viewport import is_narrow
from semafo.ui.widgets import downloads

N_GENES = 10
FEW = 10  # cells of a group below which a difference of means says little
NO_GENES = "{name} was trained before expression was kept with a run: train it again to see genes here."


@dataclass(frozen=True, eq=False)
class Groups:
    """Two groups of a run's cells: (n,) bool masks, and what they are called."""

    first: np.ndarray
    second: np.ndarray
    first_name: str
    second_name: str

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compare."""
        return not (self.first.any() and self.second.any())


def genes_of(record: RunRecord) -> Genes | None:
    """Expression of the run's cells; None where the run has none."""
    return _genes(artefacts(record).key, record)


def telling_apart(run: ChosenRun, groups: Groups, what: str) -> pd.DataFrame | None:
    """The genes whose means differ most, None where the run has no expression.

    what: names the two groups; the same name for the same run is not computed again.
    """
    if genes_of(run.record) is None:
        return None
    return _told_apart(artefacts(run.record).key, what, run.record, groups)


def show(run: ChosenRun, groups: Groups, what: str, key: str) -> None:
    """The table, its file, and what it means; or in words why there is none."""
    if groups.is_empty:
        st.caption(
            inert.markdown(
                f"No genes to compare: there are no {groups.second_name if groups.first.any() else groups.first_name}."
            )
        )
        return
    found = telling_apart(run, groups, what)
    if found is None:
        st.caption(inert.markdown(NO_GENES.format(name=run.name)))
        return
    heading = f"Genes that tell them from the {wording.count(int(groups.second.sum()))} {groups.second_name}"
    st.markdown(inert.Markdown(f"**{inert.markdown(heading)}**"))
    st.dataframe(
        found.rename(columns={name: title for name, (title, _) in COLUMNS.items()}),
        hide_index=True,
        column_config=_column_config(),
        key=f"{key}-genes",
        height="content",
        width="stretch" if is_narrow() else 460,
    )
    few = min(int(groups.first.sum()), int(groups.second.sum())) < FEW
    st.caption(
        "Mean log-normalised expression, the largest differences first. The cells were chosen by looking, so there are "
        f"no p-values{'; with so few cells the order is a hint at most' if few else ''}."
    )
    downloads.csv_button(found, f"{key}-genes", "Genes as CSV")


COLUMNS: Mapping[str, tuple[str, str]] = {
    "gene": ("Gene", "One of the genes that the run was trained on."),
    "mean_first": ("Here", "Mean log-normalised expression in the selected cells."),
    "mean_second": ("There", "Mean log-normalised expression in the cells that they are compared with."),
    "difference": ("Difference", "The first mean minus the second."),
    "d": ("d", "The difference in standard deviations within the two groups (Cohen's d)."),
}


def _column_config() -> dict[str, Any]:
    numbers = {
        title: st.column_config.NumberColumn(format="%.2f", help=inert.markdown(meaning))
        for name, (title, meaning) in COLUMNS.items()
        if name != "gene"
    }
    return {**numbers, "Gene": st.column_config.TextColumn(help=COLUMNS["gene"][1])}


@st.cache_resource(max_entries=12, show_spinner=False)
def _genes(key: str, _record: RunRecord) -> Genes | None:
    return Genes.of(_record)


@st.cache_resource(max_entries=64, show_spinner="Comparing genes")
def _told_apart(key: str, what: str, _record: RunRecord, _groups: Groups) -> pd.DataFrame:
    genes = _genes(key, _record)
    assert genes is not None  # asked only of runs that have them
    return genes.telling_apart(_groups.first, _groups.second, N_GENES)
