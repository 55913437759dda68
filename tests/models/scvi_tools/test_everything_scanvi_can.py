"""What scvi-tools' SCANVI can do, done by SemafoVI: one trained model, used in every way."""

import numpy as np
import pandas as pd
import pytest
import scvi
import torch

from semafo.errors import DataError, SettingsError
from semafo.models.semafovi import SemafoVI
from tests.models.conftest import QUIET, UNLABELLED, make_cells

COVARIATES = {"categorical_covariate_keys": ["sex"], "continuous_covariate_keys": ["age"]}


@pytest.fixture(scope="module")
def model():
    """Both regularisers, two covariates, a few epochs. Not to be changed."""
    cells = make_cells(120, ("one", "two"), seed=1)
    SemafoVI.setup_anndata(cells, "label", UNLABELLED, batch_key="batch", **COVARIATES)
    scvi.settings.seed = 0
    model = SemafoVI(cells, n_hidden=16, n_latent=4, encode_covariates=True, w_scanvi=1, w_semafo=1)
    model.train(3, train_size=0.8, batch_size=40, check_val_every_n_epoch=1, **QUIET)
    return model


@pytest.fixture(scope="module")
def other_cells():
    return make_cells(30, ("one", "two"), seed=3)


def test_predictions_are_types_and_their_probabilities(model, other_cells):
    types, soft = model.predict(), model.predict(soft=True)
    assert types.shape == (120,)
    assert list(soft.columns) == model.label_names == ["a", "b", "c"]
    assert list(soft.index) == list(model.adata.obs_names)
    np.testing.assert_allclose(soft.sum(axis=1), 1, rtol=1e-5)
    assert (soft.columns[soft.to_numpy().argmax(1)] == types).all()
    np.testing.assert_allclose(model.predict(other_cells, soft=True, batch_size=7).sum(axis=1), 1, rtol=1e-5)


def test_a_subset_is_predicted_as_the_whole(model, other_cells):
    whole = model.predict(other_cells, soft=True)
    part = model.predict(other_cells, indices=[5, 2, 9], soft=True)
    assert list(part.index) == list(other_cells.obs_names[[5, 2, 9]])
    np.testing.assert_allclose(part, whole.iloc[[5, 2, 9]], rtol=1e-4, atol=1e-6)
    assert list(model.predict(other_cells, indices=[5, 2, 9])) == list(model.predict(other_cells)[[5, 2, 9]])
    assert len(model.predict(other_cells, indices=[])) == 0


def test_predicting_at_a_sample_of_z_is_random_and_at_its_mean_is_not(model):
    at_mean = [model.predict(soft=True) for _ in range(2)]
    sampled = [model.predict(soft=True, use_posterior_mean=False) for _ in range(2)]
    assert at_mean[0].equals(at_mean[1])
    assert not sampled[0].equals(sampled[1])


def test_the_latent_representation_is_a_mean_a_sample_or_a_distribution(model):
    mean = model.get_latent_representation()
    loc, variance = model.get_latent_representation(return_dist=True)
    assert mean.shape == loc.shape == variance.shape == (120, 4)
    np.testing.assert_allclose(loc, mean, rtol=1e-5, atol=1e-6)
    assert (variance > 0).all()
    sample = model.get_latent_representation(give_mean=False)
    assert abs(((sample - mean) / np.sqrt(variance)).std() - 1) < 0.2
    np.testing.assert_allclose(model.get_latent_representation(indices=[4, 1]), mean[[4, 1]], rtol=1e-4, atol=1e-5)


def test_normalised_expression_sums_to_its_library_size(model, other_cells):
    expression = model.get_normalized_expression(other_cells, library_size=100)
    assert isinstance(expression, pd.DataFrame)
    assert expression.shape == (30, 30)
    np.testing.assert_allclose(expression.sum(axis=1), 100, rtol=1e-4)
    as_batch_two = model.get_normalized_expression(other_cells, transform_batch="two", n_samples=3, return_mean=True)
    assert as_batch_two.shape == (30, 30)


def test_posterior_predictive_samples_are_counts_of_the_right_size(model):
    draws = model.posterior_predictive_sample(indices=[0, 1, 2], n_samples=20).todense()
    assert draws.shape == (3, 30, 20)
    assert (draws >= 0).all()
    assert (draws == draws.astype(int)).all()
    observed = model.adata.X[:3].sum(1)
    assert (abs(draws.sum(1).mean(-1) / observed - 1) < 0.5).all()


