"""The loss terms against loops, limits and Monte Carlo."""

import math

import pytest
import torch
from torch.distributions import Categorical, Normal, Poisson, kl_divergence

from semafo.models import objectives

B, C, L = 5, 3, 4


@pytest.fixture
def densities():
    """One log q(z|x), (B,), and three log-densities for every label, (B, C)."""
    torch.manual_seed(0)
    return torch.randn(B), torch.randn(B, C), torch.randn(B, C), torch.randn(B, C)


@pytest.fixture
def label_probs():
    torch.manual_seed(1)
    return torch.randn(B, C).softmax(-1)


def test_reconstruction_sums_minus_log_likelihood_over_genes():
    rates, counts = torch.full((B, 7), 2.0), torch.arange(35.0).reshape(B, 7)
    expected = [sum(2 - k * math.log(2) + math.lgamma(k + 1) for k in cell) for cell in counts.tolist()]
    torch.testing.assert_close(objectives.reconstruction(Poisson(rates), counts), torch.tensor(expected))


def test_scanvi_regulariser_equals_a_loop_over_labels(densities, label_probs):
    log_q_z, log_p_z, _, _ = densities
    expected = [log_q_z[b] - sum(label_probs[b, y] * log_p_z[b, y] for y in range(C)) for b in range(B)]
    torch.testing.assert_close(objectives.scanvi_regulariser(log_q_z, log_p_z, label_probs), torch.stack(expected))


def test_published_regulariser_equals_a_loop_over_labels(densities):
    log_q_z, log_r_z, log_q_u_at_z, _ = densities
    expected = []
    for b in range(B):
        double_encoding = sum(log_r_z[b, y] for y in range(C)) / C
        at_z = sum(log_q_u_at_z[b, y] for y in range(C))
        expected.append(log_q_z[b] - double_encoding - at_z)
    found = objectives.semafo_regulariser_published(log_q_z, log_r_z, log_q_u_at_z)
    torch.testing.assert_close(found, torch.stack(expected))


def test_normalised_regulariser_equals_a_loop_over_labels(densities, label_probs):
    log_q_z, log_r_z, log_q_u_at_z, _ = densities
    expected = []
    for b in range(B):
        weighted = sum(label_probs[b, y] * (log_r_z[b, y] + log_q_u_at_z[b, y]) for y in range(C))
        expected.append(log_q_z[b] - weighted / 2)
    found = objectives.semafo_regulariser_normalised(log_q_z, log_r_z, log_q_u_at_z, label_probs)
    torch.testing.assert_close(found, torch.stack(expected))


def test_normalised_weights_sum_to_one_and_published_ones_to_labels_plus_one(label_probs):
    zero, nat = torch.zeros(B), torch.ones(B, C)
    normalised = objectives.semafo_regulariser_normalised(zero, nat, nat, label_probs)
    published = objectives.semafo_regulariser_published(zero, nat, nat)
    torch.testing.assert_close(-normalised, torch.ones(B))
    torch.testing.assert_close(-published, torch.full((B,), C + 1.0))


def test_shrinking_every_latent_scale_pays_in_the_published_form_alone(label_probs):
    """Halving z adds L log 2 to every log-density: the published term falls by C·L·log 2, the normalised one by 0."""
    step = L * math.log(2)
    zero, flat = torch.zeros(B), torch.zeros(B, C)
    published = objectives.semafo_regulariser_published(zero + step, flat + step, flat + step)
    normalised = objectives.semafo_regulariser_normalised(zero + step, flat + step, flat + step, label_probs)
    torch.testing.assert_close(published, torch.full((B,), -C * step))
    torch.testing.assert_close(normalised, zero)


def test_kl_to_the_standard_normal_agrees_with_monte_carlo():
    torch.manual_seed(0)
    q = Normal(torch.randn(B, L), torch.rand(B, L) + 0.3)
    draws = q.sample((200_000,))
    prior = Normal(torch.zeros(B, L), torch.ones(B, L))
    estimate = (q.log_prob(draws) - prior.log_prob(draws)).sum(-1).mean(0)
    closed_form = objectives.kl_standard_normal(q.loc, q.scale)
    torch.testing.assert_close(closed_form, estimate, rtol=0.02, atol=0.02)
    torch.testing.assert_close(closed_form, kl_divergence(q, prior).sum(-1))


