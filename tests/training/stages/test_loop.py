"""Our loop trains as scvi-tools' trainer does, and follows the course that it is given."""

from typing import ClassVar

import numpy as np
import pytest
import scvi
import torch
from scvi.model import SCANVI

from semafo.errors import RunCancelled
from semafo.models.fast.losses import ScviLoss, SemiSupervisedLoss
from semafo.models.fast.minibatch import CellStore
from semafo.models.fast.passes import Pass
from semafo.models.semafovi import SemafoVI
from semafo.settings.schedule import Course
from semafo.training.stages.loop import fit
from tests.models.conftest import QUIET, UNLABELLED, make_cells

CPU = torch.device("cpu")
SIZES = {"n_hidden": 8, "n_latent": 3, "n_layers": 2, "dropout_rate": 0.0}


def registered(cls, **kwargs):
    cells = make_cells(120, ("one", "two"), seed=1)
    cls.setup_anndata(cells, labels_key="label", unlabeled_category=UNLABELLED, batch_key="batch")
    scvi.settings.seed = 0
    return cls(cells, **SIZES, **kwargs)


class Recorded:
    """Minibatches that were seen elsewhere: a list of (cells, labelled cells) for each epoch."""

    def __init__(self, epochs):
        self._epochs = iter(epochs)
        self._n_steps = len(epochs[0])

    def __len__(self):
        return self._n_steps

    def epoch(self):
        return iter(next(self._epochs))


class SeedBeforeStep(scvi.train._trainingplans.SemiSupervisedTrainingPlan):
    """scvi-tools' own plan, with known draws, that remembers which cells it saw."""

    seen: ClassVar[list] = []

    def training_step(self, batch, batch_idx):
        type(self).seen.append(tuple(part["X"].clone() for part in batch))
        torch.manual_seed(len(self.seen))
        return super().training_step(batch, batch_idx)


def test_weights_after_training_are_those_of_scvi_tools_trainer(monkeypatch):
    monkeypatch.setattr(SCANVI, "_training_plan_cls", SeedBeforeStep)
    monkeypatch.setattr(SeedBeforeStep, "seen", [])
    stock, ours = registered(SCANVI), registered(SemafoVI, w_scanvi=1.0, w_semafo=0.0)
    stock.module.load_state_dict({k: w for k, w in ours.module.state_dict().items() if "z3_z2" not in k})
    stock.train(2, n_samples_per_label=5, train_size=1.0, batch_size=50, **QUIET)

    rows = {row.tobytes(): i for i, row in enumerate(np.asarray(ours.adata.X, np.float32))}
    cells = [
        [torch.tensor([rows[row.numpy().tobytes()] for row in part]) for part in step] for step in SeedBeforeStep.seen
    ]
    per_epoch = len(cells) // 2
    steps = iter(range(1, 100))

    class Loss(SemiSupervisedLoss):
        def __call__(self, *arguments):
            torch.manual_seed(next(steps))
            return super().__call__(*arguments)

    told = []
    fit(
        Loss(Pass(ours.module.train()), 50.0),
        CellStore.of(ours, CPU),
        Recorded([cells[:per_epoch], cells[per_epoch:]]),
        Course(2, 1e-3, one_cycle=False, kl_warmup_epochs=400),
        lambda epoch, terms: told.append(terms),
        lambda: None,
    )
    theirs, mine = stock.module.state_dict(), ours.module.state_dict()
    for name, weight in theirs.items():
        torch.testing.assert_close(mine[name], weight, rtol=1e-4, atol=1e-5, msg=name)
    curve = stock.history["train_classification_loss"].to_numpy(float).ravel()
    assert [terms["classification"] for terms in told] == pytest.approx(curve.tolist(), rel=1e-3)
    assert [terms["kl_weight"] for terms in told] == [0, 1 / 400]


def scvi_loss():
    model = registered(SemafoVI)
    return ScviLoss(Pass(model.module.train())), CellStore.of(model, CPU)


class OneRate:
    """Remembers what the optimizer was told at each step."""

    def __init__(self, monkeypatch):
        self.rates = []
        step = torch.optim.Adam.step

        def recorded(optimizer, *arguments):
            self.rates.append(optimizer.param_groups[0]["lr"])
            return step(optimizer, *arguments)

        monkeypatch.setattr(torch.optim.Adam, "step", recorded)


@pytest.mark.parametrize("one_cycle", [True, False], ids=["one-cycle", "constant"])
def test_the_learning_rate_follows_the_schedule(one_cycle, monkeypatch):
    seen = OneRate(monkeypatch)
    loss, store = scvi_loss()
    steps = [(torch.arange(60), None), (torch.arange(60, 120), None)]
    fit(loss, store, Recorded([steps] * 10), Course(10, 2e-3, one_cycle, 5), lambda *_: None, lambda: None)
    assert len(seen.rates) == 20
    if not one_cycle:
        assert set(seen.rates) == {2e-3}
        return
    highest = int(np.argmax(seen.rates))
    assert seen.rates[highest] == pytest.approx(2e-3, rel=0.05)
    assert highest == pytest.approx(0.3 * 20, abs=1)
    assert 0 < seen.rates[-1] < 1e-4


def test_the_learning_rate_follows_a_path_step_by_step(monkeypatch):
    seen = OneRate(monkeypatch)
    loss, store = scvi_loss()
    steps = [(torch.arange(60), None), (torch.arange(60, 120), None)]
    course = Course(5, 2e-3, False, 5, rate_path=((0.0, 1.0), (0.5, 1.0), (1.0, 0.1)))
    fit(loss, store, Recorded([steps] * 5), course, lambda *_: None, lambda: None)
    assert seen.rates[:5] == pytest.approx([2e-3] * 5)
    assert np.diff(seen.rates[5:]) == pytest.approx(-0.9 * 2e-3 / 4.5)
    assert seen.rates[-1] == pytest.approx(2e-4)


def test_what_the_checkpoint_raises_ends_the_training_at_once():
    loss, store = scvi_loss()
    told, calls = [], []

    def cancel():
        calls.append(1)
        if len(calls) == 3:
            raise RunCancelled

    steps = [(torch.arange(60), None), (torch.arange(60, 120), None)]
    with pytest.raises(RunCancelled):
        fit(loss, store, Recorded([steps] * 5), Course(5, 1e-3, True, 5), lambda *t: told.append(t), cancel)
    assert len(calls) == 3
    assert len(told) == 1


def test_an_epochs_terms_are_means_over_its_cells():
    loss, store = scvi_loss()
    told = []
    steps = [(torch.arange(100), None), (torch.arange(100, 120), None)]

    class Known:
        networks = loss.networks

        def __call__(self, cells, labelled, kl_weight):
            value, _ = loss(cells, labelled, kl_weight)
            return value, {"size": torch.tensor(float(len(cells)))}

    fit(Known(), store, Recorded([steps]), Course(1, 1e-3, True, 5), lambda *t: told.append(t), lambda: None)
    ((epoch, terms),) = told
    assert (epoch, terms["size"]) == (1, pytest.approx((100 * 100 + 20 * 20) / 120))
