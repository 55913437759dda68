"""Runs of equal settings stacked: a column is a method on one data set, and its runs are its seeds and splits."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from semafo import wording
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import RunConfig


def stacked(records: Iterable[RunRecord]) -> list[list[RunRecord]]:
    """Runs that differ in training seed or split seed only, together; columns and runs in the order given.

    Everything else keeps runs apart: mix, weighting, head, labelled rate, data, reference, schedule, epochs.
    """
    columns: dict[str, list[RunRecord]] = {}
    for record in records:
        columns.setdefault(method_key(record), []).append(record)
    return list(columns.values())


def method_key(record: RunRecord) -> str:
    """Fingerprint of a run's settings without its seeds: equal for runs of one column."""
    return _without_seeds(record.config).fingerprint(**record.settings["context"])


def counted(records: Sequence[RunRecord]) -> str:
    """`3 seeds`, `2 splits` or `3 seeds · 2 splits`: what a column's runs differ in."""
    n_splits = len({record.config.split.split_seed for record in records})
    n_seeds = len({record.config.train.seed for record in records})
    seeds = [wording.counted(n_seeds, "seed")] if n_seeds > 1 or n_splits == 1 else []
    splits = [wording.counted(n_splits, "split")] if n_splits > 1 else []
    return " · ".join([*seeds, *splits])


def _without_seeds(config: RunConfig) -> RunConfig:
    return replace(config, split=replace(config.split, split_seed=0), train=replace(config.train, seed=0))
