"""Runs small enough to train in seconds, and waiting for what the engine does."""

import os
import signal
import time
from collections.abc import Callable

from semafo.data.catalogue import parse_simulation
from semafo.runs.engine.launch import engine_pid
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings

TINY = "simulated:cells=240,genes=60,types=3,batches=3,seed=1"
TINY_BATCHES = tuple(name for name, _ in parse_simulation(TINY).studies)


def tiny_config(
    mix: str = "scanvi", seed: int = 0, epochs: int = 2, reference: tuple[str, ...] = (), **split: object
) -> RunConfig:
    """A run of seconds, imports not counted."""
    settings = SplitSettings(reference=reference, **split)
    train = TrainSettings(epochs_pretrain=epochs, epochs_reference=2, epochs_query=2, seed=seed)
    return RunConfig(DatasetSpec(TINY), settings, Mix.parse(mix), train)


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Return when `condition` holds; fail the test where it does not get there."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "this did not happen in time"
        time.sleep(0.05)


def finished(home: Home, run_ids: list[str], seconds: float = 180) -> list[RunRecord]:
    """The runs, once each has ended in one way or another."""
    records = [RunRecord(home.runs / run_id) for run_id in run_ids]
    wait_for(lambda: not any(record.is_active for record in records), seconds)
    return records


def end_engine(home: Home) -> None:
    """End a test's engine and its workers."""
    pid = engine_pid(home)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: engine_pid(home) is None, 20)
