"""Confusion counts and label scores of a column: of all test cells, or of those that are selected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from semafo import keys, wording
from semafo.evaluation.labels.scores import wilson_interval
from semafo.evaluation.uncertainty.significance import Interval, mean_interval
from semafo.runs.compare import columns as stacking
from semafo.ui.charts.comparison.scores import LabelScore
from semafo.ui.maps import chosen_cells
from semafo.ui.maps.selection import TEST, Selection
from semafo.ui.session.run_results import Artefacts, artefacts
from semafo.ui.session.tray import ChosenColumn, ChosenRun

ACCURACY, BALANCED = "Accuracy", "Balanced accuracy"


@dataclass(frozen=True, eq=False)
class RunCounts:
    """One run's test cells with a label by observed and predicted type, (C, C), and which types it was shown, (C,)."""

    counts: np.ndarray
    is_seen: np.ndarray

    @classmethod
    def of(cls, found: Artefacts, types: Sequence[str], cells: np.ndarray | None = None) -> "RunCounts":
        """Count the test cells. cells: (n,) bool, those that count; None counts all."""
        true, predicted = (found.coded(name).among(types) for name in (keys.TRUE, keys.PREDICTED))
        counted = chosen_cells.in_population(found, TEST) & (true >= 0) & (predicted >= 0)
        if cells is not None:
            counted &= cells
        n = len(types)
        flat = np.bincount(true[counted] * n + predicted[counted], minlength=n * n)
        seen = (found.record.split() or {}).get("seen_types")
        return cls(flat.reshape(n, n), np.array([seen is None or name in seen for name in types], dtype=bool))

    @property
    def n_scored(self) -> int:
        """Test cells of types that the run was shown: scores are about these."""
        return int(self.counts[self.is_seen].sum())

    @property
    def n_right(self) -> int:
        """Those among them whose predicted type is right."""
        return int(np.trace(self.counts[np.ix_(self.is_seen, self.is_seen)]))

    @property
    def accuracy(self) -> float | None:
        """Share of the scored cells that are right, 0 to 1; None without any."""
        return self.n_right / self.n_scored if self.n_scored else None

    @property
    def balanced_accuracy(self) -> float | None:
        """Mean over the types with scored cells of the share found, 0 to 1; None without any."""
        n = self.counts.sum(axis=1)
        rows = self.is_seen & (n > 0)
        return float((np.diag(self.counts)[rows] / n[rows]).mean()) if rows.any() else None


@dataclass(frozen=True, eq=False)
class ColumnCounts:
    """Counts of the finished runs of a column, in their order."""

    column: ChosenColumn
    runs: tuple[ChosenRun, ...]
    counted: tuple[RunCounts, ...]

    @classmethod
    def of(
        cls, column: ChosenColumn, types: Sequence[str], chosen: Selection | None, runs: Sequence[ChosenRun]
    ) -> "ColumnCounts":
        """Count every run's cells. runs: all chosen ones, of which the selection may speak."""
        ready = tuple(run for run in column.runs if run.record.has_maps)
        found = [artefacts(run.record) for run in ready]
        masks = [None if chosen is None else chosen_cells.mask(one, chosen, runs) for one in found]
        counted = (RunCounts.of(one, types, cells) for one, cells in zip(found, masks, strict=True))
        return cls(column, ready, tuple(counted))

    @property
    def mean_counts(self) -> np.ndarray | None:
        """(C, C) mean over the runs; None where there is nothing to count."""
        if not any(one.counts.any() for one in self.counted):
            return None
        return np.mean([one.counts for one in self.counted], axis=0)

    def scores(self, *, with_baseline: bool) -> tuple[LabelScore, ...]:
        """Accuracy and balanced accuracy, means over the runs, each with the best baseline's on the same cells."""
        found = []
        for title, name in ((ACCURACY, "accuracy"), (BALANCED, "balanced_accuracy")):
            values = [getattr(one, name) for one in self.counted]
            score = LabelScore(title, _mean(values), note=self.of_what())
            interval = self._interval(values, name)
            if interval is not None:
                score = replace(score, low=max(interval.low, 0.0), high=min(interval.high, 1.0))
            found.append(replace(score, **_baseline(self.runs, name)) if with_baseline else score)
        return tuple(found)

    def of_what(self) -> str:
        """`n 810`, of several runs `3 seeds, n 810`."""
        sizes = sorted({one.n_scored for one in self.counted})
        n = wording.count(sizes[0]) if len(sizes) == 1 else f"{wording.count(sizes[0])} to {wording.count(sizes[-1])}"
        if len(self.runs) == 1:
            return f"n {n}"
        return f"{stacking.counted([run.record for run in self.runs])}, n {n}"

    def _interval(self, values: Sequence[float | None], name: str) -> Interval | None:
        """Over splits or seeds (Student's t); of a single run its accuracy's over cells (Wilson)."""
        known = [value for value in values if value is not None]
        if len(self.runs) > 1:
            splits = [run.record.config.split.split_seed for run in self.runs]
            if len(known) == len(splits) and len(set(splits)) > 1:
                known = [
                    float(np.mean([v for v, s in zip(known, splits, strict=True) if s == split]))
                    for split in dict.fromkeys(splits)
                ]
            return mean_interval(known)
        if name != "accuracy" or not known:
            return None
        low, high = wilson_interval(self.counted[0].n_right, self.counted[0].n_scored)
        return None if low is None or high is None else Interval(known[0], low, high)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _baseline(runs: Sequence[ChosenRun], name: str) -> dict[str, Any]:
    """The baseline that has most of a score on the test cells, mean over the runs: fields of a LabelScore."""
    found: dict[str, list[float]] = {}
    for run in runs:
        for key, rows in run.record.baselines().items():
            value = (rows.get("test") or {}).get(name)
            if value is not None:
                found.setdefault(key, []).append(value)
    means = {key: float(np.mean(values)) for key, values in found.items() if len(values) == len(runs)}
    if not means:
        return {}
    best = max(means, key=means.__getitem__)
    return {"baseline": means[best], "baseline_name": wording.capitalised(wording.BASELINES[best])}
