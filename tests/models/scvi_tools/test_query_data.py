"""A query that is not like the reference: genes that are missing, labels that are unknown, weights that may change."""

import numpy as np
import pandas as pd
import pytest
import scvi
import torch
from scipy import sparse
from scvi.model import SCANVI

from semafo import keys
from semafo.errors import DataError, SettingsError
from semafo.models.semafovi import SemafoVI
from tests.models.conftest import UNLABELLED, make_cells
from tests.models.test_semafovi import changed, state

N_HIDDEN, N_QUERY_BATCHES = 16, 2
FIRST_LAYERS = ("z_encoder.encoder.fc_layers.Layer 0.0.weight", "decoder.px_decoder.fc_layers.Layer 0.0.weight")
STAGE_3 = {"plan_kwargs": {"weight_decay": 0.0}}


@pytest.fixture
def reference(cells, start, train):
    """Both regularisers, in the architecture of query surgery, trained for an instant."""
    return train(start(cells, (1, 1), label_prior="learned"), 1)


def load(query, reference, **kwargs):
    scvi.settings.seed = 0  # the weights of new batches are drawn
    return SemafoVI.load_query_data(query, reference, accelerator="cpu", **kwargs)


@pytest.mark.parametrize("unlabelled", [False, True])
def test_the_query_stage_changes_these_weights_and_no_other(unlabelled, reference, query, train):
    """The columns of the query's batches in the first layers of encoder and decoder: 2 layers x hidden x batches."""
    if unlabelled:
        query.obs["label"] = UNLABELLED
    mapped = load(query, reference, freeze_dropout=True)
    before = state(mapped)
    after = state(train(mapped, 2, **STAGE_3))
    assert changed(before, after) == set(FIRST_LAYERS)
    moved = {name: (before[name] != after[name]).nonzero()[:, 1].unique() for name in FIRST_LAYERS}
    for name, columns in moved.items():
        width = before[name].shape[1]
        assert columns.tolist() == [width - 2, width - 1]  # inputs and reference batches come first
    n_moved = sum(int((before[name] != after[name]).sum()) for name in FIRST_LAYERS)
    assert n_moved == 2 * N_HIDDEN * N_QUERY_BATCHES
    still = ("classifier", "encoder_z2_z1", "decoder_z1_z2", "encoder_z3_z2", "label_prior_logits", "y_prior")
    assert {name.split(".")[0] for name in before} >= set(still)


def test_reference_cells_are_where_they_were(reference, query, train):
    expected = reference.get_latent_representation()
    mapped = train(load(query, reference), **STAGE_3)
    np.testing.assert_allclose(mapped.get_latent_representation(reference.adata.copy()), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("option", "networks"),
    [
        ({"freeze_classifier": False}, {"classifier"}),
        ({"freeze_expression": False}, set()),
        ({"freeze_decoder_first_layer": False}, set()),
    ],
)
def test_scvi_tools_options_free_the_networks_they_name(option, networks, reference, query, train):
    mapped = load(query, reference, **option)
    before = state(mapped)
    moved = {name.split(".")[0] for name in changed(before, state(train(mapped, **STAGE_3)))}
    assert moved == {"z_encoder", "decoder"} | networks


def test_unfrozen_frees_everything_that_has_a_gradient(reference, query, train):
    mapped = load(query, reference, unfrozen=True)
    before = state(mapped)
    moved = {name.split(".")[0] for name in changed(before, state(train(mapped, **STAGE_3)))}
    assert {"classifier", "encoder_z2_z1", "decoder_z1_z2", "encoder_z3_z2", "label_prior_logits"} <= moved


def test_what_may_move_is_what_moves_in_scanvi(cells, query, pretrain, train):
    pretrained = pretrain(cells)
    free = []
    for cls, mix in ((SCANVI, {}), (SemafoVI, {"w_scanvi": 1, "w_semafo": 1})):
        model = train(cls.from_scvi_model(pretrained, UNLABELLED, labels_key="label", **mix), 1)
        mapped = cls.load_query_data(query.copy(), model, accelerator="cpu")
        free.append({name for name, weight in mapped.module.named_parameters() if weight.requires_grad})
    assert free[0] == free[1]


