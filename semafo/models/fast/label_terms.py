"""The terms of the loss that do not need the counts, for training: those of `SemafoVAE.latent_terms`, faster.

With C labels every cell has C times a u, a density of z and a divergence. Here Gaussians are a mean and a variance of
shape (L, C·B), so that sums over the latent dimensions add whole rows and z needs no copies; means and variances of a
network come from one product; and each kind of term is one function of autograd. Draws are those of the module.

Axes: B cells, C labels, H hidden units, L latent dimensions.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from scvi.nn import Encoder, FCLayers
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.distributions import Normal

from semafo.models import objectives
from semafo.models.layers import through, through_by_label
from semafo.models.semafovae import SemafoVAE

_LOG_2PI = math.log(2 * math.pi)


class LabelTerms:
    """Computes the latent terms of a minibatch.

    Parameters
    ----------
    module
        Whose networks and mix are used.
    """

    def __init__(self, module: SemafoVAE) -> None:
        self._module = module

    def __call__(self, q_z: Normal, z: Tensor) -> dict[str, Tensor]:
        """Each term by name, unweighted, (B,), in nats a cell. Draws u.

        Parameters
        ----------
        q_z
            q(z|x, s) of the cells, batch shape (B, L).
        z
            A sample of it, (B, L).
        """
        module, mix, (n_cells, n_latent) = self._module, self._module.mix, z.shape
        n_labels = module.n_labels
        hidden = through_by_label(module.encoder_z2_z1.encoder, z, n_labels, n_cells)
        mean, variance = _encoded(module.encoder_z2_z1, hidden)  # of q(u|z, y)
        noise = torch.randn(n_labels * n_cells, n_latent, device=z.device, dtype=z.dtype).t()
        u, kl_per_label = _sample_and_divergence(mean, variance, noise, n_labels)
        label_probs = self.logits_or_probs(z)
        label_probs = label_probs.softmax(-1) if module.classifier.logits else label_probs

        log_q_z, across = q_z.log_prob(z).sum(-1), z.t()  # (B,), (L, B)
        terms = {}
        if mix.w_scanvi:
            hidden = through_by_label(module.decoder_z1_z2.decoder, u.t(), n_labels, n_cells)
            decoder = module.decoder_z1_z2
            mean_z, log_variance = _heads(decoder.mean_decoder, decoder.var_decoder, hidden)
            log_p_z = _log_density(across, mean_z, log_variance.exp(), n_labels)
            terms["scanvi_regulariser"] = objectives.scanvi_regulariser(log_q_z, log_p_z, label_probs)
        if mix.w_semafo:
            hidden = through(module.encoder_z3_z2.encoder, u.t())
            log_r_z = _log_density(across, *_encoded(module.encoder_z3_z2, hidden), n_labels)
            log_q_u_at_z = _log_density(across, mean, variance, n_labels)
            terms["semafo_regulariser"] = module.semafo_regulariser(log_q_z, log_r_z, log_q_u_at_z, label_probs)
        terms["kl_u"] = objectives.kl_u(kl_per_label, label_probs)
        terms["kl_y"] = objectives.kl_y(label_probs, module.label_prior)
        return terms

    def logits_or_probs(self, z: Tensor) -> Tensor:
        """What the classifier gives, (B, C)."""
        for layer in self._module.classifier.classifier:
            z = through(layer, z) if isinstance(layer, FCLayers) else layer(z)
        return z


def _encoded(encoder: Encoder, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance that an encoder gives, from its last hidden layer. Each (L, rows)."""
    mean, variance = _heads(encoder.mean_encoder, encoder.var_encoder, hidden)
    return mean, encoder.var_activation(variance) + encoder.var_eps


def _heads(first: nn.Linear, second: nn.Linear, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Values of two layers on the same input, by one product. hidden: (rows, H). Each (L, rows)."""
    weight, bias = torch.cat((first.weight, second.weight)), torch.cat((first.bias, second.bias))
    of_first, of_second = torch.addmm(bias[:, None], weight, hidden.t()).chunk(2)
    return of_first, of_second


class _SampleAndDivergence(torch.autograd.Function):
    """A sample u of N(mean, variance), (L, C·B), and KL(N(mean, variance) || N(0, I)) under every label, (B, C)."""

    @staticmethod
    def forward(ctx: Any, mean: Tensor, variance: Tensor, noise: Tensor, n_labels: int) -> tuple[Tensor, Tensor]:
        scale = variance.sqrt()
        divergence = 0.5 * (variance - variance.log()).addcmul_(mean, mean).sum(0) - len(mean) / 2
        ctx.save_for_backward(mean, variance, scale, noise)
        return torch.addcmul(mean, scale, noise), divergence.view(n_labels, -1).t()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_u: Tensor, grad: Tensor) -> tuple[Tensor | None, ...]:
        mean, variance, scale, noise = ctx.saved_tensors
        grad = grad.t().reshape(1, -1)
        of_variance = (1 - variance.reciprocal()).mul_(grad).addcdiv_(grad_u * noise, scale).mul_(0.5)
        return torch.addcmul(grad_u, mean, grad), of_variance, None, None


_sample_and_divergence: Callable[[Tensor, Tensor, Tensor, int], tuple[Tensor, Tensor]] = _SampleAndDivergence.apply


class _LogDensity(torch.autograd.Function):
    """Log-density of z, (L, B), under Gaussians of mean and variance (L, C·B): (B, C)."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, mean: Tensor, variance: Tensor, n_labels: int) -> Tensor:
        shape = len(z), n_labels, -1
        mean, variance = mean.view(shape), variance.view(shape)
        away = z[:, None] - mean  # (L, C, B)
        scaled = away / variance
        ctx.save_for_backward(scaled, variance)
        return -0.5 * (variance.log().addcmul_(away, scaled).sum(0).t() + len(z) * _LOG_2PI)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        scaled, variance = ctx.saved_tensors
        grad = grad.t()  # (C, B)
        of_mean = scaled * grad
        of_variance = scaled.square().sub_(variance.reciprocal()).mul_(0.5 * grad)
        return -of_mean.sum(1), of_mean.flatten(1), of_variance.flatten(1), None


_log_density: Callable[[Tensor, Tensor, Tensor, int], Tensor] = _LogDensity.apply
