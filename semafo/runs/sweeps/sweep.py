"""Sweeps: many runs that were asked for together, kept as a list of run ids in a folder of the home.

The runs themselves are runs like any other, so that a sweep that is begun again does only what is missing. What a
sweep adds: it can be paused, it goes on after the engine or the machine was stopped, and it stands behind comparisons
that somebody waits for.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Required, Self, TypedDict

from semafo import keys
from semafo.errors import RunNotFound
from semafo.files import read_json, write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home, is_run_id
from semafo.runs.library import store
from semafo.runs.sweeps.grid import Grid
from semafo.settings.fingerprint import fingerprint

PREFIX = "sweep-"
SWEEP_FILE, PAUSED_FILE = "sweep.json", "paused"
DELETED = "deleted"  # state of a run whose folder is gone
SCHEMA = 1
# What stands for the entries that a list's grid lacks
_NO_GRID = {"preset": None, "points": [""], "mixes": [""], "seeds": [], "split_seeds": []}


class GridNote(TypedDict, total=False):
    """What a sweep's list says of its grid, see `semafo.runs.sweeps.grid.Grid.to_dict`."""

    preset: str | None
    points: list[str]
    mixes: list[str]
    seeds: list[int]
    split_seeds: list[int]


class SweepNote(TypedDict, total=False):
    """sweep.json."""

    schema: int
    name: Required[str]
    created: float
    grid: Required[GridNote]
    run_ids: Required[list[str]]


@dataclass(frozen=True)
class Sweep:
    """A sweep, read from its folder."""

    home: Home
    sweep_id: str

    @classmethod
    def start(cls, home: Home, grid: Grid, name: str | None = None) -> Self:
        """Queue the runs of a grid. Begun again, the same grid is the same sweep, and finished runs are kept.

        Raises
        ------
        DataError
            A data set is not known or cannot be read.
        """
        configs = grid.configs()
        contexts = [store.in_context(config) for config in configs]
        sweep_id = PREFIX + fingerprint([config.fingerprint(**context) for config, context in contexts])[:12]
        sweep = cls(home, sweep_id)
        sweep.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        run_ids = list(dict.fromkeys(store.run_id_of(config, context) for config, context in contexts))
        facts = {"schema": SCHEMA, "name": name or _name(grid), "created": time.time(), "grid": grid.to_dict()}
        write_json(sweep.folder / SWEEP_FILE, {**facts, "run_ids": run_ids})  # first: no run of it is without its sweep
        sweep.resume()
        store.submit(home, configs, batch=sweep_id)
        return sweep

    @classmethod
    def of(cls, home: Home, sweep_id: str) -> "Sweep":
        """The sweep of that id, or of the only id that begins so. Raises RunNotFound."""
        found = [sweep for sweep in sweeps(home) if sweep.sweep_id.startswith(sweep_id) and sweep_id]
        if len(found) != 1:
            several = f"fits {len(found)} sweeps" if found else "is no sweep"
            known = ", ".join(sweep.sweep_id for sweep in sweeps(home)) or "none"
            raise RunNotFound(f"{sweep_id!r} {several} of this home. There are: {known}.")
        return found[0]

    @property
    def folder(self) -> Path:
        """Where the sweep is kept."""
        return self.home.sweeps / self.sweep_id

    @cached_property
    def facts(self) -> dict[str, Any]:
        """`name`, `created`, `grid` and `run_ids`; empty where the list cannot be read."""
        found: dict[str, Any] = read_json(self.folder / SWEEP_FILE, {}, SweepNote)
        if not found:
            return {}
        grid = {name: values for name, values in found["grid"].items() if values}
        return {**found, "grid": {**_NO_GRID, **grid}}

    @property
    def name(self) -> str:
        """What people call it."""
        name: str = self.facts["name"]
        return name

    @cached_property
    def records(self) -> list[RunRecord]:
        """Its runs, in the order in which they were asked for; deleted ones are left out."""
        folders = [self.home.run(run_id) for run_id in self.facts["run_ids"] if is_run_id(run_id)]
        return [RunRecord(folder) for folder in folders if (folder / keys.CONFIG_FILE).exists()]

    def by_point(self) -> dict[str, list[RunRecord]]:
        """Finished runs of each point of the grid, by its title, from few labels to many."""
        grid = self.facts["grid"]
        titles, n_mixes = grid["points"], len(grid["mixes"])
        of_run = {run_id: titles[i // n_mixes % len(titles)] for i, run_id in enumerate(self.facts["run_ids"])}
        done = self.done()
        return {title: [record for record in done if of_run[record.run_id] == title] for title in titles}

    def states(self) -> dict[str, str]:
        """State of each run, by its id."""
        found = {record.run_id: record.state for record in self.records}
        return {run_id: found.get(run_id, DELETED) for run_id in self.facts["run_ids"]}

    def counts(self) -> Counter[str]:
        """Number of runs in each state."""
        return Counter(self.states().values())

    def done(self) -> list[RunRecord]:
        """Runs that are finished."""
        return [record for record in self.records if record.state == keys.DONE and record.is_readable]

    @property
    def is_active(self) -> bool:
        """Whether a run of it waits or works."""
        return any(record.is_active for record in self.records)

    @property
    def is_paused(self) -> bool:
        """Whether no further run is started."""
        return (self.folder / PAUSED_FILE).exists()

    def pause(self) -> None:
        """Start no further run; those that work end in their own time."""
        (self.folder / PAUSED_FILE).touch()

    def resume(self) -> None:
        """Go on."""
        (self.folder / PAUSED_FILE).unlink(missing_ok=True)

    def cancel(self) -> None:
        """Stop every run that waits or works; finished ones are kept."""
        for record in reversed(self.records):  # the waiting ones first, so that none of them starts in between
            if record.is_active:
                store.cancel(self.home, record.run_id)

    def retry(self) -> None:
        """Queue again what failed or was cancelled."""
        ended = [record for record in self.records if record.state in (keys.FAILED, keys.CANCELLED)]
        again = [record.config for record in ended if record.is_readable]
        self.resume()
        if again:
            store.submit(self.home, again, batch=self.sweep_id)


def sweeps(home: Home) -> list[Sweep]:
    """All sweeps of a home whose lists can be read, newest first."""
    if not home.sweeps.exists():
        return []
    found = [Sweep(home, folder.parent.name) for folder in home.sweeps.glob(f"{PREFIX}*/{SWEEP_FILE}")]
    found = [sweep for sweep in found if sweep.facts]  # a damaged list is none; its runs are among the others
    return sorted(found, key=lambda sweep: -sweep.facts.get("created", 0))


def paused(home: Home) -> set[str]:
    """Ids of the sweeps that are paused."""
    return {path.parent.name for path in home.sweeps.glob(f"{PREFIX}*/{PAUSED_FILE}")}


def is_of_sweep(batch: str | None) -> bool:
    """Whether a run's `batch` is a sweep."""
    return batch is not None and batch.startswith(PREFIX)


def _name(grid: Grid) -> str:
    """`kang_pbmc, 1 % to 50 %`, `simulated, the paper's pancreas splits`."""
    name = grid.points[0].dataset.name
    dataset = Path(name).stem if name.endswith(".h5ad") else name.partition(":")[0]
    points = _range([point.title for point in grid.points]) if grid.preset is None else _splits(grid.preset)
    return f"{dataset}, {points}"


def _splits(family: str) -> str:
    return f"the paper's {family.replace('-', ' ')} splits"


def _range(titles: Sequence[str]) -> str:
    return titles[0] if len(titles) == 1 else f"{titles[0]} to {titles[-1]}"
