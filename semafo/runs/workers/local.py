"""Worker processes on dask.distributed: a scheduler that speaks TLS, and workers that the engine starts and watches.

Workers are processes of the engine's own, without dask's nanny: the engine sees at once how one ended, never has a task
repeated behind its back, and sets the number of threads before anything is imported. Those of one thread are forked
from a forkserver where there is one.
"""

import itertools
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dask
from distributed import Client, LocalCluster

from semafo.runs.home import Home
from semafo.runs.workers import work as worker_module
from semafo.runs.workers.base import LostRun, Worker
from semafo.runs.workers.processes import Forked, Forkserver, worker_environment
from semafo.runs.workers.tls import home_keys
from semafo.settings.run_config import TrainSettings
from semafo.shortages import how_it_ended

_CONFIG = {
    "distributed.scheduler.allowed-failures": 0,  # a run whose worker dies has failed; nothing is tried again silently
    "distributed.admin.tick.limit": "1h",  # importing and compiling hold the interpreter for seconds: no news
    "distributed.worker.daemon": False,
    "distributed.scheduler.http.routes": [],
}
_NO_PAGES = ("--no-dashboard", "--dashboard-address", "127.0.0.1:0")  # dask's HTTP, which knows no TLS, stays here


@dataclass(eq=False, kw_only=True)
class LocalWorker(Worker):
    """A worker process of this machine, and of this engine."""

    process: subprocess.Popen[bytes] | Forked

    @property
    def loss(self) -> LostRun | None:
        """How it ended, as the system says it."""
        exit_code = self.process.poll()
        return None if exit_code is None else LostRun(_reason_of_death(exit_code))

    @property
    def label(self) -> int | None:
        """Its process id, once it is born."""
        return self.process.pid


class Pool:
    """Workers of one thread each, as many as there are cores; wider ones take the place of several for one run."""

    address, notice = None, None
    shares_cores = True

    def __init__(self, home: Home, n_cores: int, forkserver: Forkserver | None = None) -> None:
        dask.config.set(_CONFIG)
        self._home = home
        self._n_cores = n_cores
        self._forkserver = forkserver
        self._names = itertools.count(1)
        self._keys = home_keys(home)
        self._cluster = LocalCluster(
            n_workers=0,
            host="127.0.0.1",
            protocol="tls",
            security=self._keys.security(),
            dashboard_address=None,
            silence_logs=False,
        )
        self._client = Client(self._cluster)
        self.workers: list[LocalWorker] = [self._start(1) for _ in range(n_cores)]

    def reserve(self, train: TrainSettings) -> LocalWorker | None:
        """A worker that may take a run of so many threads, or None while there is no room for it."""
        n_threads = train.n_threads
        idle = [worker for worker in self.workers if worker.is_idle]
        fitting = [worker for worker in idle if worker.n_threads == n_threads]
        if fitting:
            return fitting[0]
        if n_threads == 1 or any(worker.n_threads == n_threads for worker in self.workers):
            return None
        if len(idle) < min(n_threads, self._n_cores):
            return None
        for worker in idle[:n_threads]:
            self.end(worker)
        self.workers.append(self._start(n_threads))  # it is reserved in a later round, once it is ready
        return None

    def submit(self, worker: LocalWorker, function: Callable[..., Any], *arguments: Any) -> None:
        """Give an idle worker something to do."""
        worker.task = self._client.submit(function, *arguments, workers=[worker.name], pure=False)

    def end(self, worker: LocalWorker) -> None:
        """Kill a worker, whatever it is doing, and forget it."""
        if worker.task is not None:
            worker.task.cancel(force=True)
        worker.process.kill()
        worker.process.wait()
        self.workers.remove(worker)

    def fill(self) -> None:
        """Start one-thread workers until every core has one again. Wide workers go when they have nothing to do."""
        for worker in [w for w in self.workers if w.n_threads > 1 and w.is_idle and w.has_compiled]:
            self.end(worker)
        taken = sum(worker.n_threads for worker in self.workers)
        self.workers += [self._start(1) for _ in range(self._n_cores - taken)]

    def close(self) -> None:
        """End all workers and the scheduler."""
        for worker in list(self.workers):
            worker.process.kill()
        self._client.close(timeout=2)
        self._cluster.close(timeout=2)

    def _start(self, n_threads: int) -> LocalWorker:
        name = f"worker-{next(self._names)}"
        options = {
            "--name": name,
            "--nthreads": "1",
            "--host": "127.0.0.1",
            "--memory-limit": "0",
            "--preload": worker_module.__name__,
            "--local-directory": str(self._home.engine / "scratch"),
            **self._keys.options,
        }
        arguments = [self._cluster.scheduler_address, *(part for option in options.items() for part in option)]
        process = self._process([*arguments, "--no-nanny", *_NO_PAGES], n_threads)
        ready = self._client.submit(worker_module.import_libraries, workers=[name], pure=False)
        return LocalWorker(name=name, n_threads=n_threads, ready=ready, process=process)

    def _process(self, arguments: list[str], n_threads: int) -> subprocess.Popen[bytes] | Forked:
        """A process of `dask worker`: forked where that is possible, else one that imports for itself."""
        if n_threads == 1 and self._forkserver is not None and self._forkserver.exit_code is None:
            return self._forkserver.fork(arguments)
        command = [sys.executable, "-m", "distributed.cli.dask_worker", *arguments]
        return subprocess.Popen(command, env=worker_environment(n_threads), stdin=subprocess.DEVNULL)


def _reason_of_death(exit_code: int) -> str:
    how = f"The worker process {how_it_ended(exit_code)}"
    if exit_code == -signal.SIGKILL:
        return f"{how}: use fewer cells or genes, or run one model at a time. Start the run again when there is room."
    return f"{how}. The run's log has its last words."
