"""The losses of fast training are those of scvi-tools' modules and of SemafoVAE: value, terms and gradients."""

import numpy as np
import pytest
import scvi
import torch
from scvi import REGISTRY_KEYS
from scvi.model import SCANVI, SCVI

from semafo.errors import SettingsError
from semafo.models.fast.losses import ScviLoss, SemiSupervisedLoss
from semafo.models.fast.minibatch import CellStore
from semafo.models.fast.passes import Pass, QueryPass
from semafo.models.semafovi import SemafoVI
from tests.models.conftest import UNLABELLED, make_cells

CPU = torch.device("cpu")
ONE_STAGE = {"n_layers": 2, "n_latent": 5, "n_hidden": 16, "gene_likelihood": "nb"}
SURGERY = {
    **{"n_layers": 2, "n_latent": 4, "n_hidden": 16, "gene_likelihood": "zinb"},
    **{"use_layer_norm": "both", "use_batch_norm": "none"},
    **{"encode_covariates": True, "deeply_inject_covariates": False},
}
MIXES = {"scANVI": (1, 0), "SemafoVAE": (0, 1), "Both": (1, 1)}


def gradients(module, loss):
    """Gradient of every weight that has one, by name."""
    module.zero_grad()
    loss.backward()
    return {name: w.grad.clone() for name, w in module.named_parameters() if w.grad is not None and w.grad.any()}


def biases_without_effect(module):
    """Biases before a batch norm, which takes their constant away: their gradient is 0 but for rounding."""
    blocks = [(name, block) for name, block in module.named_modules() if name.split(".")[-1].startswith("Layer ")]
    return {f"{name}.0.bias" for name, block in blocks if isinstance(block[1], torch.nn.BatchNorm1d)}


def assert_alike(module, expected, found):
    """Both losses and all their gradients, to five digits."""
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert_same_gradients(module, gradients(module, expected), gradients(module, found))


def assert_same_gradients(module, theirs, ours):
    """To five digits; where the gradient is 0, both are nothing beside that of the same layer's weight."""
    without_effect = biases_without_effect(module)
    assert set(theirs) - without_effect == set(ours) - without_effect
    for name, gradient in theirs.items():
        if name in without_effect:
            rounding = 1e-5 * theirs[name.removesuffix("bias") + "weight"].norm() + 1e-6
            assert gradient.norm() <= rounding, name
            assert name not in ours or ours[name].norm() <= rounding, name
        else:
            assert (ours[name] - gradient).norm() <= 1e-5 * gradient.norm() + 1e-6, name


def tensors_of(model, index):
    loader = model._make_data_loader(adata=model.adata, indices=index, batch_size=len(index), shuffle=False)
    return next(iter(loader))


@pytest.mark.parametrize("sizes", [ONE_STAGE, SURGERY], ids=["one stage", "surgery"])
def test_scvi_loss_is_that_of_its_module(cells, sizes):
    SCVI.setup_anndata(cells, batch_key="batch")
    model = SCVI(cells, **sizes)
    index, module = np.arange(0, 120, 2), model.module.train()
    tensors = tensors_of(model, index)
    torch.manual_seed(3)  # dropout and z are drawn in the same order
    _, _, output = module(tensors, loss_kwargs={"kl_weight": 0.3})
    torch.manual_seed(3)
    found, terms = ScviLoss(Pass(module))(CellStore.of(model, CPU).take(torch.as_tensor(index)), None, 0.3)
    expected = output.reconstruction_loss["reconstruction_loss"].mean().item()
    assert terms["reconstruction"].item() == pytest.approx(expected, rel=1e-5)
    assert_alike(module, output.loss, found)


def registered(cls, cells, sizes, **kwargs):
    cls.setup_anndata(cells, labels_key="label", unlabeled_category=UNLABELLED, batch_key="batch")
    scvi.settings.seed = 0
    return cls(cells, **sizes, **kwargs)


def loss_of_the_module(model, index, labelled, kl_weight, seed):
    """What the model's own module gives for a step, drawn from this seed; data loaders draw, so they come first."""
    tensors, labelled_tensors = tensors_of(model, index), tensors_of(model, labelled)
    kwargs = {"kl_weight": kl_weight, "labelled_tensors": labelled_tensors, "classification_ratio": 50}
    torch.manual_seed(seed)
    return model.module.train()(tensors, loss_kwargs=kwargs)[2]


def loss_of(networks, store, index, labelled, kl_weight, seed):
    """What fast training gives for the same step: the loss and its terms."""
    cells, labelled_cells = (store.take(torch.as_tensor(chosen)) for chosen in (index, labelled))
    torch.manual_seed(seed)
    return SemiSupervisedLoss(networks, 50.0)(cells, labelled_cells, kl_weight)


