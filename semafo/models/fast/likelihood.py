"""Log-likelihood of a minibatch's counts from the decoder's logits, with gradients of our own.

Axes: B cells, G genes. Softmax, library size and likelihood are one function of autograd, which keeps a few arrays of
(B, G) where the composed operations keep a dozen. For a count x that is a whole number

    log Γ(x + θ) - log Γ(θ) = Σ_{k < x} log(θ + k)

and summed over the cells of a minibatch this needs, for each gene and k, only the number of cells with x > k. For
counts that are large or have decimals the gamma function itself is evaluated,

    log Γ(x + θ) - log Γ(θ) = Σ_{k < K} log(θ + k) + log Γ(x + θ) - log Γ(θ + K)

whatever K is. Value and gradient are those of `scvi.distributions`, the tiny constant in its logarithms included.

Source: Lopez et al. 2018 (scVI), likelihoods NB and ZINB with mean μ = library size · softmax(logits), dispersion θ.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

EPS = 1e-8  # scvi-tools adds it within logarithms


class Counts(NamedTuple):
    """The counts of some cells, and what can be said of them before the model is known.

    Attributes
    ----------
    x
        Counts, (B, G) float.
    library
        Sum of all counts of each cell, (B,) float.
    log_factorials
        Σ_g log(x_g!) of each cell, (B,) float.
    reached
        How many cells have more than k counts of a gene, k < K, those of `beyond` at every k, (G, K) float.
    beyond, genes_beyond
        Counts above K or with decimals, and their genes, (M,) float and (M,) int64.
    """

    x: Tensor
    library: Tensor
    log_factorials: Tensor
    reached: Tensor
    beyond: Tensor
    genes_beyond: Tensor


def log_likelihood(counts: Counts, logits: Tensor, log_theta: Tensor, zero_logits: Tensor | None = None) -> Tensor:
    """Log p(x | z, s), summed over the cells, in nats.

    Parameters
    ----------
    counts
        Counts of the B cells.
    logits
        The mean is library size · softmax(logits), (B, G).
    log_theta
        Logarithm of the inverse dispersion of each gene, (G,).
    zero_logits
        Logits of a zero that is none of the negative binomial's, (B, G): ZINB. None is the negative binomial.

    Returns
    -------
    Scalar
    """
    return _log_likelihood(logits, log_theta, zero_logits, counts)


class _LogLikelihood(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, log_theta: Tensor, zero_logits: Tensor | None, counts: Counts) -> Tensor:
        theta = log_theta.exp()  # (G,)
        mu = logits.softmax(-1).mul_(counts.library[:, None])  # (B, G)
        mu_eps, total = mu + EPS, mu + (theta + EPS)  # total: θ + μ
        log_total, log_theta_eps = total.log(), (theta + EPS).log()
        found = mu_eps.log().sub_(log_total).mul_(counts.x).sum() + _log_gammas(counts, theta)
        if zero_logits is None:
            sum_log_total = log_total.sum(0)  # (G,)
            found = found + (len(mu) * log_theta_eps - sum_log_total) @ theta  # θ log(θ / (θ + μ)) over all cells
            log_share = None
        else:
            log_share = log_theta_eps - log_total  # log(θ / (θ + μ)), (B, G)
            zero = torch.addcmul(-zero_logits, theta, log_share)
            at_zeros = F.softplus(-zero).mul_(1 - counts.x.sign())
            found = found + (zero + at_zeros - F.softplus(-zero_logits)).sum()
            sum_log_total = None
        ctx.save_for_backward(log_theta, zero_logits, mu, mu_eps, total, sum_log_total, log_share)
        ctx.counts = counts
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        log_theta, zero_logits, mu, mu_eps, total, sum_log_total, log_share = ctx.saved_tensors
        counts, theta = ctx.counts, log_theta.exp()
        inverse = total.reciprocal()  # 1 / (θ + μ), (B, G)
        grad_zeros = nb_share = None
        if zero_logits is not None:
            # how much of a zero is the negative binomial's; 1 where there is a count
            of_zeros = torch.addcmul(-zero_logits, theta, log_share)
            nb_share = 1 - torch.sigmoid(-of_zeros) * (1 - counts.x.sign())
            grad_zeros = (torch.sigmoid(-zero_logits) - nb_share) * grad if ctx.needs_input_grad[2] else None
        grad_theta = None
        if ctx.needs_input_grad[1]:
            grad_theta = _slope_of_theta(counts, theta, inverse, sum_log_total, log_share, nb_share) * theta * grad
        grad_logits = None
        if ctx.needs_input_grad[0]:
            share = inverse.mul_(mu)  # μ / (θ + μ)
            slope = mu.div(mu_eps).sub_(share).mul_(counts.x)  # ∂/∂log μ, (B, G)
            slope.addcmul_(share if nb_share is None else share * nb_share, theta, value=-1).mul_(grad)
            sums = slope.sum(-1, keepdim=True).div_(counts.library.clamp_min(EPS)[:, None])
            grad_logits = slope.addcmul_(mu, sums, value=-1)  # through the softmax
        return grad_logits, grad_theta, grad_zeros, None


_log_likelihood: Callable[[Tensor, Tensor, Tensor | None, Counts], Tensor] = _LogLikelihood.apply


def _log_gammas(counts: Counts, theta: Tensor) -> Tensor:
    """Σ log Γ(x + θ) - log Γ(θ) - log Γ(x + 1), over cells and genes."""
    steps, last = _steps(counts, theta)
    genes = counts.genes_beyond
    beyond = torch.lgamma(counts.beyond + theta[genes]) - torch.lgamma(last[genes])
    return (steps.log() * counts.reached).sum() + beyond.sum() - counts.log_factorials.sum()


def _slope_of_log_gammas(counts: Counts, theta: Tensor) -> Tensor:
    """∂/∂θ of `_log_gammas`, (G,)."""
    steps, last = _steps(counts, theta)
    genes = counts.genes_beyond
    beyond = torch.digamma(counts.beyond + theta[genes]) - torch.digamma(last[genes])
    return (counts.reached / steps).sum(1).index_add_(0, genes, beyond)


def _steps(counts: Counts, theta: Tensor) -> tuple[Tensor, Tensor]:
    """θ + k for k < K, (G, K), and θ + K, (G,)."""
    n_steps = counts.reached.shape[1]
    return theta[:, None] + torch.arange(n_steps, device=theta.device), theta + n_steps


def _slope_of_theta(
    counts: Counts,
    theta: Tensor,
    inverse: Tensor,
    sum_log_total: Tensor | None,
    log_share: Tensor | None,
    nb_share: Tensor | None,
) -> Tensor:
    """∂/∂θ of the log-likelihood, (G,); `nb_share` weighs the negative binomial (1 where it is None)."""
    own = theta / (theta + EPS)
    if sum_log_total is not None:
        logs = len(inverse) * ((theta + EPS).log() + own) - sum_log_total
        inverses = inverse.sum(0)
    else:
        assert log_share is not None  # ZINB has this and the next instead
        assert nb_share is not None
        logs = ((log_share + own) * nb_share).sum(0)
        inverses = (inverse * nb_share).sum(0)
    return logs - theta * inverses - (inverse * counts.x).sum(0) + _slope_of_log_gammas(counts, theta)
