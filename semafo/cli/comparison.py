"""What `compare` says beside the runs themselves: baselines, differences and methods, one flat dictionary a line.

Where a line names a mix, `mix_option` beside it (`a_option`, `b_option`) is what `--mix` takes; None for baselines.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

from semafo import keys
from semafo.evaluation.uncertainty.significance import Interval, PairedDifference
from semafo.runs.compare import differences
from semafo.runs.compare.differences import MethodContrast, MethodGroup, MethodScores
from semafo.runs.folder.run_record import RunRecord

THIS_RUN = "this run and this baseline"
Options = Mapping[str, str]  # what `--mix` takes, by the name of a mix


def lines(records: Sequence[RunRecord]) -> Iterator[dict[str, Any]]:
    """Everything about finished runs that share data and form.

    Baselines and runs before their query stage come once for each split and seed, then the differences between the runs
    of one split and seed and from their best baseline; with several splits or seeds also the methods.
    """
    options = {record.config.mix.name: record.config.mix.option for record in records}
    groups = list(_by_split_and_seed(records).values())
    for group in groups:
        yield from _baseline_lines(group)
    for group in groups:
        yield from _difference_lines(group, options)
    if len(groups) > 1:
        for methods in differences.methods(records):
            yield from _method_lines(methods, options)


def missing(records: Sequence[RunRecord]) -> list[str]:
    """Why baselines are not there, one sentence for each split and seed."""
    firsts = [group[0] for group in _by_split_and_seed(records).values()]
    return [
        f"The baselines of split {first.config.split.split_seed}, seed {first.config.train.seed} could not be "
        f"computed. {first.baselines_error()}"
        for first in firsts
        if first.baselines_error()
    ]


def _by_split_and_seed(records: Sequence[RunRecord]) -> dict[tuple[int, int], list[RunRecord]]:
    groups: dict[tuple[int, int], list[RunRecord]] = {}
    for record in records:
        groups.setdefault((record.config.split.split_seed, record.config.train.seed), []).append(record)
    return groups


def _baseline_lines(group: Sequence[RunRecord]) -> Iterator[dict[str, Any]]:
    first = group[0]
    for name, scores in first.baselines().items():
        yield _score_line("baseline", name, first, scores)
    for record in group:
        before = record.predictions().get("before_query")
        if before is not None:
            line = _score_line("before-query", keys.BEFORE_QUERY_MIX, record, before)
            yield {**line, "of": record.config.mix.name, "mix_option": record.config.mix.option}


def _score_line(kind: str, mix: str, record: RunRecord, scores: dict[str, Any]) -> dict[str, Any]:
    """The same fields as a run's line has, as far as they apply."""
    split, config = record.split() or {}, record.config
    return {
        "kind": kind,
        "mix": mix,
        "mix_option": None,
        "dataset": config.dataset.name,
        "form": config.form,
        **_seeds(record),
        **{name: split.get(name) for name in ("labelled_rate", "labelled_rate_requested", "n_query")},
        **scores["test"],
        "accuracy_query": scores["query"]["accuracy_with_unseen"],
    }


def _seeds(record: RunRecord) -> dict[str, int]:
    return {"seed": record.config.train.seed, "split_seed": record.config.split.split_seed}


def _difference_lines(group: Sequence[RunRecord], options: Options) -> Iterator[dict[str, Any]]:
    for a, b in combinations(group, 2):
        names = a.config.mix.name, b.config.mix.name
        yield from _difference_line(*names, options, differences.between(a, b), a, "these two runs")
    best = differences.best_baseline(group[0])
    if best is None:
        return
    for record in group:
        found = differences.from_baseline(record, best)
        yield from _difference_line(best, record.config.mix.name, options, found, record, THIS_RUN)


def _difference_line(
    a: str, b: str, options: Options, found: PairedDifference | None, record: RunRecord, subject: str
) -> Iterator[dict[str, Any]]:
    """One line, or none where no cell could be scored."""
    if found is not None:
        head = {"kind": "difference", **_named(a, b, options), "metric": "accuracy", **_seeds(record)}
        words = differences.words(a, b, found, subject)
        yield {**head, **asdict(found), "is_clear": found.is_clear, "words": words}


def _named(a: str, b: str, options: Options) -> dict[str, str | None]:
    return {"a": a, "b": b, "a_option": options.get(a), "b_option": options.get(b)}


def _method_lines(group: MethodGroup, options: Options) -> Iterator[dict[str, Any]]:
    for scores in group.scores:
        yield {"kind": "method", "mix": scores.name, "mix_option": options.get(scores.name), **_method_line(scores)}
    for contrast in group.differences:
        yield _contrast_line(contrast, options)


def _method_line(scores: MethodScores) -> dict[str, Any]:
    counts = {name: getattr(scores, name) for name in ("is_baseline", "n_runs", "n_splits", "n_seeds")}
    means: dict[str, Any] = {}
    for name in ("accuracy", "balanced_accuracy"):
        interval: Interval | None = getattr(scores, f"{name}_interval")
        low, high = (interval.low, interval.high) if interval else (None, None)
        means |= {name: getattr(scores, name), f"{name}_low": low, f"{name}_high": high}
    return {**counts, **means}


def _contrast_line(contrast: MethodContrast, options: Options) -> dict[str, Any]:
    found = contrast.difference
    values = asdict(found)
    values["difference"] = values.pop("mean")
    head = {"kind": "method-difference", **_named(contrast.a, contrast.b, options), "metric": "accuracy"}
    return {**head, **values, "is_clear": found.is_clear, "words": differences.method_words(contrast)}
