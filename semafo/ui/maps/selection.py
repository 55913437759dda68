"""Cells that are chosen on one page and stand out on all: what chose them, in the session and in the URL.

Not the cells are kept but a rule that finds them: a lasso on a run's map, a cell of its confusion matrix, or two runs
of which one is right. A rule is short enough for a link, and finds the same cells in every run that has them.
"""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd
import streamlit as st

from semafo import keys
from semafo.ui.maps import alignment, projections
from semafo.ui.maps import polygon as maps_polygon
from semafo.ui.session.linked_choice import LinkedChoice
from semafo.ui.session.run_results import Artefacts, artefacts
from semafo.ui.session.tray import ChosenRun

URL_KEY = "selection"
TEST, QUERY = "test", "query"
_PLAIN = " +/()-_.|&'*!$"  # stay as they are within a name; what separates parts is escaped
_DIGITS = 5  # of a coordinate: finer than a screen, and short


@dataclass(frozen=True)
class Lasso:
    """Cells inside a polygon on a run's map, in the map's own coordinates (before it is aligned to another).

    projection: the short name that `projections.name_of` gives.
    """

    run_id: str
    projection: str
    polygon: tuple[maps_polygon.Point, ...]

    @classmethod
    def around(cls, run_id: str, projection: str, corners: Sequence[maps_polygon.Point]) -> "Lasso":
        """A lasso with as many corners and digits as matter, so that a link to it chooses the same cells."""
        spans = np.ptp(np.asarray(corners, dtype=np.float64), axis=0)
        short = maps_polygon.simplified(corners, float(spans.max()) / 500)
        return cls(run_id, projection, tuple((_rounded(x), _rounded(y)) for x, y in short))

    @property
    def run_ids(self) -> tuple[str, ...]:
        """Runs without which the cells cannot be found."""
        return (self.run_id,)


@dataclass(frozen=True)
class Pairing:
    """Cells of one type that a run took for another (or the same): a cell of its confusion matrix.

    population: `test` or `query`.
    """

    population: str
    true_label: str
    predicted_label: str
    run_id: str

    @property
    def run_ids(self) -> tuple[str, ...]:
        """Runs without which the cells cannot be found."""
        return (self.run_id,)


@dataclass(frozen=True)
class OneRightOneWrong:
    """Cells that one run gets right and the other wrong, of those with a label in a population of both."""

    right_run_id: str
    wrong_run_id: str
    population: str = TEST

    @property
    def run_ids(self) -> tuple[str, ...]:
        """Runs without which the cells cannot be found."""
        return (self.right_run_id, self.wrong_run_id)


Selection = Lasso | Pairing | OneRightOneWrong


# --- Session ----------------------------------------------------------------------------------------------------------


def current() -> Selection | None:
    """What is selected; in a new session what the URL says. Keeps the URL in step."""
    return _linked().get()


def choose(selection: Selection) -> None:
    """Select these cells, in every view."""
    _linked().choose(selection)


def clear() -> None:
    """Select nothing."""
    _linked().choose(None)


def _linked() -> LinkedChoice[Selection]:
    unreadable = "The selection in the address cannot be read, so no cells are selected."
    return LinkedChoice(URL_KEY, to_text, from_text, unreadable)


# --- URL --------------------------------------------------------------------------------------------------------------


def to_text(selection: Selection) -> str:
    """`lasso:RUN:UMAP:x,y;x,y;…`, `pair:RUN:test:TRUE>PREDICTED` or `differ:RIGHT>WRONG`, names percent-escaped."""
    if isinstance(selection, Lasso):
        corners = ";".join(f"{x:.{_DIGITS}g},{y:.{_DIGITS}g}" for x, y in selection.polygon)
        return f"lasso:{_escaped(selection.run_id)}:{_escaped(selection.projection)}:{corners}"
    if isinstance(selection, Pairing):
        labels = f"{_escaped(selection.true_label)}>{_escaped(selection.predicted_label)}"
        return f"pair:{_escaped(selection.run_id)}:{_escaped(selection.population)}:{labels}"
    population = "" if selection.population == TEST else f":{_escaped(selection.population)}"
    return f"differ:{_escaped(selection.right_run_id)}>{_escaped(selection.wrong_run_id)}{population}"


def from_text(text: str) -> Selection | None:
    """The selection that a text names; None where it names none."""
    kind, _, rest = text.partition(":")
    with contextlib.suppress(ValueError):
        if kind == "lasso":
            run_id, projection, corners = rest.split(":")
            return Lasso(unquote(run_id), _projection(unquote(projection)), _corners(corners))
        if kind == "pair":
            run_id, population, labels = rest.split(":")
            true_label, predicted_label = map(unquote, labels.split(">"))
            return Pairing(_population(population), true_label, predicted_label, unquote(run_id))
        if kind == "differ":
            runs, _, population = rest.partition(":")
            right, wrong = map(unquote, runs.split(">"))
            return OneRightOneWrong(right, wrong, _population(population or TEST))
    return None


def _escaped(name: str) -> str:
    return quote(name, safe=_PLAIN)


def _population(text: str) -> str:
    if text not in (TEST, QUERY):
        raise ValueError(text)
    return text


def _projection(text: str) -> str:
    if text not in projections.PROJECTIONS[:3] and not re.fullmatch(r"z[1-9]\d{0,3} z[1-9]\d{0,3}", text):
        raise ValueError(text)
    return text


def _corners(text: str) -> tuple[maps_polygon.Point, ...]:
    pairs = [corner.split(",") for corner in text.split(";")]
    corners = tuple((float(x), float(y)) for x, y in pairs)
    if len(corners) < 3 or not np.isfinite(corners).all():
        raise ValueError(text)
    return corners


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


# --- Cells ------------------------------------------------------------------------------------------------------------


def cells(selection: Selection, runs: Sequence[ChosenRun]) -> pd.Index:
    """Names of the selected cells; none where a run that the selection speaks of is not among the runs."""
    found = _artefacts_of(selection, runs)
    if found is None:
        return pd.Index([], dtype=object, name=keys.CELL)
    rows = _rows(to_text(selection), tuple(one.key for one in found), selection, found)
    return pd.Index(found[0].names.to_pandas()[rows], name=keys.CELL)


def mask(found: Artefacts, selection: Selection, runs: Sequence[ChosenRun]) -> np.ndarray:
    """Which cells of any run are selected, (n,) bool: those with the names of the selected ones, in the same data."""
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
    """Artefacts of the runs that the selection speaks of, in its order; None where one is missing."""
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
