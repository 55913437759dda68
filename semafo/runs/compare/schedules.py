"""What a comparison must say of how long its runs were trained."""

import json
from collections.abc import Iterable, Sequence

from semafo import wording
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import ONE_CYCLE, SCHEDULE_MARKS, RunConfig

_OF_SCHEDULE = ("schedule", "epochs_pretrain", "epochs_reference", "epochs_query", "learning_rate", "kl_warmup_epochs")


def schedule_notes(records: Sequence[RunRecord], names: Sequence[str]) -> list[str]:
    """Sentences for people, most important first; none where all runs have the same schedule, and it is no preview.

    Parameters
    ----------
    records, names
        The runs that stand together, and what they are called there.
    """
    configs = [record.config for record in records]
    notes, are_mixed = [], _settings_differ(configs)
    if are_mixed:
        notes.append(f"{wording.MIXED_SCHEDULES} {_by_schedule(configs, names)}")
    elif _courses_differ(records):
        notes.append(wording.MIXED_VERSIONS)
    previews = [name for name, config in zip(names, configs, strict=True) if config.train.schedule == ONE_CYCLE]
    if previews:
        notes.append(wording.PREVIEW_NOTE if are_mixed else f"{wording.PREVIEW_NOTE} Here: {wording.listed(previews)}.")
    return notes


def _settings_differ(configs: Iterable[RunConfig]) -> bool:
    return len({tuple(getattr(config.train, name) for name in _OF_SCHEDULE) for config in configs}) > 1


def _courses_differ(records: Iterable[RunRecord]) -> bool:
    """Whether runs on as many cells of a stage were trained differently: versions may choose differently."""
    found: dict[tuple[object, ...], set[str]] = {}
    for record in records:
        split = record.split() or {}
        if "courses" in split:
            key = (record.config.form, split.get("n_cells"), split.get("n_reference"), split.get("n_query"))
            found.setdefault(key, set()).add(json.dumps(split["courses"], sort_keys=True))
    return any(len(courses) > 1 for courses in found.values())


def _by_schedule(configs: Sequence[RunConfig], names: Sequence[str]) -> str:
    """`Condensed: scANVI and Both. Preview (one-cycle): SemafoVAE.`"""
    of_schedule: dict[str, list[str]] = {}
    for config, name in zip(configs, names, strict=True):
        without_mark = [part for part in name.split(" · ") if part != SCHEDULE_MARKS.get(config.train.schedule)]
        of_schedule.setdefault(_in_words(config), []).append(" · ".join(without_mark))
    return " ".join(f"{schedule}: {wording.listed(found)}." for schedule, found in of_schedule.items())


def _in_words(config: RunConfig) -> str:
    """`Condensed`, `Preview (one-cycle)`, `Constant (scvi-tools), 200 and 20 epochs`."""
    train = config.train
    given = [n for n in (train.epochs_pretrain, train.epochs_reference, train.epochs_query) if n is not None]
    epochs = f", {wording.listed([str(n) for n in given])} epochs" if given else ""
    return f"{wording.SCHEDULES[train.schedule]}{epochs}"
