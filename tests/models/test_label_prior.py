"""The label prior: uniform, given, learned; and that the default changes nothing."""

import numpy as np
import pytest
import torch

from semafo.errors import SettingsError
from semafo.models.semafovae import SemafoVAE
from semafo.models.semafovi import SemafoVI
from tests.models.conftest import UNLABELLED
from tests.models.test_semafovae import build, gradients, step
from tests.models.test_semafovi import changed, state

GIVEN = (0.6, 0.3, 0.1)


def test_uniform_is_the_default_and_adds_no_weight():
    plain, uniform = build(SemafoVAE), build(SemafoVAE, label_prior="uniform")
    assert plain.state_dict().keys() == uniform.state_dict().keys()
    assert "label_prior_logits" not in plain.state_dict()
    torch.testing.assert_close(uniform.label_prior, torch.full((1, 3), 1 / 3))
    assert torch.equal(step(plain)[2].loss, step(uniform)[2].loss)


def test_a_given_prior_is_the_y_prior_of_scvi_tools():
    given, theirs = build(SemafoVAE, label_prior=GIVEN), build(SemafoVAE, y_prior=torch.tensor([GIVEN]))
    torch.testing.assert_close(given.label_prior, torch.tensor([GIVEN]))
    assert torch.equal(step(given)[2].loss, step(theirs)[2].loss)
    assert not given.y_prior.requires_grad


def test_a_learned_prior_starts_uniform_and_draws_nothing():
    uniform, learned = build(SemafoVAE), build(SemafoVAE, label_prior="learned")
    torch.testing.assert_close(learned.label_prior, uniform.label_prior)
    torch.testing.assert_close(step(learned)[2].loss, step(uniform)[2].loss)
    assert torch.equal(torch.rand(3), (step(uniform), torch.rand(3))[1])
    assert gradients(learned)["label_prior_logits"].norm() > 0
    torch.testing.assert_close(gradients(learned)["label_prior_logits"].sum(), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_the_best_prior_is_the_mean_of_the_label_probabilities():
    """KL(q(y|z) || p(y)) averaged over cells is smallest there, so that is where the logits go."""
    module = build(SemafoVAE, label_prior="learned").eval()
    probs = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)).softmax(-1)
    optimiser = torch.optim.Adam([module.label_prior_logits], lr=0.05)
    for _ in range(300):
        optimiser.zero_grad()
        loss = (probs * (probs / module.label_prior).log()).sum(-1).mean()
        loss.backward()
        optimiser.step()
    torch.testing.assert_close(module.label_prior.detach()[0], probs.mean(0), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("prior", "found"),
    [
        ("flat", "'flat': choose 'uniform', 'learned'"),
        ((0.5, 0.5), "2 probabilities and there are 3 labels"),
        ((0.5, 0.4, 0.3), "sum 1.2"),
        ((0.5, 0.5, 0.0), "smallest value 0"),
    ],
)
def test_a_prior_that_cannot_be_is_refused(prior, found):
    with pytest.raises(SettingsError, match=found):
        build(SemafoVAE, label_prior=prior)


def test_a_prior_may_be_given_by_label(cells):
    SemafoVI.setup_anndata(cells, "label", UNLABELLED, batch_key="batch")
    model = SemafoVI(cells, n_hidden=8, label_prior={"c": 0.1, "a": 0.6, "b": 0.3})
    found = dict(zip(model.label_names, model.label_prior, strict=True))
    assert found == pytest.approx({"a": 0.6, "b": 0.3, "c": 0.1})
    with pytest.raises(SettingsError, match="the labels are a, b, c"):
        SemafoVI(cells, n_hidden=8, label_prior={"a": 0.5, "d": 0.5})


@pytest.mark.parametrize("prior", ["learned", np.array(GIVEN)], ids=["learned", "given"])
def test_the_prior_is_saved_and_is_frozen_in_surgery(prior, cells, query, start, train, tmp_path):
    model = train(start(cells, label_prior=prior), 3)
    moved = model.label_prior != (np.full(3, 1 / 3, np.float32) if isinstance(prior, str) else np.float32(GIVEN))
    assert moved.any() == isinstance(prior, str)
    model.save(str(tmp_path / "model"))
    loaded = SemafoVI.load(str(tmp_path / "model"), cells, accelerator="cpu")
    np.testing.assert_array_equal(loaded.label_prior, model.label_prior)
    assert not changed(state(model), state(loaded))
    for reference in (model, str(tmp_path / "model")):
        mapped = train(SemafoVI.load_query_data(query.copy(), reference, accelerator="cpu"), 1)
        np.testing.assert_array_equal(mapped.label_prior, model.label_prior)


def test_an_unfrozen_query_stage_trains_a_learned_prior(cells, query, start, train):
    model = train(start(cells, label_prior="learned"), 1)
    mapped = train(SemafoVI.load_query_data(query, model, accelerator="cpu", unfrozen=True), 3)
    assert (mapped.label_prior != model.label_prior).any()
