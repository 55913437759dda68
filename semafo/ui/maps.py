"""From chosen runs to the figure of their maps, which is made once for each way of looking at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from semafo import keys
from semafo.ui import alignment, colours, state, views, words
from semafo.ui.artefacts import Artefacts, Coded
from semafo.ui.charts import Panel, latent_panels
from semafo.ui.charts.latent import HOVER_TEXT_CELLS
from semafo.ui.charts.settled import SettledFigure
from semafo.ui.colours import Look
from semafo.ui.state import ChosenRun

TRUE_TYPE, PREDICTED_TYPE, BATCH, CORRECT, CONFIDENCE = (
    "True type",
    "Predicted type",
    "Batch",
    "Right or wrong",
    "Confidence",
)
COLOURINGS = (TRUE_TYPE, PREDICTED_TYPE, BATCH, CORRECT, CONFIDENCE)
COLUMNS = {TRUE_TYPE: keys.TRUE, PREDICTED_TYPE: keys.PREDICTED, BATCH: keys.BATCH_COLUMN}
ALL_CELLS, QUERY_CELLS, TEST_CELLS = "All cells", "Query", "Test cells"
SHOWN = (ALL_CELLS, QUERY_CELLS, TEST_CELLS)
NO_LABEL, RIGHT, WRONG = "No label in the data", "Right", "Wrong"
MOST_DRAWN = 300_000  # cells in one figure: with many more a browser without a graphics card stands still
RARE = 200  # cells of a type that are drawn wherever there are as many
LABELS_NOT_SEEN = (keys.HIDDEN, keys.TEST, keys.CALIBRATION)


@dataclass(frozen=True)
class View:
    """How the maps are looked at.

    Parameters
    ----------
    colouring, shown
        One of `COLOURINGS`, and one of `SHOWN`.
    hollow
        Whether cells whose label the model did not see are rings.
    aligned
        Whether all maps are brought onto the first one's.
    narrow
        Whether the panels stand below one another.
    """

    colouring: str = TRUE_TYPE
    shown: str = ALL_CELLS
    hollow: bool = False
    aligned: bool = False
    narrow: bool = False


def figure(runs: Sequence[ChosenRun], view: View) -> SettledFigure:
    """The maps of the runs. One that was made before is not made again."""
    return _figure(tuple(map(_face, runs)), view, runs)


def _face(run: ChosenRun) -> tuple[str, ...]:
    """Everything about a run that its panel depends on."""
    map_of = state.artefacts(run.record).key if run.record.has_maps else views.not_ready(run)
    return run.name, run.colour, str(run.record.folder), map_of


@st.cache_resource(max_entries=24, show_spinner=False)
def _figure(faces: tuple, view: View, _runs: Sequence[ChosenRun]) -> SettledFigure:
    return draw(_runs, view)


def draw(runs: Sequence[ChosenRun], view: View) -> SettledFigure:
    """The same without memory."""
    found = [state.artefacts(run.record) if run.record.has_maps else None for run in runs]
    looks = looks_of([one for one in found if one is not None], view.colouring)
    first = next((one for one in found if one is not None), None)
    masks = [None if one is None else _mask(one, view.shown) for one in found]
    n_shown = sum(int(mask.sum()) for mask in masks if mask is not None)
    with_text = n_shown <= HOVER_TEXT_CELLS
    share = min(1.0, MOST_DRAWN / max(n_shown, 1))
    panels = [
        Panel(run.name, (), run.colour, note=views.not_ready(run))
        if one is None
        else _panel(run, one, (mask, share), view, looks, first, with_text)
        for run, one, mask in zip(runs, found, masks, strict=True)
    ]
    return latent_panels(panels, looks, narrow=view.narrow, together=view.aligned)


def looks_of(found: Sequence[Artefacts], colouring: str) -> Mapping[str, Look] | None:
    """Looks of all categories that the runs can show, the same for every run; None for a number."""
    if colouring == CONFIDENCE:
        return None
    if colouring == CORRECT:
        circle = "circle"
        return {
            RIGHT: Look(colours.RIGHT, circle),
            WRONG: Look(colours.WRONG, circle),
            NO_LABEL: Look(colours.NEUTRAL, circle),
        }
    if colouring == BATCH:
        return colours.of_batches({name for one in found for name in one.coded(keys.BATCH_COLUMN).names})
    # Predicted types are among the true ones, so both colourings share one list.
    types = {name for one in found for column in (keys.TRUE, keys.PREDICTED) for name in one.coded(column).names}
    looks = dict(colours.of_types(types))
    if colouring == TRUE_TYPE and any(one.coded(keys.TRUE).has_missing for one in found):
        looks[NO_LABEL] = Look(colours.NEUTRAL, "circle")
    return looks


def _panel(
    run: ChosenRun,
    found: Artefacts,
    shown: tuple[np.ndarray, float],
    view: View,
    looks: Mapping[str, Look] | None,
    first: Artefacts,
    with_text: bool,
) -> Panel:
    cells = drawn(found, *shown)
    xy = alignment.aligned(found, first) if view.aligned else found.umap
    return Panel(
        title=run.name,
        lines=_lines(run, len(cells), int(shown[0].sum())),
        colour=run.colour,
        xy=xy[cells],
        codes=None if looks is None else _codes(found, view.colouring, list(looks))[cells],
        numbers=found.confidence[cells] if looks is None else None,
        hollow=found.coded(keys.PART).isin(LABELS_NOT_SEEN)[cells] if view.hollow else None,
        hover=hover(found, cells) if with_text else None,
    )


def drawn(found: Artefacts, mask: np.ndarray, share: float) -> np.ndarray:
    """Rows of the cells to draw, of those in the mask: a share of them by chance, but of a rare type all.

    The same cells at every drawing, and in all runs of the same cells. share: 0 to 1.
    """
    rows = np.flatnonzero(mask)
    if share >= 1:
        return rows
    types = found.coded(keys.TRUE)
    n_of_type = np.bincount(types.codes + 1, minlength=len(types.names) + 1)  # the first counts the missing
    shares = np.maximum(share, RARE / np.maximum(n_of_type, 1))
    chance = np.random.default_rng(0).random(len(mask))
    return rows[chance[rows] < shares[types.codes[rows] + 1]]


def _mask(found: Artefacts, shown: str) -> np.ndarray:
    if shown == TEST_CELLS:
        return found.coded(keys.PART).isin([keys.TEST])
    if shown == QUERY_CELLS:
        return found.coded(keys.ROLE).isin([keys.QUERY])
    return np.ones(found.n_cells, dtype=bool)


def _codes(found: Artefacts, colouring: str, names: list[str]) -> np.ndarray:
    """Each cell's place among the names, (n,)."""
    if colouring != CORRECT:
        return found.coded(COLUMNS[colouring]).among(names, missing=NO_LABEL)
    true, predicted = found.coded(keys.TRUE), found.coded(keys.PREDICTED)
    right = true.codes == predicted.among(true.names)
    codes = np.where(right, names.index(RIGHT), names.index(WRONG))
    return np.where(true.codes < 0, names.index(NO_LABEL), codes)


