"""The queue of a home: which run goes to which worker, and how each one ends."""

import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from semafo import keys
from semafo.files import read_json
from semafo.runs import requests
from semafo.runs.engine.forgotten_runs import ForgottenRuns
from semafo.runs.engine.half_run import HalfRun, is_run_of_sweep, keep, outcome_of_loss
from semafo.runs.engine.housekeeping import Housekeeper
from semafo.runs.engine.published_state import PublishedState
from semafo.runs.engine.status_writer import StatusWriter
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library.index import Index
from semafo.runs.library.rows import names_of
from semafo.runs.sweeps.sweep import is_of_sweep, paused
from semafo.runs.workers import tickets
from semafo.runs.workers.base import LostRun, Worker, Workers
from semafo.runs.workers.work import SCORE, SUPERSEDED, TRAIN, HalfOutcome, compile_kernels, work
from semafo.shortages import in_words, is_disk_shortage
from semafo.training.stage_cache import StageCache

_logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0  # after a round that could not do everything
_GRACE_SECONDS = 1.0  # after which a worker that was asked to stop is killed
_MOST_DEATHS = 2  # workers that one run may cost
_KEPT_AFTER_FAILURE = {keys.CONFIG_FILE, keys.STATUS_FILE, keys.LOG_FILE, keys.HISTORY_FILE, keys.SPLIT_FILE}


