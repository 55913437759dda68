"""Log-likelihood of counts from the decoder's logits, with gradients of our own.

Axes: B cells, G genes, N non-zero counts of the B cells. Most counts are 0, and for those the negative binomial needs
no gamma function, so lgamma, digamma and the logarithm of the mean are evaluated at the non-zero counts alone. Softmax,
library size and likelihood are one function of autograd: it keeps three arrays of (B, G) where the composed operations
keep a dozen. Value and gradient are those of `scvi.distributions`, the tiny constant in its logarithms included.

Source: Lopez et al. 2018 (scVI), likelihoods NB and ZINB with mean μ = library size · softmax(logits), dispersion θ.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

EPS = 1e-8  # scvi-tools adds it within logarithms


class Counts(NamedTuple):
    """The counts of some cells, the zeros left out.

    Attributes
    ----------
    values
        Counts above 0, (N,) float.
    cells, genes
        Where they are: row and column of each, (N,) int64, sorted by row.
    library
        Sum of all counts of each cell, (B,) float.
    log_factorials
        Σ_g log(x_g!) of each cell, (B,) float.
    """

    values: Tensor
    cells: Tensor
    genes: Tensor
    library: Tensor
    log_factorials: Tensor

    def dense(self, n_genes: int) -> Tensor:
        """All counts, zeros included, (B, G)."""
        x = self.values.new_zeros(len(self.library), n_genes)
        x[self.cells, self.genes] = self.values
        return x


def log_likelihood(counts: Counts, logits: Tensor, log_theta: Tensor, zero_logits: Tensor | None = None) -> Tensor:
    """Log p(x | z, s) of each cell, in nats.

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
    (B,)
    """
    return _LogLikelihood.apply(logits, log_theta, zero_logits, counts)


class _LogLikelihood(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, log_theta: Tensor, zero_logits: Tensor | None, counts: Counts) -> Tensor:
        flat = counts.cells * logits.shape[1] + counts.genes  # (N,)
        theta = log_theta.exp()  # (G,)
        mu = logits.softmax(-1).mul_(counts.library[:, None])  # (B, G)
        log_sum = mu.add(theta + EPS).log_()  # log(θ + μ), (B, G)
        log_theta_eps = (theta + EPS).log()
        mu_here, log_sum_here, theta_here = mu.view(-1)[flat], log_sum.view(-1)[flat], theta[counts.genes]  # (N,)
        at_counts = counts.values * ((mu_here + EPS).log() - log_sum_here)
        at_counts += torch.lgamma(counts.values + theta_here) - torch.lgamma(theta)[counts.genes]
        if zero_logits is None:
            found = (theta @ log_theta_eps) - log_sum @ theta  # θ log(θ / (θ + μ)) over all genes
            inflated = None
        else:
            inflated = torch.addcmul(-zero_logits, theta, log_theta_eps - log_sum)  # (B, G)
            at_counts += inflated.view(-1)[flat]
            zeros = F.softplus(inflated)
            zeros.view(-1)[flat] = 0
            found = (zeros - F.softplus(-zero_logits)).sum(-1)
        found = found.index_add(0, counts.cells, at_counts) - counts.log_factorials
        ctx.save_for_backward(log_theta, zero_logits, mu, log_sum, inflated, flat)
        ctx.counts = counts
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        log_theta, zero_logits, mu, log_sum, inflated, flat = ctx.saved_tensors
        counts, theta, grad = ctx.counts, log_theta.exp(), grad[:, None]  # grad: (B, 1)
        share = torch.reciprocal(mu + (theta + EPS)).mul_(theta)  # θ / (θ + μ), (B, G)
        weight, grad_zero = grad, None  # of the negative binomial's part of each log-likelihood, (B, 1 or G)
        if zero_logits is not None:
            is_nb = inflated.sigmoid()  # how far a zero is the negative binomial's own, (B, G)
            is_nb.view(-1)[flat] = 1
            grad_zero = (torch.sigmoid(-zero_logits) - is_nb) * grad
            weight = is_nb.mul_(grad)

        grad_logits = grad_theta = None
        here = mu.view(-1)[flat], share.view(-1)[flat], theta[counts.genes], grad[counts.cells, 0]  # each (N,)
        if ctx.needs_input_grad[1]:
            excess = (theta + EPS).log() + theta / (theta + EPS) - log_sum - share  # ∂/∂θ of θ log(θ / (θ + μ))
            at_counts = _theta_slope_at_counts(counts, theta, *here)
            grad_theta = (excess * weight).sum(0).index_add(0, counts.genes, at_counts) * theta
        if ctx.needs_input_grad[0]:
            slope = share.mul_(mu).mul_(weight).neg_()  # ∂/∂log μ, (B, G)
            slope.view(-1).index_add_(0, flat, _mean_slope_at_counts(counts, *here))
            total = slope.sum(-1, keepdim=True) / counts.library.clamp_min(EPS)[:, None]
            grad_logits = slope.sub_(mu * total)  # through the softmax
        return grad_logits, grad_theta, grad_zero, None


def _theta_slope_at_counts(
    counts: Counts, theta: Tensor, mu: Tensor, share: Tensor, theta_here: Tensor, grad: Tensor
) -> Tensor:
    """∂/∂θ of what only counts above 0 have: log Γ(x + θ) - log Γ(θ) - x log(θ + μ), times grad. Returns (N,)."""
    gamma = torch.digamma(counts.values + theta_here) - torch.digamma(theta)[counts.genes]
    return (gamma - counts.values * share / theta_here) * grad


def _mean_slope_at_counts(counts: Counts, mu: Tensor, share: Tensor, theta_here: Tensor, grad: Tensor) -> Tensor:
    """∂/∂log μ of what only counts above 0 have: x log(μ / (θ + μ)), times grad. Returns (N,)."""
    return counts.values * (mu / (mu + EPS) - mu * share / theta_here) * grad
