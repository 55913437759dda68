"""The verdict: what a schedule may differ from the stock by, and where it differs by more.

Ours minus stock is paired by division. On the Kang cells in one stage the lower end of its one-sided 95 % interval
counts (Student's t over divisions, mean of the mixes); in surgery and on the simulation, with fewer divisions, its
mean. Better than the stock is allowed everywhere, as long as the differences between methods stay what they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.fidelity.cases import KANG
from benchmarks.fidelity.scores import TESTED
from semafo.evaluation.uncertainty.significance import mean_interval

MARGINS = dict(zip(TESTED, (0.015, 0.03, 0.02, 0.02), strict=True))
MOST_MOVED = 0.03  # by the difference between SemafoVAE and scANVI
MOVED = ("bio", "batch")


@dataclass(frozen=True)
class Check:
    """One condition: `value` must be at least `least`, or its size at most `most`."""

    name: str
    metric: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the schedule passes here. What is not a number does not."""
        if self.most is not None:
            return bool(abs(self.value) <= self.most)
        return self.least is not None and bool(self.value >= self.least)


def checks(ours: pd.DataFrame, stock: pd.DataFrame) -> list[Check]:
    """All conditions of the gate. ours, stock: as of `scores.table`, the same cases."""
    found = []
    for name in dict.fromkeys(ours.index.get_level_values("name")):
        found += _of_scores(name, ours.loc[name], stock.loc[name])
        if name == KANG:
            found += _of_method_difference(name, ours.loc[name], stock.loc[name])
    return found


def lower_bound(differences: np.ndarray) -> float:
    """Lower end of the one-sided 95 % interval of the mean, by Student's t. Not a number for a single difference."""
    n = len(differences)
    if n < 2:
        return float("nan")
    return float(differences.mean() - stats.t.ppf(0.95, n - 1) * differences.std(ddof=1) / np.sqrt(n))


def method_difference(scores: pd.DataFrame, metric: str) -> pd.Series:
    """SemafoVAE minus scANVI by division. scores: of one name."""
    wide = scores[metric].unstack("mix")
    return wide["semafo"] - wide["scanvi"]


def _of_scores(name: str, ours: pd.DataFrame, stock: pd.DataFrame) -> Iterator[Check]:
    for metric, margin in MARGINS.items():
        difference = (ours[metric] - stock[metric]).unstack("mix")  # (divisions, mixes)
        over_mixes = difference.mean(axis=1, skipna=False).to_numpy()
        if name == KANG:
            yield Check(f"{name}, lower bound of the mean", metric, lower_bound(over_mixes), -margin)
        else:
            yield Check(f"{name}, mean", metric, float(over_mixes.mean()), -margin)
        of_mixes = difference.mean(skipna=False)
        worst = of_mixes.fillna(-np.inf).idxmin()
        yield Check(f"{name}, worst mix ({worst})", metric, float(of_mixes[worst]), -2 * margin)


def _of_method_difference(name: str, ours: pd.DataFrame, stock: pd.DataFrame) -> Iterator[Check]:
    for metric in TESTED:
        now, before = method_difference(ours, metric), method_difference(stock, metric)
        if metric in MOVED:
            moved = float((now - before).mean(skipna=False))
            yield Check(f"{name}, SemafoVAE - scANVI moved by", metric, moved, most=MOST_MOVED)
        interval = mean_interval(before.to_numpy())
        if interval is not None and interval.low * interval.high > 0:
            kept = float(np.sign(interval.mean) * now.mean(skipna=False))
            yield Check(f"{name}, SemafoVAE - scANVI × sign with stock", metric, kept, 0.0)