class Queue:
    """Everything happens in `round`, in one thread."""

    def __init__(self, home: Home, pool: Workers[Any]) -> None:
        self._home = home
        self._cache = StageCache(home.cache)
        self._index = Index(home)
        self._keeper = Housekeeper(home, self._index)
        self._jobs: list[HalfRun] = []
        self._pool = pool
        self._shown = PublishedState(home, pool)
        self._statuses = StatusWriter()
        self._has_failed = False
        self._forgotten = ForgottenRuns(home)
        self._recover()

    @property
    def has_work(self) -> bool:
        """Whether any run works or may start, or something is still to be written."""
        busy = any(job.worker is not None for job in self._jobs)
        return busy or bool(self._statuses.owed or self._has_failed or self._waiting())

    def close(self) -> None:
        """End the workers. What they were doing is marked by the next engine."""
        self._pool.close()
        self._index.close()

    def round(self) -> None:
        """Take requests, see what ended, start what can start.

        What a full disk keeps one part from doing keeps none of the others from it, such as emptying the trash; the
        queue is in memory, and the next round tries again.
        """
        parts = (self._pay, self._take_requests, self._find_forgotten, self._collect, self._pool.fill)
        later = (self._start_jobs, self._show, self._keeper.round)
        failed = [part.__name__ for part in (*parts, *later) if not self._carry_out(part)]
        if failed:
            time.sleep(_PAUSE_SECONDS)
        self._has_failed = bool(failed)

    def _carry_out(self, part: Callable[[], None]) -> bool:
        """Whether it could be done; why not is logged once, not in every round."""
        try:
            part()
        except (OSError, sqlite3.OperationalError) as error:
            if not self._has_failed:
                _logger.exception("A round did not finish. %s", in_words(error, self._home.path) or "")
            return False
        return True

    def _pay(self) -> None:
        """Write what the disk had no room for."""
        for run_id in self._statuses.pay():
            self._index.update(run_id)
        self._index.pay()

    def _find_forgotten(self) -> None:
        for run_id in self._forgotten.found({job.record.run_id for job in self._jobs}):
            self._on_queue(run_id)

    def _show(self) -> None:
        self._shown.show(((job, self._maker_of_stage(job)) for job in self._waiting()), self._jobs)

    def _recover(self) -> None:
        """What an engine before this one left: queued runs go on waiting, unfinished ones are marked as such."""
        self._keeper.clear_drafts()
        for run_id in names_of(self._home):
            record = RunRecord(self._home.run(run_id))
            if not record.is_readable:  # from a newer version, or damaged: nobody's to touch
                continue
            if record.is_committed:
                self._settle(record)
            elif record.state == keys.RUNNING:
                tickets.revoke(record.folder)
                if is_run_of_sweep(record):
                    self._again(record)
                else:
                    self._give_up(record, keys.FAILED, "The engine stopped while this run was working. Start it again.")
            elif record.state == keys.QUEUED:
                self._enqueue(record)
        self._index.rebuild()

    def _take_requests(self) -> None:
        for request in requests.taken(self._home):
            try:
                self._take(request)
            except Exception as error:  # nobody here sends such a request; it must not end this and each later engine
                if is_disk_shortage(error):
                    raise  # it stays on the disk, and comes again
                _logger.exception("A request is not understood and left out: %.200r", request)

    def _take(self, request: dict[str, Any]) -> None:
        match request.get("action"):
            case "queue":
                for run_id in request["run_ids"]:
                    self._on_queue(run_id)
            case "cancel":
                self._on_cancel(request["run_id"])
            case "delete":
                self._on_delete(request["run_id"])
            case _:
                self._keeper.take(request)

    def _on_queue(self, run_id: str) -> None:
        record = RunRecord(self._home.run(run_id))
        known = any(job.record.run_id == run_id for job in self._jobs)
        if not known and record.folder.exists() and record.state == keys.QUEUED:
            self._enqueue(record)
            self._index.update(run_id)

    def _enqueue(self, record: RunRecord) -> None:
        status = record.status
        if record.refusal is not None:  # from a newer version, or damaged
            self._write_status(record, state=keys.FAILED, reason=record.refusal, finished=time.time())
            return
        self._jobs.append(HalfRun(record, TRAIN, status.get("created") or time.time(), status.get("order") or 0))

    def _on_cancel(self, run_id: str) -> None:
        for job in [job for job in self._jobs if job.record.run_id == run_id]:
            if job.worker is None:
                self._finish(job, HalfOutcome(keys.CANCELLED, "Stopped before it began."))
            elif job.cancelled_at is None:
                (job.record.folder / keys.CANCEL_FILE).touch()
                job.cancelled_at = time.monotonic()

    def _on_delete(self, run_id: str) -> None:
        """Nobody waits for what a deleted run would have become, so its worker is not asked first."""
        for job in [job for job in self._jobs if job.record.run_id == run_id]:
            self._jobs.remove(job)
            if job.worker is not None:
                self._pool.end(job.worker)
            if job.record.folder.exists():
                self._give_up(job.record, keys.CANCELLED, "Deleted before it was finished.")
        self._keeper.throw_away(run_id)

    def _collect(self) -> None:
        """Notice jobs that ended, workers that were lost, and workers that do not stop when asked."""
        for job, worker in [(job, job.worker) for job in self._jobs if job.worker is not None]:
            answer = worker.answer()
            if isinstance(answer, HalfOutcome) and answer.state != SUPERSEDED:
                self._finish(job, answer)
            elif answer is not None:
                self._pool.end(worker)
                self._on_loss(job, answer if isinstance(answer, LostRun) else LostRun(answer.reason))
            elif job.cancelled_at and time.monotonic() - job.cancelled_at > _GRACE_SECONDS:
                self._pool.end(worker)
                self._finish(job, HalfOutcome(keys.CANCELLED, "Stopped on request."))
        for worker in list(self._pool.workers):
            if worker.loss is not None:
                self._pool.end(worker)
            elif worker.task is not None and worker.task.done() and not self._job_of(worker):
                worker.task = None

    def _on_loss(self, job: HalfRun, loss: LostRun) -> None:
        """A sweep's run gets a second worker; a run that has cost two, or that somebody watches, has failed.

        A run is put back where the scheduler was lost, which is nobody's fault.
        """
        deaths = loss.counts + (job.record.status.get("deaths") or 0)
        may_go_on = not loss.counts or (is_of_sweep(job.batch) and deaths < _MOST_DEATHS)
        if job.cancelled_at is None and may_go_on:
            _logger.warning("%s is tried again. %s", job.record.run_id, loss.reason)
            self._jobs.remove(job)
            self._again(job.record, deaths=deaths)
        else:
            self._finish(job, outcome_of_loss(job, loss))

    def _again(self, record: RunRecord, **noted: Any) -> None:
        """Do again what was not finished: the scores alone where the maps are there, nothing where all is there."""
        tickets.revoke(record.folder)
        if record.is_committed:
            self._settle(record)
            self._index.update(record.run_id)
            return
        half = SCORE if record.has_maps else TRAIN
        if half == TRAIN:
            keep(record.folder, {keys.CONFIG_FILE, keys.STATUS_FILE, keys.LOG_FILE})
            noted["state"] = keys.QUEUED
        self._write_status(record, **noted)
        self._index.update(record.run_id)
        status = record.status
        self._jobs.append(HalfRun(record, half, status.get("created") or time.time(), status.get("order") or 0))

    def _job_of(self, worker: Worker) -> HalfRun | None:
        return next((job for job in self._jobs if job.worker is worker), None)

    def _finish(self, job: HalfRun, outcome: HalfOutcome) -> None:
        self._jobs.remove(job)
        record = job.record
        tickets.revoke(record.folder)
        if outcome.state != keys.DONE:
            self._give_up(record, outcome.state, outcome.reason)
        elif job.half == TRAIN:
            self._write_status(record, seconds=outcome.seconds, reused_seconds=outcome.reused_seconds)
            self._jobs.append(HalfRun(record, SCORE, job.created, job.order, cancelled_at=None))
        else:
            seconds = {**record.status.get("seconds", {}), **outcome.seconds}
            self._write_status(record, state=keys.DONE, finished=time.time(), seconds=seconds)
        self._index.update(record.run_id)

    def _give_up(self, record: RunRecord, state: str, reason: str | None) -> None:
        """A run is kept whole or not at all: what it had written so far goes, but what explains its end.

        One that is committed is finished, whoever gives up on it.
        """
        if record.is_committed:
            self._settle(record)
            return
        keep(record.folder, _KEPT_AFTER_FAILURE)
        self._write_status(record, state=state, reason=reason, finished=time.time())

    def _settle(self, record: RunRecord) -> None:
        """Have a committed run's status say that it is done, where it was lost or says something else."""
        status = record.status
        if read_json(record.folder / keys.STATUS_FILE) != status:
            self._write_status(record, finished=status.get("finished") or time.time())

    def _write_status(self, record: RunRecord, **changes: Any) -> None:
        self._statuses.write(record, changes)

    def _start_jobs(self) -> None:
        for job in self._waiting():
            if self._maker_of_stage(job):
                continue
            worker = self._pool.reserve(job.record.config.train)
            if worker is not None:
                self._start(job, worker)
            elif self._pool.shares_cores:
                break  # what asks for more room than there is must not be overtaken for ever
        self._compile_on_idle_workers()

    def _start(self, job: HalfRun, worker: Worker) -> None:
        token = tickets.issue(job.record.folder)  # first: without it nothing has begun
        if job.half == TRAIN:
            self._write_status(job.record, state=keys.RUNNING, started=time.time())
            self._index.update(job.record.run_id)
        job.worker = worker
        self._pool.submit(worker, work, str(job.record.folder), str(self._home.cache), job.half, token)

    def _compile_on_idle_workers(self) -> None:
        for worker in self._pool.workers:
            if worker.is_idle and not worker.has_compiled:
                worker.has_compiled = True
                self._pool.submit(worker, compile_kernels)

    def _waiting(self) -> list[HalfRun]:
        """What may start, in its order. Of a paused sweep only what is half done goes on."""
        held = paused(self._home)
        free = (job for job in self._jobs if job.worker is None and not (job.half == TRAIN and job.batch in held))
        return sorted(free, key=lambda job: job.rank)

    def _maker_of_stage(self, job: HalfRun) -> HalfRun | None:
        """A job that is making a stage which this one needs."""
        missing = {key for key in job.stage_keys if not self._cache.has(key)}
        working = (other for other in self._jobs if other.worker is not None)
        return next((other for other in working if not missing.isdisjoint(other.stage_keys)), None)
