"""Where a figure comes from, in words: what an exported file says below it."""

from collections.abc import Iterable, Sequence

from semafo import __version__, wording
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.tray import ChosenRun

_PROGRAM = f"Semafo {__version__}"


def of(runs: Sequence[ChosenRun], caption: str = "") -> tuple[str, ...]:
    """Paragraphs for below a figure: its caption, a line on the runs of each data set, and the version."""
    by_data: dict[str, list[ChosenRun]] = {}
    for run in runs:
        by_data.setdefault(run.record.config.dataset.name, []).append(run)
    captions = [caption] if caption.strip() else []
    return (*captions, *(_settings(short_dataset(name), found) for name, found in by_data.items()), _PROGRAM)


def _settings(dataset: str, runs: Sequence[ChosenRun]) -> str:
    """`pbmc68k · one stage · labels 20 % · scANVI, Both · Condensed schedule · seed 0 · n = 210 test cells`."""
    configs = [run.record.config for run in runs]
    n_cells = _each(wording.count(split.get("n_test")) for run in runs if (split := run.record.split()) is not None)
    parts = [
        dataset,
        _each(wording.FORMS.get(config.form, config.form) for config in configs),
        "labels " + _each(config.title.split(" · ")[1] for config in configs),
        _each(config.mix.name for config in configs),
        _each(wording.SCHEDULES[config.train.schedule] for config in configs) + " schedule",
        "seed " + _each(map(str, sorted(config.train.seed for config in configs))),
        *([f"n = {n_cells} test cells"] if n_cells else []),
    ]
    return " · ".join(parts)


def _each(values: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(values))
