"""The module against scvi-tools' SCANVAE, and the loss against its own terms."""

import itertools

import pytest
import torch
from scvi import REGISTRY_KEYS
from scvi.module import SCANVAE

from semafo.errors import SettingsError
from semafo.models.semafovae import SemafoVAE

B, C, G, L = 12, 3, 20, 4
MIXES = [(1, 0), (0, 1), (1, 1), (0.7, 0.3)]
BATCH_NORM = {"use_batch_norm": "both", "use_layer_norm": "none"}
LAYER_NORM = {"use_batch_norm": "none", "use_layer_norm": "both"}
ARCHITECTURES = {
    "zinb, batch norm": {"gene_likelihood": "zinb", **BATCH_NORM},
    "zinb, layer norm, surgery": {
        **LAYER_NORM,
        "n_layers": 2,
        "encode_covariates": True,
        "deeply_inject_covariates": False,
    },
    "nb, two layers": {"gene_likelihood": "nb", "n_layers": 2, **BATCH_NORM},
    "poisson": {"gene_likelihood": "poisson", **BATCH_NORM},
    "linear classifier": {"linear_classifier": True, **BATCH_NORM},
    "nb, layer norm, linear classifier": {"gene_likelihood": "nb", "linear_classifier": True, **LAYER_NORM},
    "poisson, layer norm, deep injection": {"gene_likelihood": "poisson", "n_layers": 2, **LAYER_NORM},
    "classifier without logits": {"classifier_parameters": {"logits": False}, **BATCH_NORM},
    "covariates, batch norm, nb": {
        "gene_likelihood": "nb",
        "n_continuous_cov": 1,
        "n_cats_per_cov": [2],
        **BATCH_NORM,
    },
    "covariates": {"n_continuous_cov": 1, "n_cats_per_cov": [2], "encode_covariates": True, **LAYER_NORM},
    "label prior": {"y_prior": torch.tensor([[0.6, 0.3, 0.1]]), **BATCH_NORM},
    "learned library size": {
        "use_observed_lib_size": False,
        "library_log_means": torch.full((1, 2), 3.0).numpy(),
        "library_log_vars": torch.full((1, 2), 0.5).numpy(),
        **BATCH_NORM,
    },
    "gene-batch dispersion": {"dispersion": "gene-batch", **BATCH_NORM},
}


def build(cls, seed=0, **kwargs):
    torch.manual_seed(seed)
    return cls(n_input=G, n_batch=2, n_labels=C, **{"n_hidden": 16, "n_latent": L, **kwargs})


def minibatch(seed, n_cells=B, n_codes=C + 1, covariates=False):
    """Counts, batches and label codes; code C is the unlabelled category."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        REGISTRY_KEYS.X_KEY: torch.poisson(torch.full((n_cells, G), 3.0), generator=generator) + 1,
        REGISTRY_KEYS.BATCH_KEY: torch.randint(2, (n_cells, 1), generator=generator),
        REGISTRY_KEYS.LABELS_KEY: torch.randint(n_codes, (n_cells, 1), generator=generator),
    }
    if covariates:
        tensors[REGISTRY_KEYS.CONT_COVS_KEY] = torch.randn(n_cells, 1, generator=generator)
        tensors[REGISTRY_KEYS.CAT_COVS_KEY] = torch.randint(2, (n_cells, 1), generator=generator)
    return tensors


def step(module, labelled=True, covariates=False, seed=5, kl_weight=0.3):
    """One training step's loss with gradients, on fixed minibatches and draws."""
    loss_kwargs = {"kl_weight": kl_weight, "labelled_tensors": None}
    if labelled:
        loss_kwargs |= {"labelled_tensors": minibatch(2, n_codes=C, covariates=covariates), "classification_ratio": 50}
    torch.manual_seed(seed)
    outputs = module.train()(minibatch(1, covariates=covariates), loss_kwargs=loss_kwargs)
    module.zero_grad()
    outputs[2].loss.backward()
    return outputs


def gradients(module):
    return {name: weight.grad for name, weight in module.named_parameters() if weight.grad is not None}


def relative(found, expected):
    return ((found - expected).norm() / expected.norm().clamp_min(1e-12)).item()


def shared(state):
    return {name: values for name, values in state.items() if not name.startswith("encoder_z3_z2")}


