"""The model: its traps, its surgery, and what hidden labels may not do."""

import pickle

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from scvi.model import SCANVI, SCVI

from semafo.errors import DataError, SettingsError
from semafo.keys import TERMS
from semafo.models.semafovi import SemafoVI

MIXES = [(1, 0), (0, 1), (1, 1), (0.7, 0.3)]
UNLABELLED = "unlabelled"


def state(model):
    return {name: values.clone() for name, values in model.module.state_dict().items()}


def changed(before, after):
    """Names of the weights and buffers that differ; batch norm's count of minibatches is in no formula and left out."""
    names = {name for name in before if not name.endswith("num_batches_tracked")}
    return {name for name in names if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("mix", MIXES)
def test_hidden_labels_cannot_change_the_weights(mix, cells, start, train):
    shuffled = cells.copy()
    hidden = np.flatnonzero(cells.obs["label"] == UNLABELLED)
    truth = cells.obs["truth"].to_numpy().copy()
    truth[hidden] = np.random.default_rng(1).permutation(truth[hidden])
    shuffled.obs["truth"] = truth
    assert (shuffled.obs["truth"] != cells.obs["truth"]).any()
    weights = [state(train(start(adata, mix), 2, n_samples_per_label=5)) for adata in (cells, shuffled)]
    assert not changed(*weights)


def test_visible_labels_do_change_the_weights(cells, start, train):
    relabelled = cells.copy()
    relabelled.obs["label"] = relabelled.obs["label"].replace({"a": "b", "b": "a"})
    assert changed(*(state(train(start(adata))) for adata in (cells, relabelled)))


def test_mix_1_0_trains_to_the_weights_of_scanvi(cells, pretrain, start, train):
    theirs = train(SCANVI.from_scvi_model(pretrain(cells), UNLABELLED, labels_key="label"), 2, n_samples_per_label=5)
    ours = train(start(cells, mix=(1, 0)), 2, n_samples_per_label=5)
    found = state(ours)
    for name, values in state(theirs).items():
        torch.testing.assert_close(found[name], values)
    for curve in ("train_loss", "elbo_train", "train_accuracy"):
        found, expected = (model.history[curve].to_numpy(float) for model in (ours, theirs))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("weighting", ["published", "normalised"])
@pytest.mark.parametrize("mix", MIXES)
def test_history_holds_each_term_by_name(mix, weighting, cells, start, train):
    model = train(start(cells, mix, label_weighting=weighting), train_size=0.8, check_val_every_n_epoch=1)
    weights = dict(zip(("scanvi_regulariser", "semafo_regulariser"), mix, strict=True))
    for term in TERMS:
        for part in ("train", "validation"):
            if weights.get(term, 1):
                assert np.isfinite(model.history[f"{term}_{part}"].to_numpy(float)).all()
                assert len(model.history[f"{term}_{part}"]) == 2
            else:
                assert f"{term}_{part}" not in model.history


def test_curves_add_up_to_the_loss(cells, start, train):
    model = train(start(cells, (0.7, 0.3), label_weighting="normalised"), 2)
    curves = {term: model.history[f"{term}_train"].to_numpy(float).ravel() for term in TERMS}
    kl_weight = np.array([0, 1 / 400])
    total = curves["reconstruction"] + 0.7 * curves["scanvi_regulariser"] + 0.3 * curves["semafo_regulariser"]
    total += kl_weight * (curves["kl_u"] + curves["kl_y"]) + 50 * curves["classification"]
    np.testing.assert_allclose(model.history["train_loss"].to_numpy(float).ravel(), total, rtol=1e-4)


def test_callbacks_do_not_replace_the_drawing_of_labelled_cells(cells, start, train):
    class Spy(Callback):
        drawn: tuple = ()

        def on_train_epoch_end(self, trainer, pl_module):
            self.drawn += (tuple(trainer.train_dataloader.dataloaders[1].indices),)

    spy = Spy()
    with_spy = train(start(cells), 3, n_samples_per_label=4, callbacks=[spy])
    assert [len(indices) for indices in spy.drawn] == [12, 12, 12]
    assert len(set(spy.drawn)) > 1
    assert not changed(state(with_spy), state(train(start(cells), 3, n_samples_per_label=4)))


def test_an_scvi_model_with_labels_of_its_own_is_refused(cells, train):
    SCVI.setup_anndata(cells, batch_key="batch", labels_key="truth")
    pretrained = train(SCVI(cells, n_hidden=8), 1)
    with pytest.raises(SettingsError, match=r"(?s)'truth'.*without a labels_key"):
        SemafoVI.from_scvi_model(pretrained, UNLABELLED, labels_key="label")


def test_a_missing_label_column_is_asked_for(cells, pretrain):
    with pytest.raises(SettingsError, match="labels_key"):
        SemafoVI.from_scvi_model(pretrain(cells), UNLABELLED)


@pytest.mark.parametrize(("label", "found"), [(UNLABELLED, "no label"), ("a", "only the label 'a'")])
def test_fewer_than_two_types_are_refused(label, found, cells, start):
    cells.obs["label"] = label
    with pytest.raises(DataError, match=f"has {found}.*two types"):
        start(cells)


def test_unused_categories_do_not_become_classes(cells, start):
    cells.obs["label"] = cells.obs["label"].astype("category").cat.add_categories("ghost")
    assert start(cells).label_names == ["a", "b", "c"]


@pytest.mark.filterwarnings("ignore:Category 0 in adata.obs.* has fewer than 3 cells:UserWarning")
def test_a_validation_part_without_labelled_cells_trains(cells, start, train):
    cells.obs["label"] = np.where(np.arange(120) < 3, cells.obs["truth"], UNLABELLED)
    model = train(start(cells), train_size=0.8, check_val_every_n_epoch=1)
    assert "reconstruction_validation" in model.history
    assert "classification_validation" not in model.history


@pytest.mark.filterwarnings("ignore:Last batch will have a small size of 1 samples:UserWarning")
def test_a_labelled_minibatch_of_one_cell_trains_with_batch_norm(cells, train):
    cells.obs["label"] = np.where(np.arange(120) < 41, cells.obs["truth"], UNLABELLED)
    SemafoVI.setup_anndata(cells, "label", UNLABELLED, batch_key="batch")
    model = train(SemafoVI(cells, n_hidden=8, use_batch_norm="both"), batch_size=40)
    assert model.history["classification_train"].notna().all().all()


@pytest.mark.parametrize("mix", MIXES)
def test_save_and_load_give_equal_results(mix, cells, start, train, tmp_path):
    model = train(start(cells, mix, label_weighting="normalised"))
    model.save(tmp_path / "model")
    loaded = SemafoVI.load(tmp_path / "model", cells, accelerator="cpu")
    assert loaded.mix == model.mix
    assert not changed(state(model), state(loaded))
    assert loaded.predict(soft=True).equals(model.predict(soft=True))
    assert (loaded.predict() == model.predict()).all()
    np.testing.assert_array_equal(loaded.get_latent_representation(), model.get_latent_representation())


def test_a_model_can_be_sent_to_another_process(cells, start, train):
    model = train(start(cells))
    assert (pickle.loads(pickle.dumps(model)).predict() == model.predict()).all()


@pytest.mark.parametrize("mix", MIXES)
def test_surgery_trains_the_columns_of_the_query_batches_alone(mix, cells, query, start, train):
    mapped = SemafoVI.load_query_data(query, train(start(cells, mix)), accelerator="cpu", freeze_dropout=True)
    before = state(mapped)
    after = state(train(mapped, 2, plan_kwargs={"weight_decay": 0.0}))
    first_layers = {f"{net}.fc_layers.Layer 0.0.weight" for net in ("z_encoder.encoder", "decoder.px_decoder")}
    assert changed(before, after) == first_layers
    for name in first_layers:
        moved = (before[name] != after[name]).any(0)  # by column: inputs, then 2 reference and 2 query batches
        assert not moved[:-2].any()
        assert moved[-2:].all()


@pytest.mark.parametrize("unfrozen", [False, True])
def test_surgery_treats_the_double_encoding_like_the_controlling_encoder(unfrozen, cells, query, pretrain, train):
    """With batch norm, which has buffers that could drift."""
    pretrained = pretrain(cells, use_layer_norm="none", use_batch_norm="both")
    model = train(SemafoVI.from_scvi_model(pretrained, UNLABELLED, labels_key="label", w_scanvi=1, w_semafo=1))
    mapped = SemafoVI.load_query_data(query, model, accelerator="cpu", unfrozen=unfrozen)
    mapped.module.train()  # batch norm follows the minibatches unless it is frozen
    before = state(mapped)
    moved = changed(before, state(train(mapped)))
    twins = {name.split(".", 1)[1] for name in moved if name.startswith("encoder_z2_z1")}
    assert {name.split(".", 1)[1] for name in moved if name.startswith("encoder_z3_z2")} == twins
    assert bool(twins) == unfrozen


def test_the_mix_comes_along_to_the_query(cells, query, start, train, tmp_path):
    model = train(start(cells, (0.7, 0.3), label_weighting="normalised"))
    model.save(tmp_path / "model")
    for reference in (model, str(tmp_path / "model")):
        mapped = SemafoVI.load_query_data(query, reference, accelerator="cpu")
        assert mapped.mix == model.mix
        assert mapped.label_names == model.label_names
        assert list(mapped.labels_) == list(query.obs["label"])


@pytest.mark.parametrize("mix", MIXES)
def test_a_query_without_labels_trains_without_classification(mix, cells, query, start, train):
    query.obs["label"] = UNLABELLED
    mapped = SemafoVI.load_query_data(query, train(start(cells, mix)), accelerator="cpu")
    train(mapped, n_samples_per_label=5, callbacks=[Callback()])
    assert "classification_train" not in mapped.history
    assert set(mapped.predict()) <= {"a", "b", "c"}


def test_a_query_without_labels_but_with_covariates_trains(cells, query, train):
    covariates = {"categorical_covariate_keys": ["sex"], "continuous_covariate_keys": ["age"]}
    SemafoVI.setup_anndata(cells, "label", UNLABELLED, batch_key="batch", **covariates)
    model = train(SemafoVI(cells, n_hidden=8, encode_covariates=True))
    query.obs["label"] = UNLABELLED
    mapped = train(SemafoVI.load_query_data(query, model, accelerator="cpu"))
    assert "classification_train" not in mapped.history


def test_a_fully_labelled_query_that_lacks_a_type_gets_no_class_for_the_unlabelled(cells, query, start, train):
    query.obs["label"] = np.where(query.obs["truth"] == "c", "a", query.obs["truth"])
    mapped = train(SemafoVI.load_query_data(query, train(start(cells)), accelerator="cpu"))
    assert list(mapped.predict(soft=True).columns) == ["a", "b", "c"]
    assert mapped.n_labels == 3


def test_query_labels_that_the_reference_lacks_are_named(cells, query, start, train):
    query.obs["label"] = query.obs["label"].replace({"c": "monocyte"})
    with pytest.raises(DataError, match=r"(?s)lacks: monocyte\..*Set those cells to 'unlabelled'"):
        SemafoVI.load_query_data(query, train(start(cells)), accelerator="cpu")
