"""What a training run tells while it works, and how it learns that it should stop."""

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