@pytest.mark.parametrize("labelled", [False, True], ids=["unlabelled minibatch", "with labelled minibatch"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_mix_1_0_has_the_loss_and_the_gradients_of_scanvae(name, labelled):
    covariates = name.startswith("covariates")
    theirs = build(SCANVAE, **ARCHITECTURES[name])
    ours = build(SemafoVAE, w_scanvi=1, w_semafo=0, **ARCHITECTURES[name])
    expected, found = (step(module, labelled, covariates)[2] for module in (theirs, ours))
    assert relative(found.loss, expected.loss) < 1e-5
    assert gradients(ours).keys() == gradients(theirs).keys()
    whole = [torch.cat([gradient.flatten() for gradient in gradients(module).values()]) for module in (ours, theirs)]
    assert relative(*whole) < 1e-5
    for weight, gradient in gradients(theirs).items():
        rounding = 1e-7 * whole[1].norm()  # a bias before batch norm has no gradient but rounding
        assert (gradients(ours)[weight] - gradient).norm() < 1e-5 * gradient.norm() + rounding, weight
    for buffer, values in theirs.named_buffers():
        torch.testing.assert_close(ours.get_buffer(buffer), values)


def test_mix_1_0_logs_the_elbo_of_scanvae():
    expected, found = (
        step(build(cls, **kw))[2] for cls, kw in ((SCANVAE, {}), (SemafoVAE, {"w_scanvi": 1, "w_semafo": 0}))
    )
    elbos = [loss.reconstruction_loss_sum + loss.kl_local_sum for loss in (found, expected)]
    torch.testing.assert_close(*elbos)


@pytest.mark.parametrize("mix", MIXES)
def test_shared_networks_start_equal_to_those_of_scanvae_and_so_do_later_draws(mix):
    theirs = build(SCANVAE, dropout_rate=0.2)
    their_next = torch.rand(3)
    ours = build(SemafoVAE, dropout_rate=0.2, w_scanvi=mix[0], w_semafo=mix[1])
    our_next = torch.rand(3)
    assert torch.equal(our_next, their_next)
    expected, found = theirs.state_dict(), shared(ours.state_dict())
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("mix", MIXES)
def test_a_step_draws_the_same_numbers_in_every_mix(mix):
    reference, module = build(SCANVAE), build(SemafoVAE, w_scanvi=mix[0], w_semafo=mix[1])
    expected = step(reference)[0]["z"], torch.rand(3)
    found = step(module)[0]["z"], torch.rand(3)
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[1], expected[1])


def test_the_double_encoding_has_dropout_of_its_own():
    module = build(SemafoVAE, w_scanvi=0, w_semafo=1, dropout_rate=0.5)
    first, second = (step(module)[2].extra_metrics for _ in range(2))
    assert first["kl_u"] == second["kl_u"]  # the same seed, so the same shared noise
    assert first["semafo_regulariser"] != second["semafo_regulariser"]
    again = build(SemafoVAE, w_scanvi=0, w_semafo=1, dropout_rate=0.5)
    assert step(again)[2].extra_metrics["semafo_regulariser"] == first["semafo_regulariser"]


def test_without_its_weight_the_double_encoding_is_neither_used_nor_trained():
    module, broken = (build(SemafoVAE, w_scanvi=1, w_semafo=0) for _ in range(2))
    for weight in broken.encoder_z3_z2.parameters():
        torch.nn.init.constant_(weight, torch.nan)
    assert torch.equal(step(broken)[2].loss, step(module)[2].loss)
    assert not any(name.startswith("encoder_z3_z2") for name in gradients(module))


def test_with_its_weight_the_double_encoding_is_trained():
    module = build(SemafoVAE, w_scanvi=0, w_semafo=1)
    step(module)
    trained = [name for name in gradients(module) if name.startswith("encoder_z3_z2")]
    assert trained
    assert not any(name.startswith("decoder_z1_z2") for name in gradients(module))


@pytest.mark.parametrize(("mix", "weighting"), list(itertools.product(MIXES, ["published", "normalised"])))
@pytest.mark.parametrize("name", ["zinb, batch norm", "learned library size"])
def test_weighted_terms_sum_to_the_loss(name, mix, weighting):
    module = build(SemafoVAE, w_scanvi=mix[0], w_semafo=mix[1], label_weighting=weighting, **ARCHITECTURES[name])
    module.eval()  # without dropout and with fixed batch norm, so that both calls are comparable
    inference_outputs, generative_outputs = module(minibatch(1), compute_loss=False)
    torch.manual_seed(6)
    found = module.loss(
        minibatch(1), inference_outputs, generative_outputs, 0.3, minibatch(2, n_codes=C), classification_ratio=50
    )
    torch.manual_seed(6)
    terms = module.loss_terms(minibatch(1), inference_outputs, generative_outputs)
    assert all(term.shape == (B,) for term in terms.values())
    weights = {"reconstruction": 1, "scanvi_regulariser": mix[0], "semafo_regulariser": mix[1]}
    total = sum(weights.get(name, 0.3) * term.mean() for name, term in terms.items())
    torch.testing.assert_close(found.loss, total + 50 * found.classification_loss)
    for name, term in terms.items():
        torch.testing.assert_close(found.extra_metrics[name], term.mean())
    torch.testing.assert_close(found.extra_metrics["classification"], found.classification_loss)


@pytest.mark.parametrize("weighting", ["published", "normalised"])
def test_semafo_regulariser_equals_a_slow_loop_over_labels(weighting):
    module = build(SemafoVAE, w_scanvi=0, w_semafo=1, label_weighting=weighting).eval()
    inference_outputs, generative_outputs = module(minibatch(1), compute_loss=False)
    torch.manual_seed(6)
    found = module.loss_terms(minibatch(1), inference_outputs, generative_outputs)["semafo_regulariser"]
    torch.manual_seed(6)
    noise = torch.randn(C * B, L)  # u is drawn label after label

    q_z, z = inference_outputs["qz"], inference_outputs["z"]
    probs = module.classifier(z).softmax(-1)
    expected = q_z.log_prob(z).sum(-1)
    for label in range(C):
        one_hot = torch.eye(C)[label].expand(B, C)
        q_u, _ = module.encoder_z2_z1(z, one_hot)
        u = q_u.loc + q_u.scale * noise[label * B : (label + 1) * B]
        r, _ = module.encoder_z3_z2(u)
        log_r_z, log_q_u_at_z = r.log_prob(z).sum(-1), q_u.log_prob(z).sum(-1)
        if weighting == "published":
            expected = expected - log_r_z / C - log_q_u_at_z
        else:
            expected = expected - probs[:, label] * (log_r_z + log_q_u_at_z) / 2
    torch.testing.assert_close(found, expected)


def test_reconstruction_is_free_of_latent_terms():
    module = build(SemafoVAE, w_scanvi=1, w_semafo=1)
    _, generative_outputs, loss = step(module)
    expected = -generative_outputs["px"].log_prob(minibatch(1)[REGISTRY_KEYS.X_KEY]).sum(-1)
    torch.testing.assert_close(loss.reconstruction_loss["reconstruction_loss"], expected)


@pytest.mark.parametrize("norms", [BATCH_NORM, LAYER_NORM], ids=["batch norm", "layer norm"])
def test_a_lone_labelled_cell_trains(norms):
    module = build(SemafoVAE, **norms).train()
    lone = {"labelled_tensors": minibatch(3, n_cells=1, n_codes=C), "classification_ratio": 50}
    loss = module(minibatch(1), loss_kwargs=lone)[2]
    assert loss.loss.isfinite()
    assert loss.classification_loss > 0
    assert all(layer.training for layer in module.modules())


def test_cells_without_a_label_never_reach_the_classification_loss():
    module = build(SemafoVAE).eval()
    mixed = minibatch(4)
    has_label = (mixed[REGISTRY_KEYS.LABELS_KEY] < C).squeeze(-1)
    only = {name: values[has_label] for name, values in mixed.items()}
    unlabelled = {name: values[~has_label] for name, values in mixed.items()}
    losses = [
        module(minibatch(1), loss_kwargs={"labelled_tensors": tensors})[2].classification_loss
        for tensors in (mixed, only, unlabelled)
    ]
    torch.testing.assert_close(losses[0], losses[1])
    assert losses[2] is None


@pytest.mark.parametrize("mix", MIXES)
def test_several_samples_of_z_are_supported(mix):
    module = build(SemafoVAE, w_scanvi=mix[0], w_semafo=mix[1]).eval()
    loss = module(minibatch(1), inference_kwargs={"n_samples": 2})[2]
    assert loss.loss.isfinite()
    assert loss.reconstruction_loss["reconstruction_loss"].shape == (2, B)


def test_a_mix_without_regulariser_is_refused():
    with pytest.raises(SettingsError, match="0:0"):
        build(SemafoVAE, w_scanvi=0, w_semafo=0)
