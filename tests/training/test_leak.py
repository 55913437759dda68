"""Hidden labels cannot reach a model: not through any stage, in any mix, in either form."""

from dataclasses import replace

import numpy as np
import pytest
import scvi
import torch

from semafo import keys
from semafo.data.load import load
from semafo.data.splitting.split import hide_labels, make_split
from semafo.runs.library.store import in_context
from semafo.settings.mix import Mix
from semafo.training.stages import models as stage_models
from tests.support.silent import Silent
from tests.support.tiny import TINY_BATCHES, tiny_config

MIXES = [Mix(1, 0), Mix(0, 1), Mix(1, 1), Mix(0.7, 0.3), Mix(1, 1, "normalised")]


def with_hidden_labels_permuted(split):
    """The same split with another truth for every cell whose label is not given to the models."""
    cells = split.cells.copy()
    hidden = (cells[keys.PART] != keys.LABELLED).to_numpy()
    shuffled = np.random.default_rng(5).permutation(cells.loc[hidden, keys.TRUE].to_numpy())
    assert (shuffled != cells.loc[hidden, keys.TRUE].to_numpy()).any()
    cells.loc[hidden, keys.TRUE] = shuffled
    return replace(split, cells=cells)


def weights_after_all_stages(config, adata, split):
    masked = hide_labels(adata, split)
    is_reference = (split.cells[keys.ROLE] == keys.REFERENCE).to_numpy()
    surgery = config.form == keys.SURGERY
    first = masked[is_reference].copy() if surgery else masked
    model = stage_models.semi_supervise(stage_models.pretrain(first, config, Silent()), config, Silent())
    if surgery:
        model = stage_models.map_query(model, masked[~is_reference].copy(), config, Silent())
    return model.module.state_dict()


@pytest.mark.parametrize("mix", MIXES, ids=lambda mix: mix.slug)
@pytest.mark.parametrize("reference", [(), TINY_BATCHES[:2]], ids=["one-stage", "surgery"])
def test_permuting_the_hidden_labels_changes_no_weight(mix, reference):
    config, _ = in_context(replace(tiny_config(reference=reference), mix=mix))
    adata = load(config.dataset)
    split = make_split(adata.obs[keys.TRUE], adata.obs[keys.BATCH_COLUMN], config.split)
    before = weights_after_all_stages(config, adata, split)
    after = weights_after_all_stages(config, adata, with_hidden_labels_permuted(split))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_other_visible_labels_do_change_the_weights():
    """The counterpart, without which the test above would prove nothing."""
    config, _ = in_context(tiny_config())
    adata = load(config.dataset)
    split = make_split(adata.obs[keys.TRUE], adata.obs[keys.BATCH_COLUMN], config.split)
    cells = split.cells.copy()
    visible = (cells[keys.PART] == keys.LABELLED).to_numpy()
    cells.loc[visible, keys.TRUE] = np.random.default_rng(5).permutation(cells.loc[visible, keys.TRUE].to_numpy())
    before = weights_after_all_stages(config, adata, split)
    after = weights_after_all_stages(config, adata, replace(split, cells=cells))
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("reference", [(), TINY_BATCHES[:2]], ids=["one-stage", "surgery"])
def test_the_leak_lets_hidden_labels_change_the_weights(reference):
    config, _ = in_context(tiny_config(reference=reference, leak=True))
    adata = load(config.dataset)
    split = make_split(adata.obs[keys.TRUE], adata.obs[keys.BATCH_COLUMN], config.split)
    before = weights_after_all_stages(config, adata, split)
    after = weights_after_all_stages(config, adata, with_hidden_labels_permuted(split))
    assert any(not torch.equal(before[name], after[name]) for name in before)


def test_scvi_tools_trains_on_labels_that_were_hidden_by_overwriting_its_list():
    """As the published notebook does it: all query cells are declared unlabelled after the query was loaded."""
    config, _ = in_context(tiny_config(reference=TINY_BATCHES[:2]))
    adata = load(config.dataset)
    cells = adata[:, :].copy()
    cells.obs = cells.obs[[keys.BATCH_COLUMN, keys.TRUE]].astype(str).astype("category")
    is_query = (cells.obs[keys.BATCH_COLUMN] == TINY_BATCHES[2]).to_numpy()
    reference, query = cells[~is_query].copy(), cells[is_query].copy()
    quietly = {"accelerator": "cpu", "devices": 1, "enable_progress_bar": False, "log_every_n_steps": 1}
    scvi.settings.seed = 0
    columns = {"batch_key": keys.BATCH_COLUMN, "labels_key": keys.TRUE, "unlabeled_category": keys.UNLABELLED}
    scvi.model.SCANVI.setup_anndata(reference, **columns)
    model = scvi.model.SCANVI(reference, n_hidden=8, n_latent=3, encode_covariates=True, use_batch_norm="none")
    model.train(1, train_size=1.0, **quietly)

    def weights(labels):
        mapped = query.copy()
        mapped.obs[keys.TRUE] = labels
        scvi.settings.seed = 0
        hidden = scvi.model.SCANVI.load_query_data(mapped, model)
        hidden._unlabeled_indices, hidden._labeled_indices = np.arange(mapped.n_obs), []
        hidden.train(2, train_size=1.0, **quietly)
        return hidden.module.state_dict()

    truth = query.obs[keys.TRUE].to_numpy()
    before, again = weights(truth), weights(truth)
    after = weights(np.random.default_rng(5).permutation(truth))
    assert all(torch.equal(before[name], again[name]) for name in before)
    assert any(not torch.equal(before[name], after[name]) for name in before)
