"""What a sweep will cost before it starts: runs, shared stages, minutes with so many workers, disk."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from semafo import keys
from semafo.runs.background.preflight import inspect, rehearse
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.settings.run_config import DatasetSpec, RunConfig
from semafo.training.duration import expected_seconds
from semafo.training.stage_cache import StageCache, pretrain_key

_SCORE_SECONDS = 3.0  # of a run's second half, where this home has not measured any yet
_BYTES_A_CELL, _BYTES_A_RUN = 400, 4_000_000  # embeddings, probabilities, table; weights and logs
_LATEST = 50  # finished runs that the pace of a machine is taken from

_Cells = tuple[DatasetSpec, tuple[str, ...], bool]  # data set, reference, whether that is all


@dataclass(frozen=True)
class Task:
    """A run as the workers see it: `shared` names its scVI stage, which the first run of that name trains."""

    shared: str
    shared_seconds: float
    own_seconds: float


@dataclass(frozen=True)
class Forecast:
    """What is to come.

    Attributes
    ----------
    n_runs, n_done
        Runs of the sweep, and those of them that are finished already.
    n_shared, n_shared_done
        scVI stages that they share, and those of them that are trained already.
    seconds
        Of the wall clock, with `n_workers` workers.
    n_bytes
        On disk, of what is missing.
    is_measured
        Whether the pace is that of runs on this machine; otherwise it is a laptop's.
    """

    n_runs: int
    n_done: int
    n_shared: int
    n_shared_done: int
    n_workers: int
    seconds: float
    n_bytes: int
    is_measured: bool


def forecast(home: Home, configs: Sequence[RunConfig], n_workers: int) -> Forecast:
    """Foresee a sweep.

    Raises
    ------
    DataError, SettingsError
        A run of it could not work.
    """
    speed = pace(home)
    cache, facts = StageCache(home.cache), _facts(home, configs)
    tasks, stages, n_done, n_bytes = [], {}, 0, 0
    for config in configs:
        config, context = store.in_context(config)
        key = pretrain_key(config, context)
        stages[key] = cache.has(key)
        if RunRecord(home.run(store.run_id_of(config, context))).state == keys.DONE:
            n_done += 1
            continue
        found = facts[_cells_of(config)]
        seconds = expected_seconds(config, found)
        shared = 0.0 if stages[key] else seconds.pop(keys.PRETRAIN, 0.0)
        seconds.pop(keys.PRETRAIN, None)
        tasks.append(Task(key, shared * speed.factor, sum(seconds.values()) * speed.factor + speed.score_seconds))
        n_bytes += _BYTES_A_RUN + _BYTES_A_CELL * found["n_cells"]
    return Forecast(
        n_runs=len(configs),
        n_done=n_done,
        n_shared=len(stages),
        n_shared_done=sum(stages.values()),
        n_workers=n_workers,
        seconds=makespan(tasks, n_workers),
        n_bytes=n_bytes,
        is_measured=speed.is_measured,
    )


def makespan(tasks: Sequence[Task], n_workers: int) -> float:
    """Seconds until the last task ends, if a free worker always takes the first task that can start.

    A task cannot start while another one trains the scVI stage that both need. Tasks keep their order otherwise, as in
    the engine's queue.
    """
    waiting, free_at = list(tasks), [0.0] * n_workers
    ready: dict[str, float] = {}  # when a shared stage is, or will be, there
    end = 0.0
    heapq.heapify(free_at)
    while waiting:
        now = heapq.heappop(free_at)
        place = next((i for i, task in enumerate(waiting) if ready.get(task.shared, now) <= now), None)
        if place is None:  # all wait for a stage that is being trained
            heapq.heappush(free_at, min(ready[task.shared] for task in waiting))
            continue
        task = waiting.pop(place)
        makes = task.shared not in ready
        if makes:
            ready[task.shared] = now + task.shared_seconds
        done = now + task.own_seconds + task.shared_seconds * makes
        heapq.heappush(free_at, done)
        end = max(end, done)
    return end


@dataclass(frozen=True)
class Pace:
    """How fast this machine is: its seconds over the expected ones, and the seconds of a run's scores."""

    factor: float
    score_seconds: float
    is_measured: bool


def pace(home: Home) -> Pace:
    """The pace of the latest finished runs of a home."""
    factors, scores = [], []
    for row in store.rows(home)[:_LATEST]:
        record = RunRecord(home.run(row["run_id"]))
        seconds, facts = record.status.get("seconds") or {}, record.split()
        if row["state"] != keys.DONE or not facts or "n_genes" not in facts or not seconds:
            continue
        expected = expected_seconds(record.config, facts)
        shared = set(seconds) & set(expected) - {keys.PRETRAIN}  # that one may have come from the cache
        if shared:
            factors.append(sum(seconds[name] for name in shared) / sum(expected[name] for name in shared))
        scores += [seconds[keys.SCORES]] * (keys.SCORES in seconds)
    return Pace(median(factors) if factors else 1.0, median(scores) if scores else _SCORE_SECONDS, bool(factors))


def _cells_of(config: RunConfig) -> _Cells:
    """What the counts of a split depend on; seeds and mixes change none that matters here."""
    return config.dataset, config.split.reference, config.split.reference_only


def _facts(home: Home, configs: Sequence[RunConfig]) -> Mapping[_Cells, dict[str, Any]]:
    """Counts of each kind of split, from the preflight of its data."""
    found: dict[_Cells, dict[str, Any]] = {}
    for config in configs:
        config, _ = store.in_context(config)
        if _cells_of(config) not in found:
            n_genes = min(config.dataset.n_hvg, inspect(home, config.dataset).report["n_genes"])
            found[_cells_of(config)] = {**rehearse(home, config).summary(), "n_genes": n_genes}
    return found
