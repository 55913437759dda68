"""Latent scale and label gap while a model trains, on a fixed sample of its cells."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from scvi import REGISTRY_KEYS
from torch import nn

from semafo import keys
from semafo.evaluation.latent import label_gap, latent_scale
from semafo.models.semafovi import SemafoVI

N_SAMPLE = 512


class LatentWatch(Callback):
    """Logs `latent_scale` and `label_gap` at the end of each epoch; training is bit for bit what it is without.

    Both are measured as `semafo.evaluation.latent` says, with dropout off, at the means of q(z|x, s) and q(u|z, y). The
    sample is drawn once, by a generator of its own: labelled cells of the training part, or, where there are none, any
    cells of it, and then without a label gap.

    Parameters
    ----------
    model
        The model that is trained.
    n_sample
        Cells at most.

    Attributes
    ----------
    latest
        What the last epoch gave, by name; a value that is not defined is left out.
    """

    def __init__(self, model: SemafoVI, n_sample: int = N_SAMPLE) -> None:
        self._model = model
        self._n_sample = n_sample
        self.latest: dict[str, float] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose the cells and load them, once."""
        train_indices = np.asarray(trainer.datamodule.train_idx)
        labelled = train_indices[np.isin(train_indices, self._model._labeled_indices)]
        pool = np.sort(labelled if len(labelled) else train_indices)
        chosen = np.random.default_rng(0).choice(pool, min(self._n_sample, len(pool)), replace=False)
        with self._no_draws():  # a data loader draws a seed for its workers, even where it has none
            cells = self._model._make_data_loader(
                adata=self._model.adata, indices=np.sort(chosen), batch_size=len(chosen), shuffle=False
            )
            self._tensors = next(iter(cells))
        codes = self._tensors[REGISTRY_KEYS.LABELS_KEY].cpu().numpy().ravel()
        self._codes = np.where(codes < self._model.n_labels, codes, -1)  # the unlabelled category is the last

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure, and log for the model's history."""
        found = self._measure()
        self.latest = {name: value for name, value in found.items() if value is not None}
        for name, value in self.latest.items():
            pl_module.log(name, value, on_step=False, on_epoch=True, batch_size=1)

    @torch.inference_mode()
    def _measure(self) -> dict[str, float | None]:
        module = self._model.module
        with self._no_draws(), evaluating(module):
            z = module.inference(**module._get_inference_input(self._tensors))["qz"].loc
            found: dict[str, float | None] = {keys.LATENT_SCALE: latent_scale(z.cpu().numpy())}
            if (self._codes >= 0).any():
                densities = module.label_log_density(z, self._model.trained_density())
                found[keys.LABEL_GAP] = label_gap(densities.cpu().numpy(), self._codes)
        return found

    @contextmanager
    def _no_draws(self) -> Iterator[None]:
        """Leave torch's generators as they were: encoding draws a sample of z that nobody needs."""
        device = self._model.module.device
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Switch dropout and batch statistics off for a while; every layer gets its own mode back."""
    modes: list[tuple[Any, bool]] = [(layer, layer.training) for layer in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for layer, training in modes:
            layer.training = training