@pytest.mark.parametrize("weighting", ["published", "normalised"])
@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
@pytest.mark.parametrize("sizes", [ONE_STAGE, SURGERY], ids=["one stage", "surgery"])
def test_semi_supervised_loss_is_that_of_its_module(cells, sizes, mix, weighting):
    weights = {"w_scanvi": mix[0], "w_semafo": mix[1], "label_weighting": weighting}
    model = registered(SemafoVI, cells, {**sizes, "dropout_rate": 0.0}, **weights)
    module, store = model.module.train(), CellStore.of(model, CPU)
    index, labelled = np.arange(0, 120, 2), model._labeled_indices
    output = loss_of_the_module(model, index, labelled, 0.2, seed=3)
    found, terms = loss_of(Pass(module), store, index, labelled, 0.2, seed=3)
    for name, value in output.extra_metrics.items():
        assert terms[name].item() == pytest.approx(value.item(), rel=1e-4), name
    assert_alike(module, output.loss, found)


@pytest.mark.parametrize("sizes", [ONE_STAGE, SURGERY], ids=["one stage", "surgery"])
def test_scanvi_is_scvi_tools_own_scanvi(cells, sizes):
    stock = registered(SCANVI, cells.copy(), {**sizes, "dropout_rate": 0.0})
    ours = registered(SemafoVI, cells.copy(), {**sizes, "dropout_rate": 0.0}, w_scanvi=1.0, w_semafo=0.0)
    shared = {name: w for name, w in ours.module.state_dict().items() if name in stock.module.state_dict()}
    stock.module.load_state_dict(shared)
    index, labelled = np.arange(1, 120, 3), stock._labeled_indices
    output = loss_of_the_module(stock, index, labelled, 0.1, seed=5)
    found, _ = loss_of(Pass(ours.module.train()), CellStore.of(ours, CPU), index, labelled, 0.1, seed=5)
    torch.testing.assert_close(found, output.loss, rtol=1e-5, atol=1e-5)
    assert_same_gradients(stock.module, gradients(stock.module, output.loss), gradients(ours.module, found))


@pytest.fixture
def mapped(start, train, query):
    """A query loaded onto a reference, untrained, in the Both mix; dropout frozen as query surgery has it."""
    reference = train(start(make_cells(120, ("one", "two"), seed=1)))
    return SemafoVI.load_query_data(query, reference, freeze_dropout=True)


def test_query_surgery_has_the_gradients_of_scvi_tools_hooks(mapped):
    module, store = mapped.module.train(), CellStore.of(mapped, CPU)
    index, labelled = np.arange(0, 80, 2), mapped._labeled_indices
    output = loss_of_the_module(mapped, index, labelled, 0.2, seed=7)
    expected = gradients(module, output.loss)
    assert set(expected) == {
        f"{name}.fc_layers.Layer 0.0.weight" for name in ("z_encoder.encoder", "decoder.px_decoder")
    }

    networks = QueryPass(module, store)
    found, _ = loss_of(networks, store, index, labelled, 0.2, seed=7)
    torch.testing.assert_close(found, output.loss, rtol=1e-5, atol=1e-4)
    found.backward()
    for theirs, columns in zip(expected.values(), networks.parameters(), strict=True):
        gradient = theirs[:, -columns.shape[0] :].t()
        assert (columns.grad - gradient).norm() <= 1e-5 * gradient.norm()


def test_query_surgery_changes_the_batches_columns_alone(mapped):
    before = {name: value.clone() for name, value in mapped.module.state_dict().items()}
    networks = QueryPass(mapped.module, CellStore.of(mapped, CPU))
    with torch.no_grad():
        for columns in networks.parameters():
            columns += 1.0
    networks.finish()
    for name, value in mapped.module.state_dict().items():
        if name in ("z_encoder.encoder.fc_layers.Layer 0.0.weight", "decoder.px_decoder.fc_layers.Layer 0.0.weight"):
            n_batches = mapped.summary_stats.n_batch
            torch.testing.assert_close(value[:, -n_batches:], before[name][:, -n_batches:] + 1)
            value, before[name] = value[:, :-n_batches], before[name][:, :-n_batches]
        assert torch.equal(value, before[name]), name


def test_a_likelihood_without_a_fast_form_is_refused_in_words(cells):
    SCVI.setup_anndata(cells, batch_key="batch")
    model = SCVI(cells, gene_likelihood="poisson", n_hidden=8, n_latent=3)
    with pytest.raises(SettingsError, match="likelihood nb or zinb"):
        Pass(model.module)


def test_a_minibatch_has_the_counts_batches_and_labels_of_its_cells(cells):
    model = registered(SemafoVI, cells, ONE_STAGE)
    index = np.array([5, 0, 77, 5])
    tensors, taken = tensors_of(model, index), CellStore.of(model, CPU).take(torch.as_tensor(index))
    assert torch.equal(taken.counts().x, tensors[REGISTRY_KEYS.X_KEY])
    torch.testing.assert_close(taken.log_counts, tensors[REGISTRY_KEYS.X_KEY].log1p())
    assert torch.equal(taken.library, tensors[REGISTRY_KEYS.X_KEY].sum(1))
    assert taken.batch.tolist() == tensors[REGISTRY_KEYS.BATCH_KEY].view(-1).tolist()
    assert taken.label.tolist() == tensors[REGISTRY_KEYS.LABELS_KEY].view(-1).tolist()
