"""What runs are called where they stand together."""

from collections.abc import Sequence
from pathlib import Path

from semafo import wording
from semafo.runs.compare import columns
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import RunConfig


def names_of(records: Sequence[RunRecord]) -> list[str]:
    """Names that tell these runs apart, see `distinct_names`."""
    return distinct_names([record.config for record in records], [record.about.name for record in records])


def column_names(stacks: Sequence[Sequence[RunRecord]]) -> list[str]:
    """Names of columns: a single run's own, `scANVI · 20 % · 3 seeds` of several runs of equal settings."""
    own = [records[0].about.name if len(records) == 1 else None for records in stacks]
    names = distinct_names([records[0].config for records in stacks], own)
    return [_of_many(name, records) if len(records) > 1 else name for name, records in zip(names, stacks, strict=True)]


def _of_many(name: str, records: Sequence[RunRecord]) -> str:
    config, parts = records[0].config, name.split(" · ")
    seed, split = f"seed {config.train.seed}", f"split {config.split.split_seed}"
    place = parts.index(seed) if seed in parts else len(parts)
    parts[place : place + 1] = [columns.counted(records)]
    return " · ".join(part for part in parts if part != split)


def distinct_names(configs: Sequence[RunConfig], own: Sequence[str | None] | None = None) -> list[str]:
    """Own names or titles of runs, with what must be known of their scores, and as much more as tells them apart."""
    given = own or [None] * len(configs)
    names = [wording.marked_title(config, name) for config, name in zip(configs, given, strict=True)]
    details = (
        lambda config: config.title,  # of those that people gave one name
        lambda config: short_dataset(config.dataset.name),
        lambda config: "surgery" if config.split.reference else "one stage",
        lambda config: f"split {config.split.split_seed}",
        lambda config: (
            f"without {'+'.join(config.split.left_out_types)}" if config.split.left_out_types else "all types"
        ),
        lambda config: "temperature" if config.split.calibration_share else "no temperature",
    )
    for detail in details:
        if len(set(names)) == len(names):
            break
        extra = [detail(config) for config in configs]
        names = [
            f"{name} · {more}" if len({e for n, e in zip(names, extra, strict=True) if n == name}) > 1 else name
            for name, more in zip(names, extra, strict=True)
        ]
    seen: dict[str, int] = {}
    for i, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[i] = f"{name} ({seen[name]})"
    return names


def short_dataset(name: str) -> str:
    """A data set's name without folders."""
    return Path(name).stem if name.endswith(".h5ad") else name