def test_kl_u_averages_over_labels(label_probs):
    kl_per_label = torch.rand(B, C)
    expected = torch.stack([sum(label_probs[b, y] * kl_per_label[b, y] for y in range(C)) for b in range(B)])
    torch.testing.assert_close(objectives.kl_u(kl_per_label, label_probs), expected)


@pytest.mark.parametrize("prior", [[1 / 3, 1 / 3, 1 / 3], [0.7, 0.2, 0.1]])
def test_kl_y_agrees_with_monte_carlo_and_is_zero_at_the_prior(label_probs, prior):
    torch.manual_seed(0)
    prior = torch.tensor([prior])
    draws = Categorical(probs=label_probs).sample((100_000,))
    log_ratio = (label_probs / prior).log().expand(len(draws), B, C)
    estimate = log_ratio.gather(-1, draws.unsqueeze(-1)).squeeze(-1).mean(0)
    torch.testing.assert_close(objectives.kl_y(label_probs, prior), estimate, rtol=0.03, atol=0.01)
    torch.testing.assert_close(objectives.kl_y(prior.expand(B, C), prior), torch.zeros(B))


def test_classification_is_minus_the_log_probability_of_the_observed_label(label_probs):
    labels = torch.tensor([0, 2, 1, 1, 0]).unsqueeze(-1)
    expected = -label_probs.gather(-1, labels).log().mean()
    torch.testing.assert_close(objectives.classification(label_probs.log(), labels), expected)


@pytest.fixture
def normals():
    """q(z|x), (B, L), and two densities of z for every label, (B, C, L), which do not depend on z."""
    generator = torch.Generator().manual_seed(3)

    def normal(*shape, scale=0.5):
        spread = torch.rand(*shape, generator=generator)
        return Normal(scale * torch.randn(*shape, generator=generator), 0.6 + spread)

    return normal(B, L), normal(B, C, L), normal(B, C, L)


def divergences(q, others):
    """KL(q || other) of each cell and label, (B, C)."""
    wide = Normal(q.loc.unsqueeze(1), q.scale.unsqueeze(1)).expand(others.loc.shape)
    return kl_divergence(wide, others).sum(-1)


def averaged(q, term):
    """Mean of a term over draws of z, (B,)."""
    torch.manual_seed(0)
    return term(q.sample((40_000,))).mean(0)


def log_density(others, z):
    return others.log_prob(z.unsqueeze(-2)).sum(-1)


def test_scanvi_regulariser_is_on_average_a_mean_of_divergences(normals, label_probs):
    """Its weights sum to one, so it cannot fall below 0."""
    q, p, _ = normals
    estimate = averaged(
        q, lambda z: objectives.scanvi_regulariser(q.log_prob(z).sum(-1), log_density(p, z), label_probs)
    )
    torch.testing.assert_close(estimate, (label_probs * divergences(q, p)).sum(-1), rtol=0.03, atol=0.03)


def test_normalised_regulariser_is_on_average_a_mean_of_divergences(normals, label_probs):
    q, r, q_u = normals
    estimate = averaged(
        q,
        lambda z: objectives.semafo_regulariser_normalised(
            q.log_prob(z).sum(-1), log_density(r, z), log_density(q_u, z), label_probs
        ),
    )
    expected = 0.5 * (label_probs * (divergences(q, r) + divergences(q, q_u))).sum(-1)
    torch.testing.assert_close(estimate, expected, rtol=0.03, atol=0.03)


def test_published_regulariser_has_the_entropy_of_q_c_times_over(normals):
    """mean_y KL(q || r_y) + Σ_y KL(q || q_y) + C·H(q): minimising it makes q narrow, without a bound."""
    q, r, q_u = normals
    estimate = averaged(
        q,
        lambda z: objectives.semafo_regulariser_published(
            q.log_prob(z).sum(-1), log_density(r, z), log_density(q_u, z)
        ),
    )
    expected = divergences(q, r).mean(-1) + divergences(q, q_u).sum(-1) + C * q.entropy().sum(-1)
    torch.testing.assert_close(estimate, expected, rtol=0.03, atol=0.05)


def test_by_label_keeps_the_cells_apart():
    label_major = torch.tensor([10 * cell + label for label in range(C) for cell in range(B)])
    expected = torch.tensor([[10 * cell + label for label in range(C)] for cell in range(B)])
    assert torch.equal(objectives.by_label(label_major, C), expected)
    assert torch.equal(objectives.by_label(label_major.expand(2, -1), C), expected.expand(2, -1, -1))
