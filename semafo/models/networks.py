"""Helpers around scvi-tools' networks: encode without sampling, all labels at once, dropout with its own noise.

Axes: B cells, C labels, H hidden units, L latent dimensions.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from scvi.nn import Decoder, Encoder, FCLayers
from torch import Tensor, nn
from torch.distributions import Normal
from torch.nn import functional as F

from semafo.models.layers import through_by_label

# Of running statistics in 20 epochs of 2800 cells at a momentum of 0.01: 1 % is left of the start.
_TIME_CONSTANTS = 4.4


class OwnNoiseDropout(nn.Dropout):
    """Dropout that draws from its own generator and leaves torch's alone."""

    def __init__(self, p: float, seed: int) -> None:
        super().__init__(p)
        self.seed = seed
        self.generator: torch.Generator | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Drop entries of x with probability p while training."""
        if not self.training or self.p == 0:
            return x
        keep = 1 - self.p
        return x * torch.empty_like(x).bernoulli_(keep, generator=self._own_generator(x.device)).div_(keep)

    def _own_generator(self, device: torch.device) -> torch.Generator:
        if self.generator is None or self.generator.device.type != device.type:
            self.generator = torch.Generator(device).manual_seed(self.seed)
        return self.generator


class QuickDropout(nn.Dropout):
    """Dropout that spends 16 random bits of NumPy's on an entry: a fifth of the time of torch's on a CPU.

    p is met within 1/131072. Every layer has noise of its own, so no other layer changes what it drops. On other
    devices the layer that it replaces does the work.

    Parameters
    ----------
    layer
        The layer to replace.
    seed
        Of the noise.
    """

    def __init__(self, layer: nn.Dropout, seed: tuple[int, ...]) -> None:
        super().__init__(layer.p)
        self.training = layer.training
        self._elsewhere = layer
        self._noise = np.random.Generator(np.random.SFC64(seed))
        self._n_dropped = round(self.p * 2**16)  # of 2^16 values that are all alike
        self._factor = np.float32(2**16 / max(1, 2**16 - self._n_dropped))

    def forward(self, x: Tensor) -> Tensor:
        """Drop entries of x with probability p while training."""
        if not self.training or self.p == 0:
            return x
        if x.device.type != "cpu":
            dropped: Tensor = self._elsewhere.train()(x)
            return dropped
        words = self._noise.integers(0, 2**64 - 1, -(-x.numel() // 4), np.uint64, endpoint=True)
        kept = words.view(np.uint16)[: x.numel()].reshape(x.shape) >= self._n_dropped
        return x * torch.from_numpy(np.multiply(kept, self._factor))


def give_own_noise(network: nn.Module, seed: int) -> None:
    """Replace every dropout layer of the network by one with its own generator."""
    for number, (block, name, layer) in enumerate(_dropout_layers(network)):
        setattr(block, name, OwnNoiseDropout(layer.p, seed + number))


def quicken_dropout(network: nn.Module) -> None:
    """Replace every dropout layer of the network by a `QuickDropout`, whose noise follows from torch's seed."""
    for number, (block, name, layer) in enumerate(_dropout_layers(network)):
        setattr(block, name, QuickDropout(layer, (torch.initial_seed(), number)))


def _dropout_layers(network: nn.Module) -> list[tuple[nn.Module, str, nn.Dropout]]:
    return [
        (block, name, layer)
        for block in network.modules()
        for name, layer in block.named_children()
        if isinstance(layer, nn.Dropout) and not isinstance(layer, QuickDropout)
    ]


def encode(encoder: Encoder, inputs: Tensor, *categories: Tensor) -> Normal:
    """Distribution an encoder gives, without the sample that calling it would draw."""
    return heads(encoder, encoder.encoder(inputs, *categories))


def encode_by_label(encoder: Encoder, z: Tensor, n_labels: int) -> Normal:
    """Distribution that an encoder of (z, label) gives under every label.

    z: (B, L), or (samples, B, L). Returns (C·B, L), label-major, or (samples, C·B, L).
    """
    return heads(encoder, _by_label(encoder.encoder, z, n_labels, n_cells=z.shape[-2]))


def decode_by_label(decoder: Decoder, u: Tensor, n_labels: int) -> Normal:
    """Distribution that a decoder of (u, label) gives. Both (C·B, L), label-major, or (samples, C·B, L)."""
    hidden = _by_label(decoder.decoder, u, n_labels, n_cells=u.shape[-2] // n_labels)
    return Normal(decoder.mean_decoder(hidden), (0.5 * decoder.var_decoder(hidden)).exp(), validate_args=False)


def _by_label(layers: FCLayers, x: Tensor, n_labels: int, n_cells: int) -> Tensor:
    """Layers that take a label, for every label; x has a row a cell, or is label-major already. Returns (C·B, H)."""
    if x.dim() == 3:  # samples of z: not on the path of training
        labels = F.one_hot(torch.arange(n_labels, device=x.device)).repeat_interleave(n_cells, 0)
        hidden: Tensor = layers(x if x.shape[1] > n_cells else x.repeat(1, n_labels, 1), labels)
        return hidden
    return through_by_label(layers, x, n_labels, n_cells)


def heads(encoder: Encoder, hidden: Tensor) -> Normal:
    """Distribution that an encoder gives, from the values of its last hidden layer."""
    variance = encoder.var_activation(encoder.var_encoder(hidden)) + encoder.var_eps
    return Normal(encoder.mean_encoder(hidden), variance.sqrt(), validate_args=False)


@contextmanager
def batch_norm_keeping_up(network: nn.Module, n_steps: int) -> Iterator[None]:
    """Let batch norm's running statistics forget where training begins, however few steps it has.

    At scvi-tools' momentum of 0.01 they need some 400 steps. A shorter training would be looked at through statistics
    of a latent space that is gone: under SemafoVAE's published regulariser, which shrinks it, that costs most of the
    accuracy.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        assert layer.momentum is not None  # scvi-tools gives every such layer one
        layer.momentum = max(layer.momentum, min(1.0, _TIME_CONSTANTS / n_steps))
    try:
        yield
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


@contextmanager
def running_statistics(network: nn.Module) -> Iterator[None]:
    """Let batch norm use what it has seen so far instead of the minibatch."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d) and layer.training]
    for layer in layers:
        layer.eval()
    try:
        yield
    finally:
        for layer in layers:
            layer.train()
