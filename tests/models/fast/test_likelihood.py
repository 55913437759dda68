"""The likelihood of a minibatch is scvi-tools' likelihood, in value and gradient."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scvi.distributions import NegativeBinomial, ZeroInflatedNegativeBinomial

from semafo.models.fast.likelihood import Counts, log_likelihood
from semafo.models.fast.minibatch import CellStore

N_STEPS = 4  # few, so that many counts lie beyond


def counts_of(x):
    reached = (x[:, :, None] > torch.arange(N_STEPS)).sum(0).to(x.dtype)
    cells, genes = (x > N_STEPS).nonzero(as_tuple=True)
    return Counts(x, x.sum(1), torch.lgamma(x + 1).sum(1), reached, x[cells, genes], genes)


def with_decimals(x, share, seed):
    """That share of the counts lowered by less than a half, as where ambient RNA was subtracted."""
    generator = torch.Generator().manual_seed(seed)
    less, chosen = (torch.rand(x.shape, generator=generator, dtype=x.dtype) for _ in range(2))
    return torch.where((x > 0) & (chosen < share), x - less / 2, x)


def case(seed, n_cells, n_genes, dtype, sparsity=6.0):
    """Counts with a first gene that every cell has, and parameters that want gradients."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    rates = torch.rand(n_cells, n_genes, generator=generator, dtype=dtype) ** sparsity * 20
    x = torch.poisson(rates, generator=generator)
    x[:, 0] += 1
    logits, log_theta, zero_logits = normal(n_cells, n_genes), 2 * normal(n_genes), 2 * normal(n_cells, n_genes)
    return x, logits.requires_grad_(), log_theta.requires_grad_(), zero_logits.requires_grad_()


def by_scvi(x, logits, log_theta, zero_logits):
    mu, theta = x.sum(1, keepdim=True) * logits.softmax(-1), log_theta.exp()
    if zero_logits is None:
        p_x = NegativeBinomial(mu=mu, theta=theta, validate_args=False)
    else:
        p_x = ZeroInflatedNegativeBinomial(mu=mu, theta=theta, zi_logits=zero_logits, validate_args=False)
    return p_x.log_prob(x).sum()


def compare(counts, parameters, tolerance):
    counts = counts if isinstance(counts, Counts) else counts_of(counts)
    expected, found = by_scvi(counts.x, *parameters), log_likelihood(counts, *parameters)
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    wanted = [parameter for parameter in parameters if parameter is not None]
    gradients = (torch.autograd.grad(3 * value, wanted) for value in (expected, found))
    for theirs, ours in zip(*gradients, strict=True):
        size = max(float(theirs.norm()), 0.1)  # of few cells, terms of order one can cancel to less
        assert (theirs - ours).norm() <= tolerance * size


@pytest.mark.parametrize("inflated", [False, True], ids=["nb", "zinb"])
@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(2, 40))
def test_value_and_gradient_are_scvi_tools(inflated, seed, n_cells, n_genes):
    x, logits, log_theta, zero_logits = case(seed, n_cells, n_genes, torch.float64)
    compare(x, (logits, log_theta, zero_logits if inflated else None), 1e-10)


@pytest.mark.filterwarnings("ignore:The value argument must be within the support:UserWarning")
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0], ids=["whole", "mixed", "decimals"])
@pytest.mark.parametrize("inflated", [False, True], ids=["nb", "zinb"])
@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(2, 40))
def test_counts_with_decimals_have_scvi_tools_likelihood_too(inflated, share, seed, n_cells, n_genes):
    x, logits, log_theta, zero_logits = case(seed, n_cells, n_genes, torch.float64, sparsity=3.0)
    x = with_decimals(x, share, seed).float().numpy()  # what a store holds is of single precision
    codes = np.zeros(n_cells)
    store = CellStore(x, codes, codes, torch.device("cpu")).take(torch.arange(n_cells)).counts()
    exact = Counts(*(part.double() if part.is_floating_point() else part for part in store))
    exact = exact._replace(library=exact.x.sum(1), log_factorials=torch.lgamma(exact.x + 1).sum(1))
    compare(exact, (logits, log_theta, zero_logits if inflated else None), 1e-9)


@pytest.mark.parametrize("inflated", [False, True], ids=["nb", "zinb"])
def test_single_precision_keeps_five_digits(inflated):
    x, logits, log_theta, zero_logits = case(0, 128, 500, torch.float32)
    compare(x, (logits, log_theta, zero_logits if inflated else None), 1e-5)


@pytest.mark.parametrize("sparsity", [0.1, 60.0], ids=["hardly a zero", "hardly a count"])
@pytest.mark.parametrize("inflated", [False, True], ids=["nb", "zinb"])
def test_dense_and_nearly_empty_counts_are_right_too(inflated, sparsity):
    x, logits, log_theta, zero_logits = case(1, 9, 30, torch.float64, sparsity)
    compare(x, (logits, log_theta, zero_logits if inflated else None), 1e-10)


@pytest.mark.parametrize("inflated", [False, True], ids=["nb", "zinb"])
def test_a_parameter_that_is_frozen_leaves_the_others_as_they_are(inflated):
    x, logits, log_theta, zero_logits = case(2, 7, 20, torch.float64)
    zeros = zero_logits if inflated else None
    (all_free,) = torch.autograd.grad(log_likelihood(counts_of(x), logits, log_theta, zeros), logits)
    frozen = None if zeros is None else zeros.detach()
    value = log_likelihood(counts_of(x), logits, log_theta.detach(), frozen)
    (alone,) = torch.autograd.grad(value, logits)
    assert torch.equal(all_free, alone)


@pytest.mark.parametrize("inflated", [False, True], ids=["nb", "zinb"])
def test_a_cell_without_a_count_in_these_genes_breaks_nothing(inflated):
    x, logits, log_theta, zero_logits = case(4, 6, 20, torch.float64)
    x[2] = 0
    compare(x, (logits, log_theta, zero_logits if inflated else None), 1e-10)


def test_a_store_says_of_its_cells_what_the_likelihood_needs():
    x, *_ = case(3, 5, 17, torch.float32, sparsity=0.5)
    x[1, 2], x[4, 0] = 400, 16  # far beyond the small counts, and the largest of those
    codes = np.zeros(5)
    found = CellStore(x.numpy(), codes, codes, torch.device("cpu")).take(torch.tensor([4, 1, 0])).counts()
    chosen = x[[4, 1, 0]]
    n_steps = found.reached.shape[1]
    assert torch.equal(found.x, chosen)
    assert torch.equal(found.library, chosen.sum(1))
    torch.testing.assert_close(found.log_factorials, torch.lgamma(chosen + 1).sum(1))
    assert torch.equal(found.reached, (chosen[:, :, None] > torch.arange(n_steps)).sum(0).float())
    cells, genes = (chosen > n_steps).nonzero(as_tuple=True)
    beyond = zip(found.beyond.tolist(), found.genes_beyond.tolist(), strict=True)
    assert sorted(beyond) == sorted(zip(chosen[cells, genes].tolist(), genes.tolist(), strict=True))