@pytest.mark.parametrize("mode", ["vanilla", "change"])
def test_differential_expression_takes_groups_and_indices(model, mode):
    by_group = model.differential_expression(groupby="truth", group1="a", group2="b", mode=mode, silent=True)
    against_rest = model.differential_expression(groupby="truth", group1="a", mode=mode, silent=True)
    is_a, is_b = (model.adata.obs["truth"] == name for name in "ab")
    by_index = model.differential_expression(
        idx1=np.flatnonzero(is_a), idx2=np.flatnonzero(is_b), mode=mode, silent=True
    )
    assert len(by_group) == len(by_index) == len(against_rest) == 30
    column = "lfc_mean" if mode == "change" else "bayes_factor"
    joined = by_group[[column]].join(by_index[[column]], rsuffix="_index")
    assert joined.corr().iloc[0, 1] > 0.8  # the same cells, other draws
    assert set(against_rest["comparison"]) == {"a vs Rest"}


def test_importance_weights_are_refused_in_words(model):
    indices = {"idx1": np.arange(50), "idx2": np.arange(51, 100)}
    with pytest.raises(SettingsError, match="standard normal prior"):
        model.differential_expression(**indices, mode="vanilla", weights="importance", silent=True)


def test_validation_curves_and_accuracies_are_recorded(model):
    assert {"elbo_validation", "reconstruction_loss_validation", "kl_local_validation"} <= set(model.history)
    scores = ("classification_loss", "accuracy", "f1_score", "calibration_error")
    assert {f"{part}_{score}" for part in ("train", "validation") for score in scores} <= set(model.history)


def test_a_saved_model_brings_its_cells_and_refuses_others(model, tmp_path, other_cells):
    folder = str(tmp_path / "model")
    model.save(folder, prefix="p_", save_anndata=True)
    loaded = SemafoVI.load(folder, prefix="p_", accelerator="cpu")
    np.testing.assert_array_equal(loaded.predict(), model.predict())
    assert loaded.is_trained
    assert loaded.mix == model.mix
    assert SemafoVI.load_registry(folder, prefix="p_")["setup_args"]["labels_key"] == "label"
    with pytest.raises(ValueError, match="already exists"):
        model.save(folder, prefix="p_")
    fewer_genes = other_cells[:, :20].copy()
    with (
        pytest.warns(UserWarning, match="var_names"),
        pytest.raises(ValueError, match="Number of vars"),
    ):
        SemafoVI.load(folder, fewer_genes, prefix="p_", accelerator="cpu")


def test_a_loaded_model_can_be_trained_on(model, tmp_path):
    model.save(str(tmp_path / "model"))
    loaded = SemafoVI.load(str(tmp_path / "model"), model.adata.copy(), accelerator="cpu")
    loaded.train(1, train_size=1.0, batch_size=40, **QUIET)
    assert any(
        not torch.equal(weight, loaded.module.get_parameter(name)) for name, weight in model.module.named_parameters()
    )


def test_minified_cells_keep_their_latent_representation(cells, start, train):
    model = train(start(cells))
    expected = model.get_latent_representation()
    mean, variance = model.get_latent_representation(return_dist=True)
    model.adata.obsm["qzm"], model.adata.obsm["qzv"] = mean, variance
    model.minify_adata(use_latent_qzm_key="qzm", use_latent_qzv_key="qzv")
    np.testing.assert_array_equal(model.get_latent_representation(), expected)
    with pytest.raises(ValueError, match="minified"):
        model.get_elbo()


@pytest.mark.parametrize("covariates", [{}, COVARIATES], ids=["none", "both kinds"])
@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("classifier", [{"linear_classifier": True}, {"classifier_parameters": {"logits": False}}])
def test_covariates_and_other_classifiers_train_and_predict(covariates, encoded, classifier, cells, train):
    SemafoVI.setup_anndata(cells, "label", UNLABELLED, batch_key="batch", **covariates)
    model = train(SemafoVI(cells, n_hidden=8, n_latent=3, encode_covariates=encoded, **classifier))
    np.testing.assert_allclose(model.predict(soft=True).sum(axis=1), 1, rtol=1e-5)
    if "linear_classifier" in classifier:
        layers = [layer for layer in model.module.classifier.modules() if isinstance(layer, torch.nn.Linear)]
        assert [(layer.in_features, layer.out_features) for layer in layers] == [(3, 3)]


def test_a_size_factor_is_taken(cells, train):
    cells.obs["size"] = cells.X.sum(1)
    SemafoVI.setup_anndata(cells, "label", UNLABELLED, batch_key="batch", size_factor_key="size")
    assert np.isfinite(train(SemafoVI(cells, n_hidden=8)).get_latent_representation()).all()


