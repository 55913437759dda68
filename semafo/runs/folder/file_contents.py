"""What the JSON files of a run's folder must hold, as those rely on it who read them.

Types are declared in `semafo.runs.folder.run_shapes` and `semafo.runs.folder.score_shapes`; here is which file has
which, and which of their lists must have equal lengths.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from semafo import keys
from semafo.plain_values import misfit
from semafo.runs.folder import run_shapes, score_shapes

SHAPES: dict[str, Any] = {
    keys.CONFIG_FILE: run_shapes.Settings,
    keys.MANIFEST_FILE: run_shapes.Manifest,
    keys.PROGRESS_FILE: run_shapes.ProgressNote,
    keys.HISTORY_FILE: list[run_shapes.HistoryLine],
    keys.SPLIT_FILE: run_shapes.SplitNote,
    keys.PREDICTIONS_FILE: score_shapes.PredictionsNote,
    keys.INTEGRATION_FILE: score_shapes.IntegrationNote,
    keys.BASELINES_FILE: score_shapes.BaselinesNote,
    keys.MARKERS_FILE: score_shapes.MarkersNote,
    keys.FACTORS_FILE: score_shapes.FactorsNote,
    keys.GENES_FILE: run_shapes.GenesNote,
    keys.REPLAY_FRAMES_FILE: run_shapes.ReplayNote,
    keys.MODEL_FILE: run_shapes.ModelNote,
    keys.ENVIRONMENT_FILE: run_shapes.EnvironmentNote,
    keys.X_TSNE_STATE_FILE: run_shapes.TsneNote,
}


def misfit_of_file(name: str, value: Any) -> str | None:
    """What does not fit in a file's content, in words; None where all fits, or nobody reads such a file.

    Parameters
    ----------
    name
        Name of a file of a run's folder.
    value
        Its content; of history.jsonl the list of its lines.
    """
    if name not in SHAPES:
        return None
    found = misfit(value, SHAPES[name])
    return found if found is not None else next(iter(_MEASURES[name](value)), None) if name in _MEASURES else None


def _manifest(manifest: dict[str, Any]) -> Iterable[str]:
    if any("/" in name or name.startswith(".") or not name for name in manifest["files"]):
        yield "it lists files that a run does not have"


def _history(lines: Sequence[dict[str, Any]]) -> Iterable[str]:
    for number, line in enumerate(lines, start=1):
        terms = {term: value for term, value in line.items() if term != "stage"}
        if (found := misfit(terms, dict[str, float], f"line {number}")) is not None:
            yield found


def _split(split: dict[str, Any]) -> Iterable[str]:
    for stage, course in (split.get("courses") or {}).items():
        points = [*course.get("rate_path", ()), *course.get("kl_path", ())]
        if any(len(point) != 2 for point in points) or not course["kl_warmup_epochs"] > 0:
            yield f"the course of {stage} is none"


def _predictions(predictions: dict[str, Any]) -> Iterable[str]:
    n = len(predictions["types"])
    for population, rows in predictions.get("confusion", {}).items():
        if not _has_shape(rows, n, n):
            yield f"confusion.{population} has not a row and a column for each of the {n} types"


def _markers(markers: dict[str, Any]) -> Iterable[str]:
    if "error" in markers:
        return
    missing = [name for name in ("types", "genes", "mean", "share", "n") if name not in markers]
    if missing:
        yield f"{missing[0]} is missing"
        return
    n_types, n_genes = len(markers["types"]), len(markers["genes"])
    fits = all(_has_shape(markers[name], n_types, n_genes) for name in ("mean", "share"))
    if not fits or len(markers["n"]) != n_types:
        yield f"it has not a row for each of its {n_types} types and a value for each of its {n_genes} genes"


def _factors(factors: dict[str, Any]) -> Iterable[str]:
    if "factors" not in factors:
        return
    lengths = {len(row["information"]) for row in factors["factors"]}
    n = len(factors["sd"]) if "sd" in factors else max(lengths, default=0)
    if not lengths or lengths != {n}:
        yield "its factors are not all measured in all dimensions"
    names = factors.get("traversal")
    if names is None:
        return
    of_types = {len(names[one]) for one in ("types", "n_cells", "batches")}
    if len(of_types) > 1 or not names["types"] or not names["steps"]:
        yield "traversal has not a cell count and a batch for each of its types"
    if len(names.get("reach", [0.0] * n)) != n or len(names["kept"] or [[]] * n) != n:
        yield f"traversal has not all of the {n} dimensions"
    if any(not 0 <= place < len(names["genes"]) for kept in names["kept"] or () for place in kept):
        yield "traversal keeps genes that it has not"


def _replay(replay: dict[str, Any]) -> Iterable[str]:
    unknown = {frame["stage"] for frame in replay["frames"]} - set(replay["n_epochs"])
    if unknown or not replay["frames"]:
        yield "its frames are of stages that the run has not"


def _has_shape(rows: Sequence[Sequence[Any]], n_rows: int, n_columns: int) -> bool:
    return len(rows) == n_rows and all(len(row) == n_columns for row in rows)


_MEASURES: dict[str, Callable[[Any], Iterable[str]]] = {
    keys.MANIFEST_FILE: _manifest,
    keys.HISTORY_FILE: _history,
    keys.SPLIT_FILE: _split,
    keys.PREDICTIONS_FILE: _predictions,
    keys.MARKERS_FILE: _markers,
    keys.FACTORS_FILE: _factors,
    keys.REPLAY_FRAMES_FILE: _replay,
}
