"""Make the trainings, several at a time, each with one thread. Finished ones are not repeated."""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from benchmarks.results.protocol import Task, tasks


def make(folder: Path, part: str, kang: str | None, jobs: int) -> None:
    """All trainings of a part."""
    make_tasks(folder, list(tasks(part, kang)), jobs, part)


def make_tasks(folder: Path, todo: list[Task], jobs: int, name_of_all: str) -> None:
    """These trainings, several at a time."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"  # before the workers import anything
    folder.mkdir(parents=True, exist_ok=True)
    groups = _that_share_scvi(todo)
    start, n_done = time.monotonic(), 0
    with ProcessPoolExecutor(jobs) as pool:
        for future in as_completed([pool.submit(_make_group, folder, group) for group in groups]):
            n_done += future.result()
            minutes = (time.monotonic() - start) / 60
            print(f"{name_of_all}: {n_done} of {len(todo)} trainings, {minutes:.1f} min", file=sys.stderr, flush=True)


def _that_share_scvi(todo: list[Task]) -> list[list[Task]]:
    """Trainings from the same scVI weights, which one process makes in turn."""
    groups: dict[tuple, list[Task]] = {}
    for task in todo:
        groups.setdefault((task.data, task.config.split.reference, task.division), []).append(task)
    return list(groups.values())


def _make_group(folder: Path, group: list[Task]) -> int:
    import logging
    import warnings

    warnings.filterwarnings("ignore")  # libraries' greetings; what matters about the data is in the split's warnings
    logging.disable(logging.WARNING)
    from benchmarks.results.training import scvi_latent, train

    for task in group:
        train(folder, task)
        scvi_latent(folder, task.config)
    return len(group)