def test_counts_may_be_in_a_layer(cells, train):
    cells.layers["counts"] = cells.X.copy()
    plain = cells.copy()
    del plain.layers["counts"]
    cells.X = np.log1p(cells.X)
    latent = []
    for adata, layer in ((cells, "counts"), (plain, None)):
        SemafoVI.setup_anndata(adata, "label", UNLABELLED, layer=layer)
        scvi.settings.seed = 0
        latent.append(train(SemafoVI(adata, n_hidden=8)).get_latent_representation())
    np.testing.assert_array_equal(*latent)


@pytest.mark.parametrize(
    ("values", "unlabelled"),
    [((0, 1, 2), -1), ((0.5, 1.5, 2.5), -1.0), ((0.5, 1.5, 2.5), 9.0)],
    ids=["integers", "floats", "unlabelled last"],
)
@pytest.mark.parametrize("categorical", [False, True])
def test_labels_may_be_numbers(values, unlabelled, categorical, cells, query, train):
    numbers = dict(zip("abc", values, strict=True)) | {UNLABELLED: unlabelled}
    for adata in (cells, query):
        adata.obs["label"] = adata.obs["label"].map(numbers)
        if categorical:
            adata.obs["label"] = adata.obs["label"].astype("category")
    SemafoVI.setup_anndata(cells, "label", unlabelled, batch_key="batch")
    model = train(SemafoVI(cells, n_hidden=8))
    assert sorted(model.label_names) == list(values)
    assert set(model.predict()) <= set(values)
    mapped = train(SemafoVI.load_query_data(query, model, accelerator="cpu"))
    assert list(mapped.labels_) == list(query.obs["label"])
    assert mapped.unseen_labels == {}


def test_text_and_numbers_as_labels_are_refused(cells):
    cells.obs["label"] = np.arange(120) % 3
    with pytest.raises(DataError, match="mix text and numbers"):
        SemafoVI.setup_anndata(cells, "label", UNLABELLED)


def test_missing_labels_are_refused_with_the_remedy(cells):
    cells.obs["label"] = cells.obs["truth"].where(np.arange(120) < 100)
    with pytest.raises(DataError, match=r"no value for 20 cells\. Set them to 'unlabelled'"):
        SemafoVI.setup_anndata(cells, "label", UNLABELLED)


def test_all_cells_may_be_labelled(cells, pretrain, train):
    pretrained = pretrain(cells)
    model = train(SemafoVI.from_scvi_model(pretrained, "nobody", labels_key="truth"))
    assert model.label_names == ["a", "b", "c"]
    assert model.n_labels == model.predict(soft=True).shape[1] == 3
    assert len(model._unlabeled_indices) == 0


def test_a_type_may_be_the_unlabelled_category(cells, train):
    SemafoVI.setup_anndata(cells, "truth", "a", batch_key="batch")
    model = train(SemafoVI(cells, n_hidden=8))
    assert sorted(model.label_names) == ["b", "c"]
    assert set(model.predict()) <= {"b", "c"}


def test_weights_start_as_copies_of_those_of_scvi(cells, pretrain):
    pretrained = pretrain(cells)
    model = SemafoVI.from_scvi_model(pretrained, UNLABELLED, labels_key="label", adata=cells.copy())
    ours, theirs = model.module.state_dict(), pretrained.module.state_dict()
    assert set(theirs) <= set(ours)
    for name, values in theirs.items():
        assert torch.equal(ours[name], values)
        assert ours[name].data_ptr() != values.data_ptr()


def test_training_stops_early_on_the_validation_part(cells, start, train):
    early = {"early_stopping": True, "early_stopping_patience": 1, "early_stopping_min_delta": 1e6}
    model = train(start(cells), 20, train_size=0.8, check_val_every_n_epoch=1, **early)
    assert 1 <= len(model.history["elbo_validation"]) < 5


@pytest.mark.parametrize("part", [0, 1, 2], ids=["training", "validation", "test"])
def test_a_part_may_have_no_labelled_cell(part, cells, start, train):
    labelled = np.flatnonzero(cells.obs["label"] != UNLABELLED)
    unlabelled = np.flatnonzero(cells.obs["label"] == UNLABELLED)
    parts = [unlabelled[:50], unlabelled[50:70], unlabelled[70:]]
    halves = np.array_split(labelled, 2)
    for i, half in zip([i for i in range(3) if i != part], halves, strict=True):
        parts[i] = np.concatenate([parts[i], half])
    indexing = {"external_indexing": parts}
    model = train(start(cells), 2, n_samples_per_label=3, check_val_every_n_epoch=1, datasplitter_kwargs=indexing)
    assert ("classification_train" in model.history) == (part != 0)
    assert ("classification_validation" in model.history) == (part != 1)
    assert [len(found) for found in (model.train_indices, model.validation_indices, model.test_indices)] == [
        len(expected) for expected in parts
    ]
