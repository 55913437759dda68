"""Cells that are chosen on one page and stand out on all: what chose them, in the session and in the URL.

Not the cells are kept but a rule that finds them: a lasso on a run's map, a cell of its confusion matrix, two runs of
which one is right, or a type. A rule is short enough for a link, and finds the same cells in every run that has them.
"""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

import numpy as np

from semafo.ui.maps import polygon as maps_polygon
from semafo.ui.maps import projections
from semafo.ui.session.linked_choice import LinkedChoice

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


@dataclass(frozen=True)
class OfType:
    """All cells whose label in the data is this type, in every run."""

    true_label: str

    @property
    def run_ids(self) -> tuple[str, ...]:
        """It speaks of no run."""
        return ()


Selection = Lasso | Pairing | OneRightOneWrong | OfType


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
    """`lasso:RUN:UMAP:x,y;…`, `pair:RUN:test:TRUE>PREDICTED`, `differ:RIGHT>WRONG` or `type:NAME`, names escaped."""
    if isinstance(selection, OfType):
        return f"type:{_escaped(selection.true_label)}"
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
        if kind == "type" and rest:
            return OfType(unquote(rest))
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