def test_a_saved_query_model_goes_on(reference, query, train, tmp_path):
    query.obs["label"] = query.obs["label"].replace({"c": "monocyte"})
    mapped = train(load(query, reference, unknown_labels="unlabelled"))
    mapped.save(str(tmp_path / "mapped"))
    loaded = SemafoVI.load(str(tmp_path / "mapped"), mapped.adata, accelerator="cpu")
    np.testing.assert_array_equal(loaded.predict(), mapped.predict())
    assert loaded.unseen_labels == mapped.unseen_labels == {"monocyte": int((query.obs["label"] == "monocyte").sum())}
    assert loaded.gene_overlap == mapped.gene_overlap
    assert float(loaded.get_elbo()) == pytest.approx(float(mapped.get_elbo()), rel=0.05)


def test_a_query_without_a_label_column_is_unlabelled(reference, query, train):
    del query.obs["label"]
    with pytest.warns(UserWarning, match="Missing labels key label"):
        mapped = load(query, reference)
    train(mapped)
    assert mapped.unseen_labels == {}
    assert set(mapped.labels_) == {UNLABELLED}
    assert set(mapped.predict()) <= {"a", "b", "c"}


@pytest.mark.parametrize("as_category", [False, True])
def test_unknown_labels_are_set_aside_on_a_copy(as_category, reference, query, train):
    query.obs["label"] = query.obs["label"].replace({"c": "monocyte"})
    query.obs.loc[query.obs_names[:2], "label"] = ["mast cell", None]
    if as_category:
        query.obs["label"] = query.obs["label"].astype("category")
    own = query.obs["label"].astype(object)
    mapped = load(query, reference, unknown_labels="unlabelled")
    pd.testing.assert_series_equal(query.obs["label"].astype(object), own)
    assert mapped.unseen_labels == {"mast cell": 1, "monocyte": int((own == "monocyte").sum())}
    unseen = own.isin(["monocyte", "mast cell"])
    aside = mapped.adata.obs[keys.UNSEEN_LABEL]
    assert list(aside[unseen]) == list(own[unseen])
    assert aside[~unseen].isna().all()
    expected = own.mask(unseen | own.isna(), UNLABELLED)
    assert list(mapped.adata.obs["label"]) == list(expected)
    assert mapped.label_names == ["a", "b", "c"]
    assert len(train(mapped).predict()) == query.n_obs


def test_unknown_labels_cannot_change_the_weights(reference, query, train):
    """Set aside is as good as unlabelled from the start."""
    weights = []
    for name in ("monocyte", "mast cell"):
        labels = query.obs["label"].replace({"c": name})
        with_label = query.copy()
        with_label.obs["label"] = labels
        weights.append(state(train(load(with_label, reference, unknown_labels="unlabelled"))))
    query.obs["label"] = query.obs["label"].replace({"c": UNLABELLED})
    weights.append(state(train(load(query, reference))))
    assert not changed(*weights[:2])
    assert not changed(*weights[1:])


def test_unknown_labels_are_refused_unless_told_otherwise(reference, query):
    query.obs["label"] = query.obs["label"].replace({"c": "monocyte"})
    with pytest.raises(DataError, match=r"(?s)lacks: monocyte.*knows a, b, c.*unknown_labels='unlabelled'"):
        load(query, reference)
    with pytest.raises(SettingsError, match="'ignore': choose 'refuse' or 'unlabelled'"):
        load(query, reference, unknown_labels="ignore")


def test_missing_labels_of_a_query_are_unlabelled_cells(reference, query):
    query.obs["label"] = query.obs["label"].where(query.obs["label"] != UNLABELLED)
    mapped = load(query, reference)
    assert (mapped.labels_ == UNLABELLED).sum() == query.obs["label"].isna().sum() > 0


