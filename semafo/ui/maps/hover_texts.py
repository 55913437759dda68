"""What is said of a cell that is pointed at."""

from collections.abc import Sequence

import numpy as np

from semafo import inert, keys
from semafo.ui.maps import alignment
from semafo.ui.session.run_results import Artefacts, Coded

HUNDREDTHS = np.array([f"{i / 100:.2f}" for i in range(101)], dtype=object)


def texts(
    found: Artefacts,
    rows: np.ndarray,
    models: Sequence[tuple[str, Artefacts]] = (),
    value: tuple[str, np.ndarray] | None = None,
) -> np.ndarray:
    """Text of each cell, (n,): its true type, what every model predicts it to be and how surely, its batch and part.

    Parameters
    ----------
    found, rows
        The run of the panel, and its cells.
    models
        Names and artefacts of all runs that are shown; a run without the cell, or of other data, says nothing of it.
        Empty: the panel's run alone, without its name.
    value
        What the cells are coloured by, where it is a number, and the number of each of the rows, (n,).
    """
    text = _names(found.coded(keys.TRUE))[found.coded(keys.TRUE).codes[rows]]
    for name, model in models or (("", found),):
        text = text + _prediction(name, found, rows, model)
    if value is not None:
        text = text + "<br>" + inert.plotly(value[0]) + " " + _numbers(value[1])
    batch, part = found.coded(keys.BATCH_COLUMN), found.coded(keys.PART)
    return text + "<br>" + _names(batch)[batch.codes[rows]] + " · " + _names(part)[part.codes[rows]]


def _prediction(name: str, found: Artefacts, rows: np.ndarray, model: Artefacts) -> np.ndarray:
    """`<br>scANVI: B cell (0.93)` of each cell, (n,); empty where the model does not have the cell.

    A query cell's mapping score follows where the model has one: `<br>scANVI: B cell (0.93, mapping 0.41)`.
    """
    theirs = _rows_in(found, rows, model)
    predicted = model.coded(keys.PREDICTED)
    confidence = _hundredths(model.confidence[theirs])
    if model.mapping_score is not None:
        mapping = model.mapping_score[theirs]
        confidence = confidence + np.where(np.isnan(mapping), "", ", mapping " + _hundredths(mapping))
    start = f"<br>{inert.plotly(name)}: " if name else "<br>predicted "
    text = start + _names(predicted)[predicted.codes[theirs]] + " (" + confidence + ")"
    return np.where(theirs >= 0, text, "")


def _hundredths(numbers: np.ndarray) -> np.ndarray:
    """Numbers from 0 to 1 as text; what NaN becomes is for the caller to leave out."""
    return HUNDREDTHS[np.rint(100 * np.clip(np.nan_to_num(numbers), 0, 1)).astype(np.int64)]


def _rows_in(found: Artefacts, rows: np.ndarray, model: Artefacts) -> np.ndarray:
    """Rows of the same cells in another run, -1 where it lacks a cell. (n,)"""
    if model is found:
        return rows
    mine, theirs = alignment.shared(found, model)
    places = np.full(found.n_cells, -1, dtype=np.int64)
    places[mine] = theirs
    return places[rows]


def _names(column: Coded) -> np.ndarray:
    """Every name of a column, and last, where the code -1 finds it, what a missing one is called."""
    return np.array([inert.plotly(column.name(code)) for code in [*range(len(column.names)), -1]], dtype=object)


def _numbers(numbers: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(numbers), "missing", np.char.mod("%.3g", numbers)).astype(object)
