"""From chosen runs to what charts draw: panels, matrices, rows of scores."""

from collections.abc import Sequence

import numpy as np

from semafo import keys, wording
from semafo.ui.charts import ConfusionMatrix
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun


def not_ready(run: ChosenRun) -> str:
    """Why a run has no results to draw, in a few words."""
    run_state = run.record.state
    if run_state == keys.FAILED:
        return "Failed. The Runs page says why."
    if run_state == keys.CANCELLED:
        return "Cancelled."
    return "Waiting." if run_state == keys.QUEUED else "In training."


def score_line(run: ChosenRun, population: str, cells: str = "") -> str:
    """`accuracy 0.862 [0.81, 0.90], n 210`; of training cells where the run has no others, and it says so."""
    predictions = artefacts(run.record).predictions
    scores = predictions.get(population) or {}
    if run.record.config.split.reference_only:
        scores, cells = predictions.get("reference") or {}, "training cells"
    n = wording.count(scores.get("n_scored"))
    return f"accuracy {wording.accuracy(scores)}, " + (f"{n} {cells}" if cells else f"n {n}")


def by_test_cells(runs: Sequence[ChosenRun]) -> list[list[ChosenRun]]:
    """Runs with predictions, those that were scored on the same test cells together."""
    groups: dict[tuple, list[ChosenRun]] = {}
    for run in runs:
        if run.record.has_maps:
            reference_only = run.record.config.split.reference_only
            data = run.record.settings["context"].get("data")
            groups.setdefault((*artefacts(run.record).test_cells, data, reference_only), []).append(run)
    return list(groups.values())


def by_types(runs: Sequence[ChosenRun]) -> dict[tuple[str, ...], list[ChosenRun]]:
    """Runs with the same list of types, together; runs without predictions join the first group."""
    groups: dict[tuple[str, ...], list[ChosenRun]] = {}
    pending = []
    for run in runs:
        if run.record.has_maps:
            groups.setdefault(tuple(artefacts(run.record).predictions["types"]), []).append(run)
        else:
            pending.append(run)
    if groups and pending:
        together = next(iter(groups.values()))
        together.extend(pending)
        together.sort(key=lambda run: [other.run_id for other in runs].index(run.run_id))
    return groups


def matrix(run: ChosenRun, population: str) -> ConfusionMatrix:
    """Confusion counts of a run on the test cells (`test`) or the whole query (`query`)."""
    if not run.record.has_maps:
        return ConfusionMatrix(run.name, "", run.colour, None, not_ready(run))
    counts = np.asarray(artefacts(run.record).predictions["confusion"][population])
    line = score_line(run, population)
    if not counts.any():
        return ConfusionMatrix(run.name, line, run.colour, None, "No labelled cells here to compare with")
    return ConfusionMatrix(run.name, line, run.colour, counts)
