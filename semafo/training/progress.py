"""What a training run tells while it works, and how it learns that it should stop."""

import math
from typing import Protocol


class Progress(Protocol):
    """Where a run reports to. `checkpoint` is called at every minibatch, so it must be cheap."""

    def plan(self, expected: dict[str, float]) -> None:
        """Stages to come, in their order, with the seconds that each is expected to take."""

    def begin(self, stage: str, n_epochs: int = 0) -> None:
        """A stage starts; stages without epochs have 0."""

    def epoch(self, epoch: int, terms: dict[str, float]) -> None:
        """An epoch (counted from 1) is over; `terms` are its loss terms in nats a cell, and `keys.DIAGNOSTICS`."""

    def checkpoint(self) -> None:
        """Raise RunCancelled where the run should stop."""


class PrintedProgress:
    """Progress for those who watch a terminal or a notebook: one line a stage, when it has ended."""

    def __init__(self) -> None:
        self._stage, self._n_epochs = "", 0

    def plan(self, expected: dict[str, float]) -> None:
        """Say nothing."""

    def begin(self, stage: str, n_epochs: int = 0) -> None:
        """Remember which stage it is."""
        self._stage, self._n_epochs = stage, n_epochs

    def epoch(self, epoch: int, terms: dict[str, float]) -> None:
        """Say the loss of the last epoch. A loss that is no number raises FloatingPointError."""
        bad = [name for name, value in terms.items() if not math.isfinite(value)]
        if bad:
            raise FloatingPointError(f"{', '.join(bad)} became infinite or NaN in epoch {epoch}")
        if epoch == self._n_epochs:
            print(f"{self._stage}: {epoch} epochs, loss {terms['loss']:.4g} nats a cell")

    def checkpoint(self) -> None:
        """Never stop."""
