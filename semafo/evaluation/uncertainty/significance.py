"""What a difference in accuracy may be due to: the cells, the seed, the split, the donors.

`compare_paired` speaks about two trained models on the same cells: another seed could turn the difference around.
`hierarchical_bootstrap` speaks about two methods, from pairs of runs over splits and seeds. Differences are b - a.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from semafo.evaluation.uncertainty.resampling import Pairs, draw_cells

LEVEL = 0.95
N_DRAWS = 4000
_BLOCK_VALUES = 2**22  # random numbers at once, which bounds the memory


class Interval(NamedTuple):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedDifference:
    """Two trained models on the same cells. Shares, -1 to 1; above 0 means that b is better.

    Attributes
    ----------
    n
        Cells that both were scored on.
    difference, low, high
        Accuracy of b minus that of a, and the 95 % percentile interval of the paired bootstrap over cells.
    n_only_a, n_only_b
        Cells that only a, or only b, got right.
    p_value
        McNemar's exact two-sided test; None for scores that are no share of the cells.
    """

    n: int
    difference: float
    low: float
    high: float
    n_only_a: int
    n_only_b: int
    p_value: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0 and the test, where there is one, is below 5 %."""
        return _leaves_out_zero(self.low, self.high) and (self.p_value is None or self.p_value < 1 - LEVEL)


@dataclass(frozen=True)
class MethodDifference:
    """Two methods over pairs of runs on the same split and seed. Shares, -1 to 1; above 0 means that b is better.

    Attributes
    ----------
    n_pairs, n_splits, n_seeds, n_donors
        Pairs of runs, splits, different seeds, and different donors (or batches).
    mean, low, high
        Mean difference over the splits' means, and its 95 % percentile interval.
    not_covered
        Of "splits", "seeds" and "donors" those of which there is a single one: the interval says nothing about others.
    """

    n_pairs: int
    n_splits: int
    n_seeds: int
    n_donors: int
    mean: float
    low: float
    high: float
    not_covered: tuple[str, ...] = ()

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return _leaves_out_zero(self.low, self.high)


def compare_paired(correct_a: Sequence[bool], correct_b: Sequence[bool]) -> PairedDifference:
    """Difference of two accuracies on the same cells, b - a. correct_a, correct_b: (n,) bool, at least one cell.

    A resampled difference is a sum of n independent draws of -1, 0 or 1, so the percentiles of infinitely many
    resamples are computed and nothing is drawn. Cells count as independent, which those of one donor are not.
    """
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"{a.size} and {b.size} cells: both models must be scored on the same cells, at least one")
    n, n_only_a, n_only_b = a.size, int((a & ~b).sum()), int((b & ~a).sum())
    low, high = _bootstrap_percentiles(n, n_only_a, n_only_b)
    return PairedDifference(n, (n_only_b - n_only_a) / n, low, high, n_only_a, n_only_b, mcnemar(n_only_a, n_only_b))


