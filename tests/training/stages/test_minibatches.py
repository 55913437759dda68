"""Minibatches are drawn as scvi-tools draws them."""

from itertools import islice

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scvi.dataloaders import SemiSupervisedDataLoader

from semafo.models.semafovi import SemafoVI
from semafo.training.stages.minibatches import Minibatches
from tests.models.conftest import make_cells

UNLABELLED = 9


def labels_of(n_cells, seed):
    return torch.as_tensor(np.random.default_rng(seed).choice([0, 1, 2, UNLABELLED], n_cells, p=[0.2, 0.1, 0.1, 0.6]))


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 64), st.integers(0, 1000), st.sampled_from([None, 1, 5, 1000]))
def test_an_epoch_sees_every_cell_once_and_cycles_through_labelled_ones(n_cells, batch_size, seed, n_samples):
    labels = labels_of(n_cells, seed)
    minibatches = Minibatches(labels, 3, batch_size, n_samples)
    epoch = list(minibatches.epoch())
    assert len(epoch) == len(minibatches)
    cells = torch.cat([index for index, _ in epoch])
    assert sorted(cells.tolist()) == list(range(n_cells))
    assert all(len(index) == batch_size for index, _ in epoch[:-1])
    if not (labels < 3).any():
        assert all(labelled is None for _, labelled in epoch)
        return
    expected = sum(min(n_samples or n_cells, int((labels == code).sum())) for code in range(3))
    one_round = -(-expected // batch_size)
    drawn = torch.cat([labelled for _, labelled in epoch[:one_round]])
    assert len(drawn) == min(expected, one_round * batch_size, len(epoch) * batch_size)
    assert len(set(drawn.tolist())) == len(drawn)
    assert (labels[drawn] < 3).all()
    for step, (_, labelled) in enumerate(epoch):
        assert torch.equal(labelled, epoch[step % one_round][1])


def test_minibatches_have_the_sizes_and_the_rounds_of_scvi_tools_loader():
    cells = make_cells(150, ("one", "two"), seed=1)
    SemafoVI.setup_anndata(cells, labels_key="label", unlabeled_category="unlabelled", batch_key="batch")
    model = SemafoVI(cells, n_hidden=8, n_latent=3)
    loader = SemiSupervisedDataLoader(model.adata_manager, n_samples_per_label=7, shuffle=True, batch_size=10)
    steps = islice(loader, len(loader))  # as a trainer goes through it, which knows its length
    theirs = [(len(full["X"]), len(labelled["X"])) for full, labelled in steps]
    codes = torch.as_tensor(model.adata_manager.get_from_registry("labels").ravel())
    ours = list(Minibatches(codes, 3, 10, 7).epoch())
    assert [(len(index), len(labelled)) for index, labelled in ours] == theirs


def test_labelled_cells_are_drawn_anew_for_each_epoch():
    labels = torch.zeros(100, dtype=torch.int64)
    minibatches = Minibatches(labels, 1, 50, 20)
    torch.manual_seed(0)
    first, second = (set(next(iter(minibatches.epoch()))[1].tolist()) for _ in range(2))
    assert len(first) == len(second) == 20
    assert first != second


def test_the_same_seed_draws_the_same_minibatches():
    minibatches = Minibatches(labels_of(90, 1), 3, 16, 4)
    drawn = []
    for _ in range(2):
        torch.manual_seed(4)
        drawn.append([part.tolist() for step in minibatches.epoch() for part in step])
    assert drawn[0] == drawn[1]