def hover(found: Artefacts, cells: np.ndarray) -> np.ndarray:
    """Text of each cell, (n,): made once for each combination of its parts, of which there are few."""
    columns = [found.coded(name) for name in (keys.TRUE, keys.PREDICTED, keys.BATCH_COLUMN, keys.PART)]
    combined = np.rint(100 * found.confidence[cells]).astype(np.int64)  # 0 to 100
    sizes = [len(column.names) + 1 for column in columns]  # one more: missing
    for column, size in zip(columns, sizes, strict=True):
        combined = combined * size + column.codes[cells] + 1
    combinations, which = np.unique(combined, return_inverse=True)
    texts = [_text(columns, *_taken_apart(int(value), sizes)) for value in combinations]
    return np.array(texts, dtype=object)[which]


def _taken_apart(value: int, sizes: Sequence[int]) -> tuple[int, list[int]]:
    """Confidence in hundredths and the codes that were combined into a number."""
    codes = []
    for size in reversed(sizes):
        value, code = divmod(value, size)
        codes.append(code - 1)
    return value, codes[::-1]


def _text(columns: Sequence[Coded], confidence: int, codes: Sequence[int]) -> str:
    true, predicted, batch, part = (column.name(code) for column, code in zip(columns, codes, strict=True))
    return f"{true}<br>predicted {predicted} ({confidence / 100:.2f})<br>{batch} · {part}"


def _lines(run: ChosenRun, n_drawn: int, n_shown: int) -> tuple[str, ...]:
    """Small lines below a panel's title: accuracy with n and interval, cells shown and latent scale."""
    scale = words.score(state.artefacts(run.record).predictions.get("latent_scale"), 2)
    shown = f"{words.cells(n_shown)} shown"
    if n_drawn < n_shown:
        shown = f"{words.count(n_drawn)} of {words.cells(n_shown)}, at random"
    return views.score_line(run, "test", "test cells"), f"{shown} · latent sd {scale}"