def compare_balanced(
    true: Sequence[str],
    correct_a: Sequence[bool],
    correct_b: Sequence[bool],
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> PairedDifference:
    """Difference of two balanced accuracies on the same cells, b - a; cells are resampled within their types.

    true: (n,) types; correct_a, correct_b: (n,) bool. A type with a single cell cannot vary, so with rare types the
    interval is too narrow. There is no p-value.
    """
    a, b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    codes, types = pd.factorize(np.asarray(true, dtype=object))
    n = np.bincount(codes, minlength=len(types))  # (C,)
    only_a, only_b = (np.bincount(codes[mask], minlength=len(types)) for mask in (a & ~b, b & ~a))
    drawn_a, drawn_b = draw_cells(np.random.default_rng(seed), n, only_a / n, only_b / n, (n_draws, len(types)))
    low, high = _percentiles(((drawn_b - drawn_a) / n).mean(axis=1))
    difference = float(((only_b - only_a) / n).mean())
    return PairedDifference(len(a), difference, low, high, int(only_a.sum()), int(only_b.sum()))


def mcnemar(n_only_a: int, n_only_b: int) -> float:
    """McNemar's exact two-sided p-value: how likely so uneven a division of the n_only_a + n_only_b cells is.

    Under the hypothesis that both models are right equally often, each of those cells falls to either with probability
    ½. 1 where there is no such cell.
    """
    n, fewer = n_only_a + n_only_b, min(n_only_a, n_only_b)
    term, total = 1, 0
    for k in range(fewer + 1):
        total += term
        term = term * (n - k) // (k + 1)
    p_value: float = 2 * total / 2**n
    return min(1.0, p_value)


def mean_interval(values: ArrayLike) -> Interval | None:
    """Mean and its 95 % interval by Student's t, for values that vary normally; None with fewer than two."""
    from scipy.special import stdtrit

    values = np.asarray(values, dtype=np.float64)
    if values.size < 2:
        return None
    mean = float(values.mean())
    half = float(stdtrit(values.size - 1, (1 + LEVEL) / 2) * values.std(ddof=1) / math.sqrt(values.size))
    return Interval(mean, mean - half, mean + half)


def hierarchical_bootstrap(table: pd.DataFrame, n_draws: int = N_DRAWS, seed: int = 0) -> MethodDifference:
    """Mean difference of two methods, with an interval over splits, seeds, donors and cells.

    Splits are resampled; within each its seeds and, as all its runs are scored on the same cells, one set of donors for
    all its seeds; within each donor its cells. For the cells the drawn seeds count as one model that is right as often
    as they are on average, as if a cell that is hard for one seed were hard for all. As every level passes on the noise
    of those below it, the interval is rather too wide where cells are few and splits and seeds hardly differ; where
    they do differ, two or three of them make it too narrow.

    Parameters
    ----------
    table
        One row for each split, seed and donor (or batch): `split`, `seed`, `donor`, `n` (cells of the donor, at least
        one, the same for all seeds of a split), `n_only_a` and `n_only_b` (cells that one method alone got right).
    n_draws, seed
        Resamples, and the seed of the drawing.
    """
    if len(table) == 0 or (table["n"] < 1).any():
        raise ValueError("The table of pairs is empty, or has a donor without cells.")
    pairs = Pairs.of(table)
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_VALUES // pairs.share_a.size)
    means = [pairs.draw(rng, min(block, n_draws - start)) for start in range(0, n_draws, block)]
    low, high = _percentiles(np.concatenate(means))
    n_splits, n_donors = table["split"].nunique(), table["donor"].nunique()
    n_seeds = table["seed"].nunique()
    levels = {"splits": n_splits, "seeds": int(pairs.n_seeds.max()), "donors": int(pairs.n_donors.max())}
    single = tuple(name for name, count in levels.items() if count == 1)
    n_pairs = int(pairs.n_seeds.sum())
    return MethodDifference(n_pairs, n_splits, n_seeds, n_donors, pairs.mean(), low, high, single)


def _bootstrap_percentiles(n: int, n_only_a: int, n_only_b: int) -> tuple[float, float]:
    """Percentiles of (only b - only a)/n over resamples, from the distribution of a sum of n draws of -1, 0 or 1.

    The transform of one draw's distribution, to the power of n, is that of the sum (on a circle of 2n + 1 values).
    """
    one = np.zeros(2 * n + 1)
    one[0], one[1], one[-1] = (n - n_only_a - n_only_b) / n, n_only_b / n, n_only_a / n  # index -1 is the value -1
    chance = np.maximum(np.fft.irfft(np.fft.rfft(one) ** n, len(one)), 0.0)
    chance = np.roll(chance, n)  # now of the values -n … n
    tail = (1 - LEVEL) / 2
    low = np.searchsorted(np.cumsum(chance), tail)  # the least value that is not below the tail
    high = 2 * n - np.searchsorted(np.cumsum(chance[::-1]), tail)
    return float((low - n) / n), float((high - n) / n)


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _leaves_out_zero(low: float, high: float) -> bool:
    return low > 0 or high < 0
