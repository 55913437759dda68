"""From chosen runs to what charts draw: panels, matrices, rows of scores."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from semafo import keys
from semafo.ui import colours, state, words
from semafo.ui.charts import Matrix, Panel
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
ALL_CELLS, QUERY_CELLS, TEST_CELLS = "All cells", "Query", "Test cells"
SHOWN = (ALL_CELLS, QUERY_CELLS, TEST_CELLS)
NO_LABEL, RIGHT, WRONG = "No label in the data", "Right", "Wrong"


def not_ready(run: ChosenRun) -> str:
    """Why a run has no results to draw, in a few words."""
    run_state = run.record.state
    if run_state == keys.FAILED:
        return "Failed. The Runs page says why."
    if run_state == keys.CANCELLED:
        return "Cancelled."
    return "Waiting." if run_state == keys.QUEUED else "In training."


def panels(runs: Sequence[ChosenRun], colouring: str, shown: str, hollow: bool) -> tuple[list[Panel], dict | None]:
    """Panels of the latent space and the looks of their categories (None for a number)."""
    looks = looks_of(runs, colouring)
    return [_panel(run, colouring, shown, hollow) for run in runs], looks


def looks_of(runs: Sequence[ChosenRun], colouring: str) -> Mapping[str, Look] | None:
    """Looks of all categories that the runs can show, the same for every run."""
    if colouring == CONFIDENCE:
        return None
    if colouring == CORRECT:
        neutral = Look(colours.NEUTRAL, "circle")
        return {
            RIGHT: Look(colours.RIGHT, "circle"),
            WRONG: Look(colours.WRONG, "circle"),
            NO_LABEL: neutral,
        }
    ready = [state.artefacts(run.record).cells for run in runs if run.record.has_maps]
    if colouring == BATCH:
        return colours.of_batches({name for cells in ready for name in cells[keys.BATCH_COLUMN].astype(str).unique()})
    # Predicted types are among the true ones, so both colourings share one list.
    types = {str(name) for cells in ready for name in cells[keys.TRUE].dropna().unique()}
    types |= {str(name) for cells in ready for name in cells[keys.PREDICTED].dropna().unique()}
    looks = dict(colours.of_types(types))
    if colouring == TRUE_TYPE and any(cells[keys.TRUE].isna().any() for cells in ready):
        looks[NO_LABEL] = Look(colours.NEUTRAL, "circle")
    return looks


def _panel(run: ChosenRun, colouring: str, shown: str, hollow: bool) -> Panel:
    if not run.record.has_maps:
        return Panel(run.name, (), run.colour, note=not_ready(run))
    found = state.artefacts(run.record)
    mask = _mask(found.cells, shown)
    cells = found.cells[mask]
    return Panel(
        title=run.name,
        lines=_lines(run, int(mask.sum())),
        colour=run.colour,
        xy=found.umap[mask],
        values=_values(cells, colouring),
        hollow=cells[keys.PART].isin([keys.HIDDEN, keys.TEST, keys.CALIBRATION]).to_numpy() if hollow else None,
        hover=_hover(cells) if len(cells) <= 12_000 else None,
    )


def _mask(cells: pd.DataFrame, shown: str) -> np.ndarray:
    if shown == TEST_CELLS:
        return (cells[keys.PART] == keys.TEST).to_numpy()
    if shown == QUERY_CELLS:
        return (cells[keys.ROLE] == keys.QUERY).to_numpy()
    return np.ones(len(cells), dtype=bool)


def _values(cells: pd.DataFrame, colouring: str) -> np.ndarray:
    if colouring == CONFIDENCE:
        return cells[keys.CONFIDENCE].to_numpy(dtype="float32")
    if colouring == CORRECT:
        true = cells[keys.TRUE]
        right = np.where(true == cells[keys.PREDICTED], RIGHT, WRONG)
        return np.where(true.isna(), NO_LABEL, right)
    column = {TRUE_TYPE: keys.TRUE, PREDICTED_TYPE: keys.PREDICTED, BATCH: keys.BATCH_COLUMN}[colouring]
    return cells[column].astype(object).where(cells[column].notna(), NO_LABEL).to_numpy().astype(str)


def _hover(cells: pd.DataFrame) -> np.ndarray:
    true = cells[keys.TRUE].astype(object).fillna("no label").to_numpy()
    predicted, batch = cells[keys.PREDICTED].to_numpy(), cells[keys.BATCH_COLUMN].to_numpy()
    rows = zip(true, predicted, cells[keys.CONFIDENCE], batch, cells[keys.PART], strict=True)
    return np.array([f"{t}<br>predicted {p} ({c:.2f})<br>{b} · {part}" for t, p, c, b, part in rows], dtype=object)


def _lines(run: ChosenRun, n_shown: int) -> tuple[str, ...]:
    """Small lines below a panel's title: accuracy with n and interval, cells shown and latent scale."""
    scale = words.score(state.artefacts(run.record).predictions.get("latent_scale"), 2)
    return score_line(run, "test", "test cells"), f"{words.cells(n_shown)} shown · latent sd {scale}"


def score_line(run: ChosenRun, population: str, cells: str = "") -> str:
    """`accuracy 0.862 [0.81, 0.90], n 210`; of training cells where the run has no others, and it says so."""
    predictions = state.artefacts(run.record).predictions
    scores = predictions.get(population) or {}
    if run.record.config.split.reference_only:
        scores, cells = predictions.get("reference") or {}, "training cells"
    n = words.count(scores.get("n_scored"))
    return f"accuracy {words.accuracy(scores)}, " + (f"{n} {cells}" if cells else f"n {n}")


def by_test_cells(runs: Sequence[ChosenRun]) -> list[list[ChosenRun]]:
    """Runs with predictions, those that were scored on the same test cells together."""
    groups: dict[tuple, list[ChosenRun]] = {}
    for run in runs:
        if run.record.has_maps:
            reference_only = run.record.config.split.reference_only
            data = run.record.settings["context"].get("data")
            groups.setdefault((*state.artefacts(run.record).test_cells, data, reference_only), []).append(run)
    return list(groups.values())


def by_types(runs: Sequence[ChosenRun]) -> dict[tuple[str, ...], list[ChosenRun]]:
    """Runs with the same list of types, together; runs without predictions join the first group."""
    groups: dict[tuple[str, ...], list[ChosenRun]] = {}
    pending = []
    for run in runs:
        if run.record.has_maps:
            groups.setdefault(tuple(state.artefacts(run.record).predictions["types"]), []).append(run)
        else:
            pending.append(run)
    if groups and pending:
        together = next(iter(groups.values()))
        together.extend(pending)
        together.sort(key=lambda run: [other.run_id for other in runs].index(run.run_id))
    return groups


def matrix(run: ChosenRun, population: str) -> Matrix:
    """Confusion counts of a run on the test cells (`test`) or the whole query (`query`)."""
    if not run.record.has_maps:
        return Matrix(run.name, "", run.colour, None, not_ready(run))
    counts = np.asarray(state.artefacts(run.record).predictions["confusion"][population])
    line = score_line(run, population)
    if not counts.any():
        return Matrix(run.name, line, run.colour, None, "No labelled cells here to compare with")
    return Matrix(run.name, line, run.colour, counts)
