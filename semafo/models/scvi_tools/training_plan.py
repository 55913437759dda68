"""Training plans that log once an epoch.

Lightning's `log` costs about as much as the forward pass of a small minibatch when a dozen metrics are logged at every
step. Only the epoch's means are ever read, so these plans add the values up themselves and log the means.
"""

from typing import TYPE_CHECKING, Any

import torch
from scvi import REGISTRY_KEYS
from scvi.train import SemiSupervisedTrainingPlan
from torch import Tensor
from torchmetrics import Metric

if TYPE_CHECKING:
    from scvi.train import TrainingPlan as _Plan
else:
    _Plan = object


class LogsByEpoch(_Plan):
    """Mixin for scvi-tools' plans: what training steps log is added up, and the epoch's last step logs the means.

    The means are weighted by the minibatches' numbers of cells, as Lightning weights them.
    """

    _in_training_step = False

    def on_train_epoch_start(self) -> None:
        """Begin new sums."""
        self._sums: dict[str, tuple[Tensor, float]] = {}

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """The plan's own step, with its logging caught."""
        cells = batch if isinstance(batch, dict) else batch[0]  # a labelled minibatch may stand beside
        self._n_cells = len(cells[REGISTRY_KEYS.X_KEY])
        self._in_training_step = True
        try:
            loss: Tensor = super().training_step(batch, batch_idx)
        finally:
            self._in_training_step = False
        if self.trainer.is_last_batch:
            for name, (total, weights) in self._sums.items():
                super().log(name, total / weights, on_step=False, on_epoch=True, batch_size=1)
        return loss

    def log(self, name: str, value: Any, *arguments: Any, **how: Any) -> None:
        """Remember a value of a training step; anything else is Lightning's."""
        if not self._in_training_step:
            super().log(name, value, *arguments, **how)
        elif isinstance(value, Metric):  # adds up by itself and is read once
            if self.trainer.is_last_batch:
                super().log(name, value, *arguments, **how)
        else:
            weight = how.get("batch_size") or self._n_cells
            total, weights = self._sums.get(name, (0.0, 0.0))
            self._sums[name] = (total + weight * torch.as_tensor(value).detach(), weights + weight)


class SemiSupervisedPlan(LogsByEpoch, SemiSupervisedTrainingPlan):
    """scANVI's plan."""
