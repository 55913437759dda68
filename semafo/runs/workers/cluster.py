"""Workers of a cluster: processes of `dask worker` that somebody else starts and that join a scheduler elsewhere.

The engine can neither start nor kill them. It sees them come and go, gives each of them one run at a time, and where it
takes a run away it voids the run's ticket (`semafo.runs.workers.tickets`), so that the worker stops by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from semafo.files import sha256
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.workers.base import LostRun, Worker, result_of
from semafo.runs.workers.cluster_connection import Connection, Link
from semafo.runs.workers.cluster_worker import GPU, greet
from semafo.runs.workers.tls import home_keys
from semafo.settings.run_config import TrainSettings


@dataclass(eq=False, kw_only=True)
class RemoteWorker(Worker):
    """A worker process somewhere.

    Attributes
    ----------
    greeting
        What it said of itself when it joined, see `semafo.runs.workers.cluster_worker.greet`; None until then.
    """

    address: str
    has_gpu: bool
    connection: Connection
    greeting: dict[str, str] | None = None

    @property
    def loss(self) -> LostRun | None:
        """Whether the scheduler, or the worker, is gone."""
        if not self.connection.is_alive:
            return LostRun("The connection to the scheduler was lost.", counts=False)
        if self.address not in self.connection.seen:
            return LostRun(
                f"The worker {self.name} left the cluster while it trained this run: it was killed, ran out of memory "
                "or time, or lost the network. The run's log has its last words."
            )
        return None

    @property
    def label(self) -> str | None:
        """Host and process id."""
        return None if self.greeting is None else self.greeting.get("label")

    @property
    def refusal(self) -> str | None:
        """Why it is given no runs."""
        return None if self.greeting is None else self.greeting.get("refusal")

    @property
    def is_fit(self) -> bool:
        """Whether it may be given runs, now or when it has ended another."""
        return self.greeting is not None and self.refusal is None and self.loss is None

    @property
    def is_idle(self) -> bool:
        """Whether it could start something now; dask stops giving work to workers that it has paused."""
        status = self.connection.seen.get(self.address, {}).get("status")
        return self.is_fit and super().is_idle and status == "running"


class RemotePool:
    """The workers that have joined a scheduler."""

    shares_cores = False  # a run of four threads waits for a worker of four, and no other run delays it

    def __init__(self, home: Home, address: str) -> None:
        self.address = address
        self.workers: list[RemoteWorker] = []
        self._unserved: set[int] = set()
        keys = home_keys(home)
        self._expected = (str(home.path), sha256(keys.ca), store.versions())
        self._link = Link(address, keys)

    @property
    def notice(self) -> str | None:
        """Why runs wait, or which workers take no part."""
        if self._link.connection is None:
            problem = self._link.problem
            return f"{problem} Runs wait for it; finished ones are kept." if problem else None
        refusals = [f"The worker {worker.name} {worker.refusal}" for worker in self.workers if worker.refusal]
        if refusals:
            rest = len(refusals) - 1
            return refusals[0] + (f" (And {rest} more workers that take no part.)" if rest else "")
        if not self.workers:
            return f"No worker has joined the scheduler {self.address}: `semafo keys` says how. Runs wait."
        return self._notice_of_threads()

    def _notice_of_threads(self) -> str | None:
        if not self._unserved:
            return None
        n = min(self._unserved)
        have = ", ".join(str(n) for n in sorted({worker.n_threads for worker in self.workers}))
        return f"Runs with {n} threads wait for a worker started with --nthreads {n}. There are workers with {have}."

    def reserve(self, train: TrainSettings) -> RemoteWorker | None:
        """An idle worker of just so many threads: one with a GPU for "auto", one without for "cpu", where it can be."""
        fit = [worker for worker in self.workers if worker.n_threads == train.n_threads]
        if not fit and all(worker.greeting is not None for worker in self.workers):
            self._unserved.add(train.n_threads)
        wants_gpu = train.accelerator != "cpu"
        idle = (worker for worker in fit if worker.is_idle)
        return min(idle, key=lambda worker: worker.has_gpu != wants_gpu, default=None)

    def submit(self, worker: RemoteWorker, function: Callable[..., Any], *arguments: Any) -> None:
        """Give an idle worker something to do. A connection that breaks in this moment is seen in the next round."""
        worker.task = self._ask(worker.connection, worker.address, function, *arguments)

    def end(self, worker: RemoteWorker) -> None:
        """Take its task away. A living worker is met anew: it answers the greeting once it has stopped."""
        if worker.task is not None:
            worker.task.release()
        self.workers.remove(worker)

    def fill(self) -> None:
        """See who has come. Those who have gone are found by their `loss`."""
        self._unserved.clear()
        connection = self._link.connection
        if connection is not None:
            known = {worker.address for worker in self.workers if worker.connection is connection}
            for address, facts in connection.seen.items():
                if address not in known:
                    self.workers.append(self._meet(connection, address, facts))
        for worker in self.workers:
            if worker.greeting is None and worker.ready.done():
                answer = result_of(worker.ready)
                worker.greeting = _unable(answer) if isinstance(answer, LostRun) else answer

    def close(self) -> None:
        """Leave the scheduler. Its workers stay, and stop what they do for this engine."""
        self._link.close()

    def _meet(self, connection: Connection, address: str, facts: dict[str, Any]) -> RemoteWorker:
        return RemoteWorker(
            name=str(facts["name"]),
            n_threads=facts["nthreads"],
            ready=self._ask(connection, address, greet, *self._expected),
            address=address,
            has_gpu=facts["resources"].get(GPU, 0) > 0,
            connection=connection,
        )

    @staticmethod
    def _ask(connection: Connection, address: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """A task for one worker only. Dask begins it again where that worker dies; tickets see to that."""
        return connection.client.submit(
            function, *arguments, workers=[address], allow_other_workers=False, pure=False, retries=0
        )


def _unable(loss: LostRun) -> dict[str, str]:
    """The greeting of a worker that could not even greet."""
    where = "The package must be installed there and where the scheduler runs, in this version."
    return {"refusal": f"takes no part. {loss.reason} {where}"}
