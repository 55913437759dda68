"""Scores of a sweep against the labelled rate: means of methods with intervals over splits and seeds, and baselines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.evaluation.integration.columns import aggregate
from semafo.evaluation.uncertainty.significance import mean_interval
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.fingerprint import fingerprint
from semafo.settings.run_config import RunConfig

ACCURACY, QUERY_ACCURACY, REFERENCE_ACCURACY = "accuracy", "accuracy_query", "accuracy_reference"
LABEL_SCORES = ("f1_weighted", "balanced_accuracy", "cohen_kappa")  # the paper's Table 3
INTEGRATION_SCORES = ("scib_batch", "scib_bio", "scib_total")  # its Table 6
# Scores that a curve can be drawn of, and their names. All 0 to 1 (kappa from -1), higher is better.
METRICS = {
    ACCURACY: "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1_weighted": "F1, weighted",
    "cohen_kappa": "Cohen's kappa",
    QUERY_ACCURACY: "Accuracy, whole query (as the paper)",
    "scib_total": "scib total",
    "scib_bio": "scib biology",
    "scib_batch": "scib batch",
}
MODEL = "model"  # row of a run's own latent space in its scib table; the others see no labels
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
        single value, or where all are the same: a baseline without chance says nothing about other splits.
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
    """Scores of finished runs and of their baselines, one row each: `method`, `rate`, seeds, then the scores.

    Baselines are classifiers, and for the scib scores the latent space of scVI and PCA. One that several runs of the
    same split, seed and rate share is there once.
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
        integration = {name: _integration(scores) for name, scores in record.integration().get("rows", {}).items()}
        own = {"method": config.mix.name, "is_baseline": False, **_scores(record.predictions())}
        rows.append({**common, **own, **integration.pop(MODEL, {})})
        baselines = {**{name: _scores(scores) for name, scores in record.baselines().items()}, **integration}
        rows += [{**common, "method": name, "is_baseline": True, **scores} for name, scores in baselines.items()]
    found = pd.DataFrame(rows, columns=[*_COLUMNS, *METRICS, REFERENCE_ACCURACY])
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
    """Scores of a run or a baseline on the test cells, its accuracy on the whole query and on the reference."""
    test, query, reference = (found.get(part) or {} for part in ("test", "query", "reference"))
    others = {QUERY_ACCURACY: query.get("accuracy_with_unseen"), REFERENCE_ACCURACY: reference.get("accuracy")}
    return {**{name: test.get(name) for name in METRICS}, **others}


def _integration(scores: dict[str, Any]) -> dict[str, Any]:
    return {f"scib_{name}": value for name, value in aggregate(scores).items()}


def _point(rows: pd.DataFrame, metric: str) -> CurvePoint:
    values = rows[metric].astype(float)
    n_splits, n_seeds = rows["split_seed"].nunique(), rows["seed"].nunique()
    units: Sequence[float] = values.groupby(rows["split_seed"]).mean().to_numpy() if n_splits > 1 else values.to_numpy()
    interval = mean_interval(units) if np.ptp(units) > 0 else None
    low, high = (None, None) if interval is None else (max(0.0, interval.low), min(1.0, interval.high))
    return CurvePoint(float(rows["rate"].mean()), float(np.mean(units)), low, high, len(rows), n_splits, n_seeds)
