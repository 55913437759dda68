"""Latent scale and label gap while a model trains, on a fixed sample of its cells."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from semafo import keys
from semafo.evaluation.latent.diagnostics import label_gap, latent_scale
from semafo.models.fast.losses import Loss
from semafo.models.fast.minibatch import CellStore

N_SAMPLE = 512


class LatentWatch:
    """Measures `latent_scale` and `label_gap`; training is bit for bit what it is without.

    Both are measured as `semafo.evaluation.latent.diagnostics` says, with dropout off, at the means of q(z|x, s) and
    q(u|z, y). The
    sample is drawn once, by a generator of its own: labelled cells or, where there are none, any cells, and then
    without a label gap.

    Parameters
    ----------
    loss
        The loss that is trained, with the networks of a `SemafoVI`.
    store
        The cells.
    n_sample
        Cells at most.
    """

    def __init__(self, loss: Loss, store: CellStore, n_sample: int = N_SAMPLE) -> None:
        self._networks, self._module = loss.networks, loss.networks.module
        codes = store.labels.cpu().numpy()
        labelled = np.flatnonzero(codes < self._module.n_labels)  # the unlabelled category is the last
        pool = labelled if len(labelled) else np.arange(len(store))
        chosen = np.sort(np.random.default_rng(0).choice(pool, min(n_sample, len(pool)), replace=False))
        self._cells = store.take(torch.as_tensor(chosen))
        self._codes = np.where(codes[chosen] < self._module.n_labels, codes[chosen], -1)

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Latent scale and label gap by name, as they are now; a value that is not defined is left out."""
        with evaluating(self._module):
            z = self._networks.q_z(self._cells).loc
            found: dict[str, float | None] = {keys.LATENT_SCALE: latent_scale(z.cpu().numpy())}
            if (self._codes >= 0).any():
                densities = self._module.label_log_density(z, self._module.mix.trained_densities[0])
                found[keys.LABEL_GAP] = label_gap(densities.cpu().numpy(), self._codes)
        return {name: value for name, value in found.items() if value is not None}


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
