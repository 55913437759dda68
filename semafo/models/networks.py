"""Helpers around scvi-tools' networks: encode without sampling, dropout with its own noise, a minibatch of one cell."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from scvi.nn import Encoder
from torch import Tensor, nn
from torch.distributions import Normal


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
        if self.generator is None or self.generator.device.type != x.device.type:
            self.generator = torch.Generator(x.device).manual_seed(self.seed)
        keep = 1 - self.p
        return x * torch.empty_like(x).bernoulli_(keep, generator=self.generator).div_(keep)


def give_own_noise(network: nn.Module, seed: int) -> None:
    """Replace every dropout layer of the network by one with its own generator."""
    places = [
        (block, name, layer)
        for block in network.modules()
        for name, layer in block.named_children()
        if isinstance(layer, nn.Dropout)
    ]
    for number, (block, name, layer) in enumerate(places):
        setattr(block, name, OwnNoiseDropout(layer.p, seed + number))


def encode(encoder: Encoder, inputs: Tensor, *categories: Tensor) -> Normal:
    """Distribution an encoder gives, without the sample that calling it would draw."""
    hidden = encoder.encoder(inputs, *categories)
    variance = encoder.var_activation(encoder.var_encoder(hidden)) + encoder.var_eps
    return Normal(encoder.mean_encoder(hidden), variance.sqrt(), validate_args=False)


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
