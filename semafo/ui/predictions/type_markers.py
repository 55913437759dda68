"""The Predictions page's marker genes: do the predicted types express what their names promise?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.runs.compare.type_markers import A_TYPE, type_markers
from semafo.ui import charts
from semafo.ui.maps import chosen_cells, selection
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls, downloads, gene_tables
from semafo.ui.widgets.figure import show_figure


def show(runs: Sequence[ChosenRun], population: str, narrow: bool) -> None:
    """Dots of one run's marker genes by predicted type."""
    ready = {run.name: run for run in runs if run.record.has_maps and gene_tables.genes_of(run.record) is not None}
    if not ready:
        names = wording.listed([run.name for run in runs if run.record.has_maps])
        st.info(inert.markdown(gene_tables.NO_GENES.format(name=names or "No run")))
        return
    name = controls.pick("Run", list(ready), "marker_run", width=360)
    run = ready[name] if name in ready else next(iter(ready.values()))
    markers = _markers(artefacts(run.record).key, population, run)
    if not markers["genes"]:
        st.info("No predicted type has enough cells here for markers: each needs ten, and another type beside it.")
        return
    where = "test cells" if population == selection.TEST else "query cells"
    show_figure(
        charts.marker_dots(markers, narrow=narrow),
        "type-markers",
        alt=f"Mean expression of {len(markers['genes'])} genes in the {len(markers['types'])} types that {run.name} "
        f"predicts for its {where}.",
        caption=f"{run.name}, {where} by predicted type, those with most cells first; up to {A_TYPE} genes that stand "
        "out most in each. Area: share of the cells that express the gene. Colour: mean log-normalised expression. The "
        "types were predicted from the same counts, so this is a check of names, not a test.",
        runs=[run],
    )
    downloads.csv_button(marker_frame(markers), f"markers-{run.run_id}-{population}", "Markers as CSV")


def marker_frame(markers: dict[str, Any]) -> pd.DataFrame:
    """One row a predicted type and gene: cells of the type, mean expression, share of the cells that express it."""
    types, genes = markers["types"], markers["genes"]
    return pd.DataFrame(
        {
            "predicted_type": np.repeat(types, len(genes)),
            "n": np.repeat(markers["n"], len(genes)),
            "gene": np.tile(genes, len(types)),
            "mean": np.ravel(markers["mean"]),
            "share": np.ravel(markers["share"]),
        }
    )


@st.cache_resource(max_entries=24, show_spinner="Comparing genes")
def _markers(key: str, population: str, _run: ChosenRun) -> dict[str, Any]:
    found, genes = artefacts(_run.record), gene_tables.genes_of(_run.record)
    assert genes is not None  # only runs that have genes are offered
    predicted = found.coded(keys.PREDICTED)
    codes = np.where(chosen_cells.in_population(found, population), predicted.codes, -1)
    return type_markers(genes, codes, predicted.names)
