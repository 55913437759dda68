"""Which cells a selection is: rules made into rows of each run."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from semafo import keys
from semafo.ui.maps import alignment, projections
from semafo.ui.maps import polygon as maps_polygon
from semafo.ui.maps.selection import TEST, Lasso, OfType, OneRightOneWrong, Pairing, Selection, to_text
from semafo.ui.session.run_results import Artefacts, artefacts
from semafo.ui.session.tray import ChosenRun


def cells(selection: Selection, runs: Sequence[ChosenRun]) -> pd.Index:
    """Names of the selected cells; none where a run that the selection speaks of is not among the runs."""
    found = _artefacts_of(selection, runs)
    if found is None:
        return pd.Index([], dtype=object, name=keys.CELL)
    rows = _rows(to_text(selection), tuple(one.key for one in found), selection, found)
    return pd.Index(found[0].names.to_pandas()[rows], name=keys.CELL)


def mask(found: Artefacts, selection: Selection, runs: Sequence[ChosenRun]) -> np.ndarray:
    """Which cells of any run are selected, (n,) bool: those with the names of the selected ones, in the same data.

    Cells of a type are those in every run, whatever its data.
    """
    if isinstance(selection, OfType):
        return found.coded(keys.TRUE).isin([selection.true_label])
    source = _artefacts_of(selection, runs)
    if source is None:
        return np.zeros(found.n_cells, dtype=bool)
    rows = _rows(to_text(selection), tuple(one.key for one in source), selection, source)
    theirs = np.zeros(source[0].n_cells, dtype=bool)
    theirs[rows] = True
    if found.key == source[0].key:
        return theirs
    mine, others = alignment.shared(found, source[0])
    selected = np.zeros(found.n_cells, dtype=bool)
    selected[mine] = theirs[others]
    return selected


def _artefacts_of(selection: Selection, runs: Sequence[ChosenRun]) -> list[Artefacts] | None:
    """Artefacts of the runs that the selection speaks of, in its order; None where one is missing.

    Of a type the first run's that has it.
    """
    if isinstance(selection, OfType):
        with_maps = [artefacts(run.record) for run in runs if run.record.has_maps]
        return [one for one in with_maps if selection.true_label in one.coded(keys.TRUE).names][:1] or None
    by_id = {run.run_id: run.record for run in runs}
    records = []
    for run_id in selection.run_ids:
        record = by_id.get(run_id)
        if record is None or not record.has_maps:
            return None
        records.append(record)
    return [artefacts(record) for record in records]


@st.cache_resource(max_entries=16, show_spinner=False)
def _rows(text: str, keys_of: tuple[str, ...], _selection: Selection, _found: list[Artefacts]) -> np.ndarray:
    """Rows of the selected cells in the first run."""
    first = _found[0]
    if isinstance(_selection, Lasso):
        if projections.why_not(first, _selection.projection):
            return np.array([], dtype=np.int64)
        places = projections.places(first, _selection.projection)
        return np.flatnonzero(maps_polygon.inside(places, _selection.polygon))
    if isinstance(_selection, Pairing):
        is_true = first.coded(keys.TRUE).isin([_selection.true_label])
        is_predicted = first.coded(keys.PREDICTED).isin([_selection.predicted_label])
        return np.flatnonzero(is_true & is_predicted & in_population(first, _selection.population))
    if isinstance(_selection, OfType):
        return np.flatnonzero(first.coded(keys.TRUE).isin([_selection.true_label]))
    right, wrong = _found
    return _told_apart(right, wrong, _selection.population)


def _told_apart(right: Artefacts, wrong: Artefacts, population: str) -> np.ndarray:
    """Rows in `right` of the cells that it alone gets right."""
    rows, others = alignment.shared(right, wrong)
    differs = is_right(right)[rows] & ~is_right(wrong)[others]
    differs &= in_population(right, population)[rows] & in_population(wrong, population)[others]
    return np.sort(rows[differs])


def in_population(found: Artefacts, population: str) -> np.ndarray:
    """Which cells are test cells (`test`), or query cells (`query`), (n,) bool."""
    if population == TEST:
        return found.coded(keys.PART).isin([keys.TEST])
    return found.coded(keys.ROLE).isin([keys.QUERY])


def is_right(found: Artefacts) -> np.ndarray:
    """Which cells have the label that was predicted, (n,) bool; none without a label."""
    true = found.coded(keys.TRUE)
    return (true.codes >= 0) & (true.codes == found.coded(keys.PREDICTED).among(true.names))


def described(chosen: Selection, runs: Sequence[ChosenRun]) -> str:
    """Where the cells were selected, in a few words."""
    if isinstance(chosen, OfType):
        return f"labelled {chosen.true_label}"
    names = {run.run_id: run.name for run in runs}
    first = names.get(chosen.run_ids[0], "a run that is not chosen")
    if isinstance(chosen, Lasso):
        return f"inside the outline on the {chosen.projection} of {first}"
    if isinstance(chosen, OneRightOneWrong):
        return f"{first} right, {names.get(chosen.wrong_run_id, 'a run that is not chosen')} wrong"
    return f"{chosen.true_label} predicted as {chosen.predicted_label} by {first}"
