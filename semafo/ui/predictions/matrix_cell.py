"""A cell of a confusion matrix that was clicked: which cells are in it, and what is special about them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.ui.maps import chosen_cells, selection
from semafo.ui.maps.selection import Pairing
from semafo.ui.session import navigation
from semafo.ui.session.run_results import Artefacts, artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import downloads, gene_tables
from semafo.ui.widgets.gene_tables import Groups

HINT = "Click a cell of a matrix to see its cells: on the maps, and by their genes."
POPULATIONS = {selection.TEST: "test cells", selection.QUERY: "query cells"}


def show(runs: Sequence[ChosenRun]) -> None:
    """What is selected, in words, with a way to the map and the genes; a hint where no matrix cell is."""
    chosen = selection.current()
    if not isinstance(chosen, Pairing):
        st.caption(HINT)
        return
    run = next((run for run in runs if run.run_id == chosen.run_id and run.record.has_maps), None)
    with st.container(border=True, key="pairing"):
        if run is None:
            st.markdown("The selected cells are those of a run that is not among the chosen ones.")
            _clear_button()
            return
        found = artefacts(run.record)
        mask = chosen_cells.mask(found, chosen, runs)
        words_column, genes_column = st.columns([5, 6], gap="large")
        with words_column:
            _words(found, mask, chosen, run)
        with genes_column:
            gene_tables.show(run, groups_of(found, mask, chosen), selection.to_text(chosen), "pairing")


def _words(found: Artefacts, mask: np.ndarray, chosen: Pairing, run: ChosenRun) -> None:
    st.markdown(inert.markdown(sentence(int(mask.sum()), chosen, run.name)))
    if mask.any():
        st.caption(inert.markdown(details(found, mask, chosen)))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.page_link(navigation.LATENT_PAGE, label="Show them on the map", icon=":material/scatter_plot:")
        _clear_button()
    downloads.csv_button(
        cell_frame(found, mask), f"cells-{chosen.true_label}-as-{chosen.predicted_label}", "Cells as CSV"
    )


def _clear_button() -> None:
    st.button("Clear", key="pairing_clear", on_click=selection.clear, type="tertiary", icon=":material/close:")


def sentence(n: int, chosen: Pairing, name: str) -> inert.Markdown:
    """`23 CD4 T cells predicted as CD8 T by scANVI · 20 % · seed 0`, in bold."""
    cells = wording.numbered(n, "cell")
    how = (
        "rightly predicted" if chosen.true_label == chosen.predicted_label else f"predicted as {chosen.predicted_label}"
    )
    said = f"{wording.count(n)} {chosen.true_label} {cells} {how} by {name}"
    return inert.Markdown(f"**{inert.markdown(said)}**")


def details(found: Artefacts, mask: np.ndarray, chosen: Pairing) -> str:
    """Which share of the type they are, how sure the model was, and where they come from."""
    same = _of_type(found, chosen)
    share = f"{wording.percent(mask.sum() / same.sum())} of the {wording.count(int(same.sum()))} {chosen.true_label} "
    sure = f"mean confidence {float(found.confidence[mask].mean()):.2f}"
    right = _right_of_type(found, chosen)
    if right.any() and chosen.true_label != chosen.predicted_label:
        sure += f", of the rightly predicted ones {float(found.confidence[right].mean()):.2f}"
    return f"{share}{POPULATIONS[chosen.population]}; {sure}.{_batches(found, mask)}"


def _batches(found: Artefacts, mask: np.ndarray, most: int = 3) -> str:
    """The batches with most of the cells, nothing where there is a single batch."""
    column = found.coded(keys.BATCH_COLUMN)
    if len(column.names) < 2:
        return ""
    sizes = np.bincount(column.codes[mask & (column.codes >= 0)], minlength=len(column.names))
    order = [i for i in np.argsort(-sizes, kind="stable")[:most] if sizes[i]]
    return (
        f" Most are of {wording.listed([f'{column.names[i]} ({wording.count(int(sizes[i]))})' for i in order])}."
        if order
        else ""
    )


def groups_of(found: Artefacts, mask: np.ndarray, chosen: Pairing) -> Groups:
    """The selected cells, and those of the type that are rightly predicted (or, where they are these, the others)."""
    right = _right_of_type(found, chosen)
    if chosen.true_label == chosen.predicted_label:
        others = _of_type(found, chosen) & ~right
        return Groups(mask, others, f"{chosen.true_label} cells", f"{chosen.true_label} cells that are missed")
    return Groups(mask, right, f"{chosen.true_label} cells", f"rightly predicted {chosen.true_label} cells")


def _of_type(found: Artefacts, chosen: Pairing) -> np.ndarray:
    of_type = found.coded(keys.TRUE).isin([chosen.true_label])
    return of_type & chosen_cells.in_population(found, chosen.population)


def _right_of_type(found: Artefacts, chosen: Pairing) -> np.ndarray:
    return _of_type(found, chosen) & found.coded(keys.PREDICTED).isin([chosen.true_label])


def cell_frame(found: Artefacts, mask: np.ndarray) -> pd.DataFrame:
    """The cells with their batch, true and predicted type and confidence; the mapping score where the run has one."""
    rows = np.flatnonzero(mask)
    columns = {name: found.coded(name) for name in (keys.BATCH_COLUMN, keys.TRUE, keys.PREDICTED)}
    named = {name: np.array([*column.names, None])[column.codes[rows]] for name, column in columns.items()}
    names = found.names.take(rows).to_pandas()
    numbers = {keys.CONFIDENCE: found.confidence[rows]}
    if found.mapping_score is not None:
        numbers[keys.MAPPING_SCORE] = found.mapping_score[rows]
    return pd.DataFrame({keys.CELL: names, **named, **numbers})
