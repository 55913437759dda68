"""What a training run tells while it works, and how it learns that it should stop."""

from typing import Any, Protocol

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from semafo.training.latent_watch import LatentWatch


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


# scvi-tools' names for what scVI logs, and ours. Our own module logs its terms under their own names.
_SCVI_TERMS = {"reconstruction_loss_train": "reconstruction", "kl_local_train": "kl", "train_loss": "loss"}


class EpochReporter(Callback):
    """Hands each epoch's loss terms to a `Progress` and stops the training when it says so.

    Parameters
    ----------
    progress
        Where to report to.
    terms
        Names of the logged metrics that are terms, and the names to report them under.
    watch
        Measures latent scale and label gap; has to come before the reporter among the callbacks.
    """

    def __init__(self, progress: Progress, terms: dict[str, str], watch: LatentWatch | None = None) -> None:
        self._progress = progress
        self._terms = terms
        self._watch = watch

    @classmethod
    def for_scvi(cls, progress: Progress) -> "EpochReporter":
        """Reporter for the scVI stage."""
        return cls(progress, _SCVI_TERMS)

    def on_train_batch_end(self, *_: Any) -> None:
        """After each minibatch: may raise RunCancelled."""
        self._progress.checkpoint()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report what the epoch's minibatches averaged to."""
        logged = trainer.callback_metrics
        terms = {ours: float(logged[theirs]) for theirs, ours in self._terms.items() if theirs in logged}
        seen = self._watch.latest if self._watch is not None else {}
        self._progress.epoch(trainer.current_epoch + 1, {**terms, **seen, "kl_weight": float(pl_module.kl_weight)})