@pytest.mark.parametrize("matrix", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_genes_are_taken_by_name_and_missing_ones_count_as_zeros(matrix, reference):
    query = make_cells(40, ("three", "four"), seed=2)
    query.layers["also"] = query.X + 1
    expected = query.X.copy()
    query.X, query.layers["also"] = matrix(query.X), matrix(query.layers["also"])
    expected[:, 25:] = 0
    few = query[:, np.random.default_rng(0).permutation(25)].copy()
    own = few.copy()
    with pytest.warns(UserWarning, match=r"25 of the reference's 30 genes \(83%\)"):
        mapped = load(few, reference)
    found = mapped.adata
    assert list(found.var_names) == list(reference.adata.var_names)
    values = found.X.toarray() if sparse.issparse(found.X) else found.X
    np.testing.assert_array_equal(values, expected)
    assert values.dtype == np.float32
    also = found.layers["also"]
    assert (also[:, 25:].sum(), also[:, :25].sum()) == (0, (expected[:, :25] + 1).sum())
    assert mapped.gene_overlap == {
        "n_reference_genes": 30,
        "n_shared": 25,
        "share": pytest.approx(25 / 30),
        "missing": [str(i) for i in range(25, 30)],
    }
    assert list(few.var_names) == list(own.var_names)
    assert "_scvi_batch" not in few.obs


def test_more_genes_in_another_order_lose_nothing(reference, query):
    wider = make_cells(80, ("three", "four"), seed=2, n_genes=40)
    wider.X[:, :30] = query.X
    shuffled = wider[:, np.random.default_rng(0).permutation(40)].copy()
    mapped = load(shuffled, reference)
    np.testing.assert_array_equal(mapped.adata.X, query.X)
    assert mapped.gene_overlap["share"] == 1


def test_too_few_shared_genes_are_refused_unless_told_otherwise(reference, query, train):
    few = query[:, :15].copy()
    with pytest.raises(DataError, match=r"15 of the reference's 30 genes \(50%\), and 70% .*Missing: 15, 16"):
        load(few, reference)
    with pytest.warns(UserWarning, match="15 of the reference's 30"):
        mapped = load(few, reference, min_overlap=0.5)
    assert np.isfinite(train(mapped).get_latent_representation()).all()


def test_no_shared_gene_is_refused_always(reference, query):
    query.var_names = [f"ENSG{i}" for i in range(30)]
    with pytest.raises(DataError, match="0 of the reference's 30"):
        load(query, reference, min_overlap=0)


def test_doubled_genes_and_empty_cells_are_refused(reference, query):
    doubled = query.copy()
    doubled.var_names = ["0", "0", *doubled.var_names[2:]]
    with pytest.raises(DataError, match="'0' more than once"):
        load(doubled, reference)
    wider = make_cells(80, ("three", "four"), seed=2, n_genes=40)
    wider.X[:3, :30] = 0
    with pytest.raises(DataError, match="3 query cells have no count"):
        load(wider, reference)


def test_a_query_can_be_prepared_by_hand(reference, query, tmp_path):
    reference.save(str(tmp_path / "model"))
    for source in (reference, str(tmp_path / "model")):
        names = SemafoVI.prepare_query_anndata(None, source, return_reference_var_names=True)
        assert list(names) == list(reference.adata.var_names)
        few = query[:, :24].copy()
        with pytest.warns(UserWarning, match="24 of the reference's 30"):
            prepared = SemafoVI.prepare_query_anndata(few, source, inplace=False)
        assert (few.n_vars, prepared.n_vars) == (24, 30)
        with pytest.warns(UserWarning, match="24 of the reference's 30"):
            assert SemafoVI.prepare_query_anndata(few, source) is None
        assert few.n_vars == 30
        with pytest.raises(DataError, match="90% are asked for"):
            SemafoVI.prepare_query_anndata(query[:, :24].copy(), source, min_overlap=0.9)


def test_padding_by_hand_and_padding_in_loading_are_the_same(reference, query, train):
    few = query[:, :24].copy()
    with pytest.warns(UserWarning, match="24 of"):
        by_hand = SemafoVI.prepare_query_anndata(few, reference, inplace=False)
    with pytest.warns(UserWarning, match="24 of"):
        mapped = load(few, reference)
    weights = [state(train(model)) for model in (load(by_hand, reference), mapped)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
