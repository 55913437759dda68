"""What columns of runs allow to say about their methods, in a few sentences. Reads run folders only.

Every column is compared with the first one over the seeds and splits that both have. A difference is called clear where
its 95 % interval leaves out 0; from a single seed no interval over seeds can be had, and it says so.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from semafo import inert, wording
from semafo.evaluation.integration.columns import aggregate
from semafo.evaluation.uncertainty.significance import MethodDifference, mean_interval
from semafo.runs.compare import contrasts
from semafo.runs.compare.contrasts import TestedRun
from semafo.runs.compare.differences import Pair
from semafo.runs.folder.run_record import RunRecord

ENOUGH_SEEDS = 5  # what is asked for where nothing is known of how seeds differ
MOST_SEEDS = 30
INTEGRATION = {"batch": "Batches mixed", "bio": "Biology kept"}


@dataclass(frozen=True, eq=False)
class Method:
    """A column: its name where it is compared, and its finished runs by split seed and training seed."""

    name: str
    runs: Mapping[Pair, RunRecord]

    @classmethod
    def of(cls, name: str, records: Sequence[RunRecord]) -> "Method":
        """Finished ones with test cells; of two runs with the same seeds the first."""
        runs: dict[Pair, RunRecord] = {}
        for record in records:
            if record.has_maps and (record.predictions().get("test") or {}).get("n_scored"):
                runs.setdefault((record.config.split.split_seed, record.config.train.seed), record)
        return cls(name, runs)

    @cached_property
    def tested(self) -> dict[Pair, TestedRun]:
        """The runs with their scored test cells."""
        return {pair: TestedRun.of(record) for pair, record in self.runs.items()}

    @cached_property
    def latent_scale(self) -> float | None:
        """Mean over the runs, in latent units."""
        values = [record.predictions().get("latent_scale") for record in self.runs.values()]
        known = [float(value) for value in values if wording.is_number(value)]
        return float(np.mean(known)) if known else None

    def integration(self, name: str) -> dict[Pair, float]:
        """`bio` or `batch` mean of each run that has scores, 0 to 1, higher is better."""
        found = {}
        for pair, record in self.runs.items():
            rows = record.integration().get("rows", {})
            value = aggregate(rows["model"])[name] if "model" in rows else None
            if value is not None:
                found[pair] = value
        return found


@dataclass(frozen=True)
class Verdict:
    """Sentences, text or Markdown, most important first, and how many more seeds of each might tell more (0: none)."""

    sentences: tuple[str, ...]
    more_seeds: int = 0


def verdict(names: Sequence[str], columns: Sequence[Sequence[RunRecord]]) -> Verdict:
    """What can be said of the columns; empty where no run of theirs is finished."""
    methods = [Method.of(name, records) for name, records in zip(names, columns, strict=True)]
    methods = [method for method in methods if method.runs]
    if not methods:
        return Verdict(())
    first, others = methods[0], methods[1:]
    compared = [(other, contrasts.contrast(first.tested, other.tested)) for other in others]
    sentences = [_labels(first, compared), _baselines(methods), _space(first, others), _seeds(methods, compared)]
    return Verdict(tuple(sentence for sentence in sentences if sentence), _more_seeds(methods, compared))


Contrasts = Sequence[tuple[Method, MethodDifference | None]]


def _labels(first: Method, compared: Contrasts) -> str:
    """`Labels, against scANVI: SemafoVAE finds 2.1 points fewer [-3.4, -0.8]; no clear difference for Both.`"""
    said, level = [], []
    for other, found in compared:
        if found is None:
            continue
        if found.is_clear:
            side = "above" if found.mean > 0 else "below"
            interval = wording.points_interval(found.low, found.high)
            points = wording.points(abs(found.mean), signed=False)
            said.append(f"{other.name} finds {points} points {'more' if side == 'above' else 'fewer'} {interval}")
        else:
            level.append(other.name)
    if level:
        said.append(f"{wording.NO_CLEAR_DIFFERENCE} for {wording.listed(level)}")
    rest = inert.markdown(f", against {first.name}: {'; '.join(said)}.")
    return inert.Markdown(f"**Labels**{inert.markdown(rest)}") if said else ""


def _baselines(methods: Sequence[Method]) -> str:
    """Which methods are clearly above the best baseline on the same cells, which below, and which neither."""
    best = _best_baseline(methods)
    if best is None:
        return ""
    groups: dict[str, list[str]] = {}
    for method in methods:
        found = contrasts.contrast_with_baseline(method.tested, best)
        if found is not None:
            word = ("clearly better" if found.mean > 0 else "clearly worse") if found.is_clear else "not told apart"
            groups.setdefault(word, []).append(method.name)
    said = "; ".join(f"{word}: {wording.listed(members)}" for word, members in groups.items())
    return f"Against the best baseline, {wording.BASELINES[best]}, {said}." if said else ""


def _best_baseline(methods: Sequence[Method]) -> str | None:
    """The baseline of the highest mean accuracy over all runs; None where none was scored."""
    scores: dict[str, list[float]] = {}
    for record in (record for method in methods for record in method.runs.values()):
        for name, rows in record.baselines().items():
            value = (rows.get("test") or {}).get("accuracy")
            if value is not None:
                scores.setdefault(name, []).append(value)
    return max(scores, key=lambda name: float(np.mean(scores[name]))) if scores else None


def _space(first: Method, others: Sequence[Method]) -> str:
    """Batches mixed, biology kept, and the size of each latent space."""
    said = [part for name in INTEGRATION for part in [_of_integration(name, first, others)] if part]
    scales = [(m.name, m.latent_scale) for m in (first, *others) if m.latent_scale is not None]
    if scales:
        said.append("latent scale (sd) " + ", ".join(f"{value:.2f} in {name}" for name, value in scales))
    return inert.Markdown(f"**Latent space**: {inert.markdown('; '.join(said))}.") if said else ""


def _of_integration(name: str, first: Method, others: Sequence[Method]) -> str:
    said, level = [], []
    for other in others:
        values = _paired(first.integration(name), other.integration(name))
        interval = mean_interval(values) if len(values) > 1 else None
        if interval is not None and interval.low * interval.high > 0:
            ends = f"(95 % {interval.low:+.3f} to {interval.high:+.3f})"
            said.append(f"{other.name} {interval.mean:+.3f} {ends}".replace("-", "−"))
        elif len(values):
            level.append(other.name)
    if level:
        said.append(f"{wording.NO_CLEAR_DIFFERENCE} for {wording.listed(level)}")
    return f"{INTEGRATION[name].lower()}, {', '.join(said)}" if said else ""


def _paired(a: Mapping[Pair, float], b: Mapping[Pair, float]) -> np.ndarray:
    """B minus a over the pairs of seeds that both have, means over the seeds of a split where there are several."""
    shared = [pair for pair in a if pair in b]
    by_split: dict[int, list[float]] = {}
    for split, seed in shared:
        by_split.setdefault(split, []).append(b[split, seed] - a[split, seed])
    if len(by_split) > 1:
        return np.array([float(np.mean(values)) for values in by_split.values()])
    return np.array([value for values in by_split.values() for value in values])


def _seeds(methods: Sequence[Method], compared: Contrasts) -> str:
    """What the number of seeds means for all this."""
    fewest = min(len(method.runs) for method in methods)
    more = _more_seeds(methods, compared)
    if fewest == 1:
        return (
            "These are single trained models: one seed proves nothing about the methods, and another may turn "
            f"differences round. {ENOUGH_SEEDS} seeds each are a start."
        )
    if more:
        return f"With {wording.counted(fewest + more, 'seed')} each, a difference in labels might show."
    return ""


def _more_seeds(methods: Sequence[Method], compared: Contrasts) -> int:
    """Seeds each column needs besides its own; 0 where every difference is clear or none could be told."""
    if len(methods) < 2:
        return 0
    fewest = min(len(method.runs) for method in methods)
    if fewest < 2:
        return ENOUGH_SEEDS - fewest
    unclear = [other for other, found in compared if found is not None and not found.is_clear]
    wanted = [_seeds_that_might_show(_accuracies(methods[0]), _accuracies(other)) for other in unclear]
    known = [n for n in wanted if n is not None and n > fewest]
    return min(known) - fewest if known else 0


def _accuracies(method: Method) -> dict[Pair, float]:
    return {pair: record.predictions()["test"]["accuracy"] for pair, record in method.runs.items()}


def _seeds_that_might_show(a: Mapping[Pair, float], b: Mapping[Pair, float]) -> int | None:
    """Seeds with which the mean difference, stayed it as it is, would lie outside its 95 % interval by Student's t.

    None where that takes more than `MOST_SEEDS`.
    """
    from scipy.special import stdtrit

    values = _paired(a, b)
    if len(values) < 2:
        return None
    mean, sd = abs(float(values.mean())), float(values.std(ddof=1))
    enough: Callable[[int], bool] = lambda n: stdtrit(n - 1, 0.975) * sd / math.sqrt(n) < mean  # noqa: E731
    return next((n for n in range(len(values), MOST_SEEDS + 1) if enough(n)), None)
