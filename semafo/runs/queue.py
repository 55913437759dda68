"""The queue of a home: which run goes to which worker, and how each one ends."""

import logging
import os
import shutil
import time
from typing import Any

from semafo import keys
from semafo.errors import SemafoError
from semafo.files import read_json, write_json
from semafo.runs.home import Home
from semafo.runs.index import Index
from semafo.runs.jobs import Job, clear_draft, is_run_of_sweep, keep, outcome_of_death
from semafo.runs.pool import Pool, Worker
from semafo.runs.processes import Nursery
from semafo.runs.record import RunRecord
from semafo.runs.sweep import is_of_sweep, paused
from semafo.runs.worker import SCORE, TRAIN, Outcome, compile_kernels, work
from semafo.training.cache import StageCache

_logger = logging.getLogger(__name__)

_GRACE_SECONDS = 1.0  # after which a worker that was asked to stop is killed
_MOST_DEATHS = 2  # workers that one run may cost
_KEPT_AFTER_FAILURE = {keys.CONFIG_FILE, keys.STATUS_FILE, keys.LOG_FILE, keys.HISTORY_FILE, keys.SPLIT_FILE}


class Queue:
    """Everything happens in `round`, in one thread."""

    def __init__(self, home: Home, n_cores: int, nursery: Nursery | None = None) -> None:
        self._home = home
        self._cache = StageCache(home.cache)
        self._index = Index(home)
        self._jobs: list[Job] = []
        self._queue_shown: dict[str, Any] | None = None
        self._recover()
        self._pool = Pool(home, n_cores, nursery)

    @property
    def has_work(self) -> bool:
        """Whether any run works or may start."""
        return any(job.worker is not None for job in self._jobs) or bool(self._waiting())

    def close(self) -> None:
        """End the workers. What they were doing is marked by the next engine."""
        self._pool.close()
        self._index.close()

    def round(self) -> None:
        """Take requests, see what ended, start what can start."""
        try:
            self._take_requests()
            self._collect()
            self._pool.fill()
            self._start_jobs()
            self._show_queue()
        except OSError:  # a full disk, most likely: the queue stays in memory and the next round tries again
            _logger.exception("A round did not finish.")
            time.sleep(1)

    def _recover(self) -> None:
        """What an engine before this one left: queued runs go on waiting, unfinished ones are marked as such."""
        for folder in sorted(self._home.runs.iterdir()):
            if folder.name.startswith("."):
                clear_draft(folder)
                continue
            record = RunRecord(folder)
            if record.status["state"] == keys.RUNNING:
                if (folder / keys.MANIFEST_FILE).exists():
                    self._write_status(record, state=keys.DONE)
                elif is_run_of_sweep(record):
                    self._again(record)
                else:
                    self._give_up(record, keys.FAILED, "The engine stopped while this run was working. Start it again.")
            elif record.state == keys.QUEUED:
                self._enqueue(record)
        for draft in self._home.cache.glob(".*"):
            clear_draft(draft)
        self._index.rebuild()

    def _take_requests(self) -> None:
        for path in sorted(self._home.inbox.glob("*.json")):
            request = read_json(path, {})
            path.unlink(missing_ok=True)
            match request.get("action"):
                case "queue":
                    for run_id in request["run_ids"]:
                        self._on_queue(run_id)
                case "cancel":
                    self._on_cancel(request["run_id"])
                case "delete":
                    self._on_delete(request["run_id"])

    def _on_queue(self, run_id: str) -> None:
        record = RunRecord(self._home.runs / run_id)
        known = any(job.record.run_id == run_id for job in self._jobs)
        if not known and record.folder.exists() and record.state == keys.QUEUED:
            self._enqueue(record)
            self._index.update(run_id)

    def _enqueue(self, record: RunRecord) -> None:
        status = record.status
        try:
            _ = record.config
        except SemafoError as error:  # from a newer version, or damaged
            self._give_up(record, keys.FAILED, str(error))
            return
        self._jobs.append(Job(record, TRAIN, status.get("created", time.time()), status.get("order", 0)))

    def _on_cancel(self, run_id: str) -> None:
        for job in [job for job in self._jobs if job.record.run_id == run_id]:
            if job.worker is None:
                self._finish(job, Outcome(keys.CANCELLED, "Stopped before it began."))
            elif job.cancelled_at is None:
                (job.record.folder / keys.CANCEL_FILE).touch()
                job.cancelled_at = time.monotonic()

    def _on_delete(self, run_id: str) -> None:
        """Nobody waits for what a deleted run would have become, so its worker is not asked first."""
        for job in [job for job in self._jobs if job.record.run_id == run_id]:
            self._jobs.remove(job)
            if job.worker is not None:
                self._pool.end(job.worker)
        shutil.rmtree(self._home.runs / run_id, ignore_errors=True)
        self._index.update(run_id)

    def _collect(self) -> None:
        """Notice jobs that ended, workers that died, and workers that do not stop when asked."""
        for job in [job for job in self._jobs if job.worker is not None]:
            worker = job.worker
            exit_code = worker.exit_code
            if worker.task.done() and worker.task.status == "finished":
                outcome, worker.task = worker.task.result(), None
                self._finish(job, outcome)
            elif exit_code is not None or worker.task.done():
                self._pool.end(worker)
                self._on_death(job, exit_code)
            elif job.cancelled_at and time.monotonic() - job.cancelled_at > _GRACE_SECONDS:
                self._pool.end(worker)
                self._finish(job, Outcome(keys.CANCELLED, "Stopped on request."))
        for worker in list(self._pool.workers):
            if worker.exit_code is not None:
                self._pool.end(worker)
            elif worker.task is not None and worker.task.done() and not self._job_of(worker):
                worker.task = None

    def _on_death(self, job: Job, exit_code: int | None) -> None:
        """A sweep's run gets a second worker; a run that has cost two, or that somebody watches, has failed."""
        deaths = 1 + job.record.status.get("deaths", 0)
        if job.cancelled_at is None and is_of_sweep(job.batch) and deaths < _MOST_DEATHS:
            _logger.warning("%s lost its worker (exit code %s) and is tried once more.", job.record.run_id, exit_code)
            self._jobs.remove(job)
            self._again(job.record, deaths=deaths)
        else:
            self._finish(job, outcome_of_death(job, exit_code))

    def _again(self, record: RunRecord, **noted: Any) -> None:
        """Do again what was not finished: the scores alone where the maps are there."""
        half = SCORE if record.has_maps else TRAIN
        if half == TRAIN:
            keep(record.folder, {keys.CONFIG_FILE, keys.STATUS_FILE, keys.LOG_FILE})
            noted["state"] = keys.QUEUED
        self._write_status(record, **noted)
        status = record.status
        self._jobs.append(Job(record, half, status.get("created", time.time()), status.get("order", 0)))

    def _job_of(self, worker: Worker) -> Job | None:
        return next((job for job in self._jobs if job.worker is worker), None)

    def _finish(self, job: Job, outcome: Outcome) -> None:
        self._jobs.remove(job)
        record = job.record
        if outcome.state != keys.DONE:
            self._give_up(record, outcome.state, outcome.reason)
        elif job.half == TRAIN:
            self._write_status(record, seconds=outcome.seconds, reused_seconds=outcome.reused_seconds)
            self._jobs.append(Job(record, SCORE, job.created, job.order, cancelled_at=None))
        else:
            seconds = {**record.status.get("seconds", {}), **outcome.seconds}
            self._write_status(record, state=keys.DONE, finished=time.time(), seconds=seconds)
        self._index.update(record.run_id)

    def _give_up(self, record: RunRecord, state: str, reason: str | None) -> None:
        """A run is kept whole or not at all: what it had written so far goes, but what explains its end."""
        keep(record.folder, _KEPT_AFTER_FAILURE)
        self._write_status(record, state=state, reason=reason, finished=time.time())

    def _write_status(self, record: RunRecord, **changes: Any) -> None:
        write_json(record.folder / keys.STATUS_FILE, {**record.status, **changes})

    def _start_jobs(self) -> None:
        for job in self._waiting():
            if self._maker_of_stage(job):
                continue
            worker = self._pool.reserve(job.record.config.train.n_threads)
            if worker is None:
                break  # what asks for more room than there is must not be overtaken for ever
            self._start(job, worker)
        self._compile_on_idle_workers()

    def _start(self, job: Job, worker: Worker) -> None:
        if job.half == TRAIN:
            self._write_status(job.record, state=keys.RUNNING, started=time.time())
            self._index.update(job.record.run_id)
        job.worker = worker
        self._pool.submit(worker, work, str(job.record.folder), str(self._home.cache), job.half)

    def _compile_on_idle_workers(self) -> None:
        for worker in self._pool.workers:
            if worker.is_idle and not worker.has_compiled:
                worker.has_compiled = True
                self._pool.submit(worker, compile_kernels)

    def _waiting(self) -> list[Job]:
        """What may start, in its order. Of a paused sweep only what is half done goes on."""
        held = paused(self._home)
        free = (job for job in self._jobs if job.worker is None and not (job.half == TRAIN and job.batch in held))
        return sorted(free, key=lambda job: job.rank)

    def _maker_of_stage(self, job: Job) -> Job | None:
        """A job that is making a stage which this one needs."""
        missing = {key for key in job.stage_keys if not self._cache.has(key)}
        working = (other for other in self._jobs if other.worker is not None)
        return next((other for other in working if not missing.isdisjoint(other.stage_keys)), None)

    def _show_queue(self) -> None:
        shown = {}
        for position, job in enumerate((job for job in self._waiting() if job.half == TRAIN), start=1):
            maker = self._maker_of_stage(job)
            waits_for = f"the scVI stage that {maker.record.title} is training" if maker else None
            shown[job.record.run_id] = {"position": position, "waits_for": waits_for}
        if shown != self._queue_shown:
            write_json(self._home.queue_file, shown)
            self._queue_shown = shown
        workers = [worker.process.pid for worker in self._pool.workers if worker.process.pid is not None]
        busy = {job.record.run_id: job.worker.process.pid for job in self._jobs if job.worker is not None}
        _write_if_changed(self._home, {"pid": os.getpid(), "workers": workers, "busy": busy})


def _write_if_changed(home: Home, facts: dict[str, Any]) -> None:
    if read_json(home.engine_file) != facts:
        write_json(home.engine_file, facts)
