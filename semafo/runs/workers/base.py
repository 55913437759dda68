"""What the queue knows of workers, wherever they run: on this machine (`local`) or on a cluster (`cluster`)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from distributed import CancelledError

from semafo.settings.run_config import TrainSettings

_FETCH_SECONDS = 2  # that a round waits for the answer of a task that has ended: it is a few bytes


@dataclass(frozen=True)
class LostRun:
    """Why a worker is gone.

    Attributes
    ----------
    reason
        For the person whose run it was.
    counts
        Whether the run itself may have ended the worker. False where the scheduler was lost: the run is put back.
    """

    reason: str
    counts: bool = True


class SubmittedTask(Protocol):
    """What the engine uses of a `distributed.Future`, whose own methods are hardly annotated."""

    @property
    def status(self) -> str | None:
        """`finished` where there is a result."""

    def done(self) -> bool:
        """Whether it has ended, however."""

    def result(self, timeout: float | None = None) -> Any:
        """What came out; raises what was raised."""

    def cancel(self, *, force: bool = False) -> None:
        """Forget it, whoever else waits for it."""

    def release(self) -> None:
        """Let go of it."""


@dataclass(eq=False, kw_only=True)
class Worker(ABC):
    """A worker process and what it is doing."""

    name: str
    n_threads: int
    ready: SubmittedTask  # done once the libraries are imported
    task: SubmittedTask | None = None
    has_compiled: bool = False

    @property
    @abstractmethod
    def loss(self) -> LostRun | None:
        """None while it lives."""

    @property
    @abstractmethod
    def label(self) -> int | str | None:
        """What engine.json calls it: its process id where it is on this machine; None while it has none."""

    @property
    def is_idle(self) -> bool:
        """Whether it could start something now."""
        return self.task is None and self.ready.done() and self.loss is None

    def answer(self) -> Any:
        """What its task came to, which is then forgotten; a `LostRun` where there is no answer; None while it works."""
        if self.task is None or not self.task.done():
            return self.loss
        if self.task.status != "finished" and self.loss is not None:
            return self.loss
        found = result_of(self.task)
        if found is None or isinstance(found, LostRun):
            return self.loss or found  # how the process ended says more
        self.task = None
        return found


def result_of(task: SubmittedTask) -> Any:
    """The result of a task that has ended, a `LostRun` that says why there is none, or None while it is on its way."""
    try:
        return task.result(timeout=_FETCH_SECONDS)
    except TimeoutError:
        return None
    except CancelledError:  # nobody cancels a task whose answer he waits for
        return LostRun("The connection to the scheduler was lost.", counts=False)
    except Exception as error:  # whatever dask or the worker's imports raise
        if type(error).__name__ == "KilledWorker":
            return LostRun("The worker was lost while it trained this run. The run's log has its last words.")
        return LostRun(f"The worker could not answer ({type(error).__name__}: {error}).")


_Kind = TypeVar("_Kind", bound=Worker)


class Workers(Protocol[_Kind]):
    """The workers of an engine, all of one kind."""

    shares_cores: bool  # whether a run that waits for room holds back those behind it, which would take that room

    @property
    def address(self) -> str | None:
        """Of a cluster's scheduler."""

    @property
    def workers(self) -> Sequence[_Kind]:
        """Those that there are now."""

    @property
    def notice(self) -> str | None:
        """What users should know: why nothing starts."""

    def reserve(self, train: TrainSettings) -> _Kind | None:
        """A worker that may take a run with these settings now, or None while there is none."""

    def submit(self, worker: _Kind, function: Callable[..., Any], *arguments: Any) -> None:
        """Give an idle worker something to do."""

    def end(self, worker: _Kind) -> None:
        """Have a worker do no more of what it does."""

    def fill(self) -> None:
        """Start what workers are missing, or see which have come and gone."""

    def close(self) -> None:
        """End all that was started."""
