"""Scores of a sweep against the labelled rate: means of methods with intervals over splits and seeds, and baselines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.evaluation.metrics import aggregate
from semafo.evaluation.significance import mean_interval
from semafo.plain import fingerprint
from semafo.runs.record import RunRecord
from semafo.settings import RunConfig

ACCURACY = "accuracy"
# Scores that a curve can be drawn of: key, name, whether baselines have it. All 0 to 1, higher is better.
METRICS = {
    ACCURACY: ("Accuracy", True),
    "balanced_accuracy": ("Balanced accuracy", True),
    "f1_weighted": ("F1, weighted", True),
    "cohen_kappa": ("Cohen's kappa", True),
    "accuracy_query": ("Accuracy, whole query (as the paper)", True),
    "scib_total": ("scib total", False),
    "scib_bio": ("scib biology", False),
    "scib_batch": ("scib batch", False),
}
_COLUMNS = ("method", "is_baseline", "place", "rate", "seed", "split_seed", "run_id")


@dataclass(frozen=True)
class CurvePoint:
    """A method at one labelled rate.

    Attributes
    ----------
    rate
        Labelled rate as it came out, 0 to 1: the mean over splits.
    mean, low, high
        Mean over splits (over seeds where there is one split) and its 95 % interval by Student's t; no interval with a
        single value.
    n_runs, n_splits, n_seeds
        What it is a mean of.
    """

    rate: float
    mean: float
    low: float | None
    high: float | None
    n_runs: int
    n_splits: int
    n_seeds: int


@dataclass(frozen=True)
class Curve:
    """A method over labelled rates, from few labels to many."""

    method: str
    is_baseline: bool
    points: tuple[CurvePoint, ...]

    def rate_for(self, target: float) -> float | None:
        """The labelled rate at which the mean first reaches a score, between measured rates along a straight line.

        None where no measured rate reaches it. Says nothing about rates beyond the measured ones.
        """
        for before, point in zip((None, *self.points), self.points, strict=False):
            if point.mean < target:
                continue
            if before is None or before.mean >= target:
                return point.rate
            share = (target - before.mean) / (point.mean - before.mean)
            return before.rate + share * (point.rate - before.rate)
        return None


def table(records: Iterable[RunRecord]) -> pd.DataFrame:
    """Scores of finished runs and of their baselines, one row each: `method`, `rate`, seeds, then `METRICS`.

    A baseline that several runs of the same split, seed and rate share is there once.
    """
    rows: list[dict[str, Any]] = []
    for record in records:
        if record.state != keys.DONE:
            continue
        config, split = record.config, record.split() or {}
        common = {
            "rate": split.get("labelled_rate"),
            "place": place_of(config),
            "seed": config.train.seed,
            "split_seed": config.split.split_seed,
            "run_id": record.run_id,
        }
        own = {"method": config.mix.name, "is_baseline": False, **_scores(record.predictions())}
        rows.append({**common, **own, **_integration(record)})
        for name, scores in record.baselines().items():
            rows.append({**common, "method": name, "is_baseline": True, **_scores(scores)})
    found = pd.DataFrame(rows, columns=[*_COLUMNS, *METRICS])
    is_repeated = found["is_baseline"].astype(bool) & found.duplicated(["method", "place", "seed", "split_seed"])
    return found[~is_repeated].reset_index(drop=True)


def curves(scores: pd.DataFrame, metric: str = ACCURACY) -> list[Curve]:
    """One curve a method, mixes first, from a `table`; runs without that score are left out."""
    scored = scores.dropna(subset=[metric, "rate"])
    found = []
    for (is_baseline, method), rows in scored.groupby(["is_baseline", "method"], sort=False):
        points = [_point(there, metric) for _, there in rows.groupby("place")]
        found.append(Curve(method, bool(is_baseline), tuple(sorted(points, key=lambda point: point.rate))))
    return sorted(found, key=lambda curve: curve.is_baseline)


def place_of(config: RunConfig) -> str:
    """What runs of one labelled rate have in common; the rate that comes out differs a little from split to split."""
    split = config.split
    return fingerprint(
        config.dataset, split.reference, split.labelled_rate, split.labelled_batches, split.reference_only
    )[:12]


def _scores(found: dict[str, Any]) -> dict[str, Any]:
    """Scores of a run or a baseline on the test cells, and its accuracy on the whole query."""
    test, query = found.get("test") or {}, found.get("query") or {}
    return {**{name: test.get(name) for name in METRICS}, "accuracy_query": query.get("accuracy_with_unseen")}


def _integration(record: RunRecord) -> dict[str, Any]:
    scores = record.integration().get("rows", {}).get("model")
    return {f"scib_{name}": value for name, value in aggregate(scores).items()} if scores else {}


def _point(rows: pd.DataFrame, metric: str) -> CurvePoint:
    values = rows[metric].astype(float)
    n_splits, n_seeds = rows["split_seed"].nunique(), rows["seed"].nunique()
    units: Sequence[float] = values.groupby(rows["split_seed"]).mean().to_numpy() if n_splits > 1 else values.to_numpy()
    interval = mean_interval(units)
    low, high = (None, None) if interval is None else (max(0.0, interval.low), min(1.0, interval.high))
    return CurvePoint(float(rows["rate"].mean()), float(np.mean(units)), low, high, len(rows), n_splits, n_seeds)
