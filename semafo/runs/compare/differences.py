"""How far runs, baselines and methods are apart on the same test cells, with intervals. Reads run folders only.

Two runs are two trained models: what is said of them holds for these test cells and these seeds. Methods are compared
over the splits and seeds that their runs share.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from semafo import keys, wording
from semafo.errors import SemafoError
from semafo.evaluation.uncertainty.significance import (
    Interval,
    MethodDifference,
    PairedDifference,
    compare_paired,
    hierarchical_bootstrap,
    mean_interval,
)
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.folder.test_cells import TestedCells, have_same_test_cells
from semafo.settings.mix import Mix
from semafo.settings.run_config import RunConfig

Pair = tuple[int, int]  # split seed and training seed of a run


@dataclass(frozen=True)
class MethodScores:
    """One method over the splits and seeds of its runs.

    Attributes
    ----------
    name
        Name of the mix, or of the baseline (`keys.BASELINES`).
    n_runs, n_splits, n_seeds
        Runs, splits among them, and training seeds among them.
    accuracy, balanced_accuracy
        Means on the test cells, 0 to 1, higher is better. With two splits or more: over the splits' means.
    accuracy_interval, balanced_accuracy_interval
        Their 95 % intervals by Student's t, cut at 0 and 1; None with a single value.
    """

    name: str
    is_baseline: bool
    n_runs: int
    n_splits: int
    n_seeds: int
    accuracy: float
    accuracy_interval: Interval | None
    balanced_accuracy: float
    balanced_accuracy_interval: Interval | None


@dataclass(frozen=True)
class MethodContrast:
    """Method b minus method a."""

    a: str
    b: str
    difference: MethodDifference


@dataclass(frozen=True)
class MethodGroup:
    """Runs that differ in mix and seeds only.

    Attributes
    ----------
    config
        Settings of one of them.
    scores
        One a mix, in the order of the runs, then one a baseline.
    differences
        For each pair of mixes, then for each mix against the baseline that is best on average.
    """

    config: RunConfig
    scores: list[MethodScores]
    differences: list[MethodContrast]


def between(record_a: RunRecord, record_b: RunRecord) -> PairedDifference | None:
    """Accuracy of b minus that of a, on the test cells of types that both were shown; None where there are none.

    Raises
    ------
    SemafoError
        The runs have different test cells.
    """
    if not have_same_test_cells(record_a, record_b):
        raise SemafoError(
            f"{record_a.title} and {record_b.title} were tested on different cells, so their difference says nothing. "
            "Compare runs of the same data, reference, test share and split seed."
        )
    a, b = (TestedCells.of(record).is_correct for record in (record_a, record_b))
    shared = a.index.intersection(b.index)
    return compare_paired(a[shared], b[shared]) if len(shared) else None


def from_baseline(record: RunRecord, name: str) -> PairedDifference | None:
    """Accuracy of a run minus that of one of its baselines, on the same test cells; None where there is none.

    name: one of `keys.BASELINES`, or `keys.BEFORE_QUERY_MIX` for the run itself before its query stage.
    """
    own, other = TestedCells.of(record), TestedCells.of(record, name)
    return None if other is None or own.is_correct.empty else compare_paired(other.is_correct, own.is_correct)


def best_baseline(record: RunRecord) -> str | None:
    """The baseline of the highest accuracy on the test cells; None where none was scored."""
    scores = {name: rows["test"]["accuracy"] for name, rows in record.baselines().items()}
    scored = {name: value for name, value in scores.items() if value is not None}
    return max(scored, key=scored.__getitem__) if scored else None


def methods(records: Iterable[RunRecord]) -> list[MethodGroup]:
    """Means and differences of methods, one group for each set of runs that differ in mix and seeds only.

    Runs without test cells or without predictions are left out, and so is a second run of the same mix, split and seed.
    """
    groups: dict[str, list[RunRecord]] = {}
    for record in records:
        if (record.predictions().get("test") or {}).get("n_scored"):
            groups.setdefault(_without_mix_and_seeds(record), []).append(record)
    return [_group(members) for members in groups.values()]


def words(a: str, b: str, difference: PairedDifference, subject: str = "these two runs") -> str:
    """One sentence: how far b is above or below a, how sure that is, and of what it speaks."""
    verdict = "a clear difference" if difference.is_clear else wording.NO_CLEAR_DIFFERENCE
    distance = _distance(a, b, difference.difference, difference)
    return f"On these {difference.n} test cells {distance}: {verdict} between {subject}."


def method_words(contrast: MethodContrast) -> str:
    """One sentence about two methods, with what its interval does not cover."""
    found = contrast.difference
    verdict = "a clear difference" if found.is_clear else wording.NO_CLEAR_DIFFERENCE
    over = f"Over {wording.counted(found.n_splits, 'split')} and {wording.counted(found.n_pairs, 'pair')} of runs"
    sentence = f"{over} {_distance(contrast.a, contrast.b, found.mean, found)}: {verdict}."
    if not found.not_covered:
        return sentence
    return f"{sentence} The interval does not cover other {' or '.join(found.not_covered)}."


def _without_mix_and_seeds(record: RunRecord) -> str:
    config = record.config
    split, train = replace(config.split, split_seed=0), replace(config.train, seed=0)
    return replace(config, mix=Mix(), split=split, train=train).fingerprint(**record.settings["context"])


def _group(records: Sequence[RunRecord]) -> MethodGroup:
    """Every method's correct cells by (split seed, seed), then what they amount to."""
    by_mix: dict[str, dict[tuple[int, int], TestedCells]] = {}
    by_baseline: dict[str, dict[tuple[int, int], TestedCells]] = {}
    for record in records:
        pair = (record.config.split.split_seed, record.config.train.seed)
        by_mix.setdefault(record.config.mix.name, {}).setdefault(pair, TestedCells.of(record))
        for name in keys.BASELINES:
            known = by_baseline.setdefault(name, {})
            if pair not in known and (cells := TestedCells.of(record, name)) is not None:
                known[pair] = cells
    by_baseline = {name: runs for name, runs in by_baseline.items() if runs}
    scores = [_scores(name, runs, is_baseline=False) for name, runs in by_mix.items()]
    baselines = [_scores(name, runs, is_baseline=True) for name, runs in by_baseline.items()]
    contrasts = [(a, by_mix[a], b, by_mix[b]) for a, b in combinations(by_mix, 2)]
    if baselines:
        best = max(baselines, key=lambda row: row.accuracy).name
        contrasts += [(best, by_baseline[best], name, runs) for name, runs in by_mix.items()]
    found = [_contrast(*contrast) for contrast in contrasts]
    return MethodGroup(records[0].config, [*scores, *baselines], [one for one in found if one is not None])


