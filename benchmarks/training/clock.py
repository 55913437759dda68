"""The clock of the training benchmark, and the callbacks by which scvi-tools' trainer tells it of its epochs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lightning.pytorch.callbacks import Callback


@dataclass
class Clock:
    """Seconds on the wall and of the processor, those of each epoch, and the held-out ELBO on the way.

    The trace has (epoch, wall seconds, ELBO).
    """

    wall: float = 0.0
    processor: float = 0.0
    epochs: list[float] = field(default_factory=list)
    trace: list[tuple[int, float, float]] = field(default_factory=list)
    _start: tuple[float, float] = (0.0, 0.0)
    _epoch_start: float = 0.0

    def run(self) -> None:
        """Let it run."""
        self._start = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """Let it stand still."""
        self.wall += time.perf_counter() - self._start[0]
        self.processor += time.process_time() - self._start[1]

    def begin_epoch(self) -> None:
        """Note when an epoch begins."""
        self._epoch_start = time.perf_counter()

    def end_epoch(self) -> None:
        """Note the seconds of the epoch."""
        self.epochs.append(time.perf_counter() - self._epoch_start)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what is done within."""
        self.run()
        yield
        self.stop()

    def look(self, epoch: int, elbo: Callable[[], float]) -> None:
        """Note the ELBO without counting the time that it takes."""
        self.stop()
        self.trace.append((epoch, self.wall, elbo()))
        self.run()


class Looks(Callback):
    """Calls `look` with the epoch, from 1, after every `every`-th one."""

    def __init__(self, every: int, look: Callable[[int], None]) -> None:
        self._every, self._look = every, look

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if (trainer.current_epoch + 1) % self._every == 0:
            self._look(trainer.current_epoch + 1)


class Epochs(Callback):
    """Tells a clock when an epoch begins and ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self._clock.begin_epoch()

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._clock.end_epoch()
