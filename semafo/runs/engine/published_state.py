"""What the engine tells everybody: the order of the queue (queue.json), and who works on what (engine.json)."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from semafo.files import read_json, write_json
from semafo.runs.engine.half_run import HalfRun
from semafo.runs.home import Home
from semafo.runs.workers.base import Workers
from semafo.runs.workers.work import TRAIN


class PublishedState:
    """The two files, written when they change."""

    def __init__(self, home: Home, pool: Workers[Any]) -> None:
        self._home = home
        self._pool = pool
        self._queue: dict[str, Any] | None = None

    def show(self, waiting: Iterable[tuple[HalfRun, HalfRun | None]], jobs: Sequence[HalfRun]) -> None:
        """Write what is new.

        Parameters
        ----------
        waiting
            In their order: jobs that may start, each with the one that makes a stage which it needs.
        jobs
            All of them.
        """
        self._show_queue(waiting)
        busy = {job.record.run_id: job.worker.label for job in jobs if job.worker is not None}
        facts = {
            "pid": os.getpid(),
            "workers": [worker.label for worker in self._pool.workers if worker.label is not None],
            "busy": busy,
            "scheduler": self._pool.address,
            "notice": self._pool.notice,
            "is_loading": bool(self._pool.workers) and not any(worker.ready.done() for worker in self._pool.workers),
        }
        if read_json(self._home.engine_file) != facts:
            write_json(self._home.engine_file, facts)

    def _show_queue(self, waiting: Iterable[tuple[HalfRun, HalfRun | None]]) -> None:
        shown = {}
        trainings = ((job, maker) for job, maker in waiting if job.half == TRAIN)
        for position, (job, maker) in enumerate(trainings, start=1):
            waits_for = f"the scVI stage that {maker.record.title} is training" if maker else None
            shown[job.record.run_id] = {"position": position, "waits_for": waits_for}
        if shown != self._queue:
            write_json(self._home.queue_file, shown)
            self._queue = shown
