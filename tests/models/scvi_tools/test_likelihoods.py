"""Bound, marginal likelihood and reconstruction error: right for every mix, or refused."""

import numpy as np
import pytest
import scvi
import torch
from scvi import REGISTRY_KEYS
from scvi.model import SCANVI
from torch.distributions import Normal

from semafo.errors import SettingsError
from semafo.models.networks import encode
from semafo.models.semafovae import SemafoVAE
from semafo.models.semafovi import SemafoVI
from tests.models.conftest import UNLABELLED
from tests.models.test_semafovae import build, minibatch


def elbo(model, **kwargs):
    scvi.settings.seed = 0
    return model.get_elbo(**kwargs)


@pytest.fixture
def both(cells, start, train):
    return train(start(cells, (1, 1)))


def test_the_bound_is_that_of_scanvi_in_every_mix_that_has_one(both, pretrain, cells):
    theirs = SCANVI.from_scvi_model(pretrain(cells.copy()), UNLABELLED, labels_key="label")
    shared = {name: values for name, values in both.module.state_dict().items() if "z3_z2" not in name}
    theirs.module.load_state_dict(shared)
    theirs.is_trained_ = True
    theirs.module.eval()
    torch.testing.assert_close(elbo(both, return_mean=False), elbo(theirs, return_mean=False))
    assert both.mix.w_semafo == 1  # the mix is its own again


@pytest.mark.parametrize("method", ["get_elbo", "get_marginal_ll"])
def test_without_p_z_there_is_no_likelihood_of_the_cells(method, cells, start, train):
    model = train(start(cells, (0, 1)), 1)
    with pytest.raises(SettingsError, match=r"needs p\(z\|u, y\).*SemafoVAE.*get_reconstruction_error"):
        getattr(model, method)()
    assert np.isfinite(float(model.get_reconstruction_error()["reconstruction_loss"]))


def test_reconstruction_error_is_minus_log_p_of_x_alone(both):
    scvi.settings.seed = 0
    found = both.get_reconstruction_error(return_mean=False, batch_size=120)["reconstruction_loss"]
    scvi.settings.seed = 0
    tensors = next(iter(both._make_data_loader(adata=both.adata, batch_size=120)))
    with torch.inference_mode():
        _, generative = both.module(tensors, compute_loss=False)
    torch.testing.assert_close(found, -generative["px"].log_prob(tensors[REGISTRY_KEYS.X_KEY]).sum(-1))


def test_the_marginal_likelihood_lies_above_the_bound_and_rises_with_the_samples(both):
    few, many = (both.get_marginal_ll(n_mc_samples=n, n_mc_samples_per_pass=n) for n in (1, 50))
    assert float(both.get_elbo()) < many
    assert few < many


def test_the_marginal_likelihood_averages_cells_and_not_minibatches(both):
    cells = both.get_marginal_ll(n_mc_samples=20, n_mc_samples_per_pass=7, return_mean=False)
    assert cells.shape == (120,)
    scvi.settings.seed = 0
    mean = both.get_marginal_ll(n_mc_samples=20, batch_size=100)
    scvi.settings.seed = 0
    each = both.get_marginal_ll(n_mc_samples=20, batch_size=100, return_mean=False)
    assert mean == pytest.approx(each.mean().item())


@pytest.mark.parametrize("n_per_pass", [1, 4])
def test_the_marginal_likelihood_equals_a_slow_loop(n_per_pass):
    module = build(SemafoVAE, w_scanvi=1, w_semafo=1, label_prior=(0.6, 0.3, 0.1)).eval()
    tensors = minibatch(1)
    torch.manual_seed(6)
    found = module.marginal_ll(tensors, n_mc_samples=4, n_mc_samples_per_pass=n_per_pass)
    torch.manual_seed(6)
    weights = []
    with torch.no_grad():
        for _ in range(4 // n_per_pass):
            inference, generative = module(tensors, compute_loss=False, inference_kwargs={"n_samples": n_per_pass})
            z = inference["z"].reshape(n_per_pass, -1, 4)
            log_p_x = generative["px"].log_prob(tensors[REGISTRY_KEYS.X_KEY]).sum(-1).reshape(n_per_pass, -1)
            noise = torch.randn(n_per_pass, 3 * z.shape[1], 4)
            for k in range(n_per_pass):
                prior = 0
                for y, p_y in enumerate((0.6, 0.3, 0.1)):
                    one_hot = torch.eye(3)[y].expand(z.shape[1], 3)
                    q_u = encode(module.encoder_z2_z1, z[k], one_hot)
                    u = q_u.loc + q_u.scale * noise[k, y * z.shape[1] : (y + 1) * z.shape[1]]
                    mean, variance = module.decoder_z1_z2(u, one_hot)
                    log_p = Normal(mean, variance.sqrt()).log_prob(z[k]) + Normal(0, 1).log_prob(u) - q_u.log_prob(u)
                    prior = prior + p_y * log_p.sum(-1).exp()
                weights.append(log_p_x[k] + prior.log() - inference["qz"].log_prob(z[k]).sum(-1))
    expected = torch.stack(weights).exp().mean(0).log()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.long
def test_importance_weights_of_the_prior_of_z_average_to_one():
    """E_q [p(z) / q(z|x)] = 1 for any normalised prior: what would fail if a density were counted twice."""
    module = build(SemafoVAE, w_scanvi=1, w_semafo=0, n_latent=2).eval()
    with torch.no_grad():
        inference, _ = module(minibatch(1), compute_loss=False)
        q_z = Normal(inference["qz"].loc, 1.5 * torch.ones_like(inference["qz"].loc))
        torch.manual_seed(0)
        z = q_z.sample((30_000,))
        log_p_z, log_p_u, log_q_u = module.controlling_densities(z)
        log_prior = (module.label_prior.log() + log_p_u + log_p_z - log_q_u).logsumexp(-1)
        mean_weight = (log_prior - q_z.log_prob(z).sum(-1)).exp().mean(0)
    torch.testing.assert_close(mean_weight, torch.ones(12), rtol=0.1, atol=0.0)


def test_a_learned_library_size_is_part_of_the_marginal_likelihood(cells, train):
    SemafoVI.setup_anndata(cells, "label", UNLABELLED, batch_key="batch")
    model = train(SemafoVI(cells, n_hidden=8, use_observed_lib_size=False, w_scanvi=1, w_semafo=1))
    few, many = (model.get_marginal_ll(n_mc_samples=n, n_mc_samples_per_pass=n) for n in (1, 50))
    assert float(model.get_elbo()) < many
    assert few < many