def _scores(name: str, runs: dict[tuple[int, int], TestedCells], is_baseline: bool) -> MethodScores:
    splits = np.array([split for split, _ in runs])
    means: dict[str, Any] = {}
    for score in ("accuracy", "balanced_accuracy"):
        values = pd.Series([getattr(cells, score) for cells in runs.values()])
        units = values.groupby(splits).mean() if len(set(splits)) > 1 else values
        interval = mean_interval(units)
        cut = interval and Interval(interval.mean, max(interval.low, 0.0), min(interval.high, 1.0))
        means |= {score: float(units.mean()), f"{score}_interval": cut}
    n_seeds = len({seed for _, seed in runs})
    return MethodScores(name, is_baseline, len(runs), len(set(splits)), n_seeds, **means)


def _contrast(
    a: str, runs_a: Mapping[Pair, TestedCells], b: str, runs_b: Mapping[Pair, TestedCells]
) -> MethodContrast | None:
    """Method b minus method a over the splits and seeds that both have; None where there is none."""
    found = over_pairs(runs_a, runs_b)
    return None if found is None else MethodContrast(a, b, found)


def over_pairs(runs_a: Mapping[Pair, TestedCells], runs_b: Mapping[Pair, TestedCells]) -> MethodDifference | None:
    """Accuracy of b minus that of a over the pairs that both have, of equal cells; None where there is none."""
    pairs = sorted(pair for pair in runs_a if pair in runs_b and len(runs_a[pair].is_correct))
    rows = [_pair_rows(pair, runs_a[pair], runs_b[pair]) for pair in pairs]
    return hierarchical_bootstrap(pd.concat(rows)) if rows else None


def _pair_rows(pair: tuple[int, int], a: TestedCells, b: TestedCells) -> pd.DataFrame:
    """Cells and discordant cells of one pair of runs, one row a donor (batch)."""
    only = {"n_only_a": a.is_correct & ~b.is_correct, "n_only_b": b.is_correct & ~a.is_correct}
    cells = pd.DataFrame({"donor": a.batch.astype(str), "n": 1, **only})
    split, seed = pair
    return cells.groupby("donor", as_index=False).sum().assign(split=split, seed=seed)


def _distance(a: str, b: str, difference: float, interval: PairedDifference | MethodDifference) -> str:
    """How many percentage points b is above or below a, with the interval of b - a."""
    points = 100 * difference
    ends = f"(95 % {100 * interval.low:.1f} to {100 * interval.high:.1f})"
    if abs(points) < 0.05:
        return f"{b} is level with {a} {ends}"
    return f"{b} is {abs(points):.1f} points {'above' if points > 0 else 'below'} {a} {ends}"
