"""Latent scale and label gap by epoch: recorded, told, right, and without any effect on the training."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from semafo import keys
from semafo.data.load import load
from semafo.data.splitting.split import hide_labels, make_split
from semafo.evaluation.latent.diagnostics import label_gap, latent_scale
from semafo.models.fast.losses import SemiSupervisedLoss
from semafo.models.fast.minibatch import CellStore
from semafo.models.fast.passes import Pass
from semafo.runs.library.store import in_context
from semafo.settings.mix import Mix
from semafo.training.stages import models as stage_models
from semafo.training.stages.latent_watch import LatentWatch, evaluating
from tests.support.tiny import TINY_BATCHES, tiny_config

SCALE, GAP = keys.DIAGNOSTICS


class Told:
    """A progress that remembers what each epoch told."""

    def __init__(self):
        self.epochs, self.stage = [], ""

    def plan(self, expected):
        pass

    def begin(self, stage, n_epochs=0):
        self.stage = stage

    def epoch(self, epoch, terms):
        self.epochs.append({"stage": self.stage, "epoch": epoch, **terms})

    def checkpoint(self):
        pass


def cells_of(config):
    adata = load(config.dataset)
    split = make_split(adata.obs[keys.TRUE], adata.obs[keys.BATCH_COLUMN], config.split)
    masked = hide_labels(adata, split)
    if config.form == keys.ONE_STAGE:
        return masked, None
    is_reference = (split.cells[keys.ROLE] == keys.REFERENCE).to_numpy()
    return masked[is_reference].copy(), masked[~is_reference].copy()


def all_stages(config):
    told = Told()
    first, query = cells_of(config)
    model = stage_models.semi_supervise(stage_models.pretrain(first, config, told), config, told)
    if query is not None:
        model = stage_models.map_query(model, query, config, told)
    return model, told.epochs


@pytest.fixture(scope="module", params=["one-stage", "surgery", "surgery at rate 0"])
def trained(request):
    surgery = request.param != "one-stage"
    settings = {"reference": TINY_BATCHES[:2]} if surgery else {}
    if request.param == "surgery at rate 0":
        settings["labelled_rate"] = 0.0
    config, _ = in_context(replace(tiny_config(**settings), mix=Mix(1, 1, "normalised")))
    return config, *all_stages(config), request.param


def test_each_semi_supervised_epoch_tells_scale_and_gap(trained):
    config, _, epochs, name = trained
    assert not any(SCALE in line for line in epochs if line["stage"] == keys.PRETRAIN)
    later = [line for line in epochs if line["stage"] != keys.PRETRAIN]
    assert len(later) == (2 if config.form == keys.ONE_STAGE else 4)
    assert all(0 < line[SCALE] < math.inf for line in later)
    for line in later:
        without_labels = name == "surgery at rate 0" and line["stage"] == keys.QUERY_STAGE
        assert (GAP in line) != without_labels


def test_the_last_epoch_has_the_values_of_the_trained_model(trained):
    _, model, epochs, _ = trained
    labelled = model._labeled_indices
    chosen = labelled if len(labelled) else np.arange(model.adata.n_obs)
    assert len(chosen) <= 512
    z = model.get_latent_representation(indices=chosen)
    assert epochs[-1][SCALE] == pytest.approx(latent_scale(z), rel=1e-4)
    if len(labelled):
        codes = model.adata.obs["_scvi_labels"].to_numpy()[chosen]
        expected = label_gap(model.label_log_density(indices=chosen), codes)
        assert epochs[-1][GAP] == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("reference", [(), TINY_BATCHES[:2]], ids=["one-stage", "surgery"])
def test_weights_are_the_same_bit_for_bit_without_the_watch(reference, monkeypatch):
    config, _ = in_context(replace(tiny_config(reference=reference), mix=Mix(1, 1)))
    watched, _ = all_stages(config)
    after_watched = torch.rand(3), np.random.rand(3)
    monkeypatch.setattr(LatentWatch, "measure", lambda *_: {})
    plain, epochs = all_stages(config)
    after_plain = torch.rand(3), np.random.rand(3)
    assert not any(SCALE in line for line in epochs)
    expected, found = plain.module.state_dict(), watched.module.state_dict()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert all((one == other).all() for one, other in zip(after_plain, after_watched, strict=True))


def test_hidden_labels_cannot_reach_the_watch():
    """Its sample has only labels that the model may see."""
    config, _ = in_context(tiny_config())
    masked, _ = cells_of(config)
    n_visible = int((masked.obs[keys.LABEL] != keys.UNLABELLED).sum())
    told = Told()
    model = stage_models.semi_supervise(stage_models.pretrain(masked, config, told), config, told)
    store = CellStore.of(model, torch.device("cpu"))
    watch = LatentWatch(SemiSupervisedLoss(Pass(model.module), 50.0), store)
    assert len(watch._codes) == min(n_visible, 512)
    assert (watch._codes >= 0).all()


def test_each_layer_gets_its_own_mode_back():
    network = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.BatchNorm1d(3))
    network[0].eval()
    with evaluating(network):
        assert not any(layer.training for layer in network.modules())
    assert [layer.training for layer in network.modules()] == [True, False, True]
