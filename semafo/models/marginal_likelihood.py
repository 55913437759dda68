"""The marginal likelihood of scANVI's generative model, by importance sampling.

scvi-tools estimates it as if z had the prior N(0, I), and with a reconstruction loss into which SCANVAE has already put
the terms of z, so its figure counts them twice. Here z has the prior that the model has: u ~ N(0, I), y ~ p(y),
z ~ p(z|u, y).

Axes: K samples, B cells, C labels, G genes, L latent dimensions.
"""

import math
from typing import TYPE_CHECKING

import torch
from scvi import REGISTRY_KEYS
from torch import Tensor
from torch.distributions import Distribution, Normal

from semafo.models import objectives

if TYPE_CHECKING:
    from semafo.models.semafovae import SemafoVAE


def log_marginal_likelihood(module: "SemafoVAE", tensors: dict[str, Tensor], n_samples: int, n_per_pass: int) -> Tensor:
    """Log p(x|s) of each cell, estimated from below: its bias falls with the number of samples (Burda et al. 2016).

    The mean of K importance weights p(x|z, s) p(z) / q(z|x, s), where p(z) is a sum over labels of
    p(y) p(u_y) p(z|u_y, y) / q(u_y|z, y) with one u_y ~ q(u|z, y) each. A learned library size is sampled too.

    Parameters
    ----------
    module
        A `SemafoVAE` whose p(z|u, y) was trained.
    tensors
        A minibatch.
    n_samples, n_per_pass
        K, and how many of them at once: memory grows with n_per_pass · C.

    Returns
    -------
    (B,), in nats
    """
    weights, left = [], n_samples
    while left > 0:
        n_now = min(n_per_pass, left)
        weights.append(_log_weights(module, tensors, n_now))
        left -= n_now
    return torch.cat(weights).logsumexp(0) - math.log(n_samples)  # (K, B) -> (B,)


def _log_weights(module: "SemafoVAE", tensors: dict[str, Tensor], n_samples: int) -> Tensor:
    inference, generative = module(
        tensors,
        inference_kwargs={"n_samples": n_samples},
        get_inference_input_kwargs={"full_forward_pass": True},
        compute_loss=False,
    )
    z = inference["z"]  # (K, B, L), or (B, L) for one sample
    log_p_x = -objectives.reconstruction(generative["px"], tensors[REGISTRY_KEYS.X_KEY])
    weights: Tensor = log_p_x + _log_prior(module, z) - inference["qz"].log_prob(z).sum(-1)
    if not module.use_observed_lib_size:
        mean, variance = module._compute_local_library_params(tensors[REGISTRY_KEYS.BATCH_KEY])
        weights = weights + _log_ratio(Normal(mean, variance.sqrt()), inference["ql"], inference["library"])
    return weights.reshape(n_samples, -1)  # (K, B)


def _log_prior(module: "SemafoVAE", z: Tensor) -> Tensor:
    """Log of an unbiased estimate of p(z), shaped as z without its last axis."""
    log_p_z, log_p_u, log_q_u = module.controlling_densities(z)  # (..., C) each
    return (module.label_prior.log() + log_p_u + log_p_z - log_q_u).logsumexp(-1)


def _log_ratio(p: Distribution, q: Distribution, values: Tensor) -> Tensor:
    return (p.log_prob(values) - q.log_prob(values)).sum(-1)
