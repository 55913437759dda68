"""The two sides of the training benchmark: scvi-tools as it comes, and ours, on the same cells.

Both train one stage: scVI without labels, then a semi-supervised model from its weights. A tenth of the cells takes no
part in any training; on those the ELBO is measured, with all KL terms at weight 1. The clock stands still while it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scvi
import torch
from anndata import AnnData
from scvi.model import SCANVI, SCVI
from scvi.train._callbacks import SubSampleLabels

from benchmarks.training.clock import Clock, Epochs, Looks
from semafo import keys
from semafo.data import catalogue
from semafo.models.semafovi import SemafoVI
from semafo.settings.mix import CORNERS, Mix
from semafo.settings.run_config import (
    ARCHITECTURES,
    SAMPLES_PER_LABEL,
    DatasetSpec,
    RunConfig,
    SplitSettings,
    TrainSettings,
)
from semafo.training.stages import models as stage_models
from semafo.training.stages.prepared_data import prepare

HELD_OUT = 0.1
ELBO_DRAWS, TRACE_DRAWS = 10, 3
STOCK_EPOCHS = 20  # of the semi-supervised stage
_QUIET = {"enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu", "devices": 1}


@dataclass(frozen=True, eq=False)
class Task:
    """Cells to train on, cells held out, and all of them without labels; truth and test cells of all."""

    config: RunConfig
    train: AnnData
    held_out: AnnData
    unlabelled: AnnData
    truth: np.ndarray
    is_test: np.ndarray

    @classmethod
    def of(cls, dataset: DatasetSpec, labelled_rate: float, n_threads: int, schedule: str) -> "Task":
        """Split seed and training seed are 0. schedule: ours."""
        split = SplitSettings(labelled_rate=labelled_rate)
        config = RunConfig(dataset, split, train=TrainSettings(schedule, n_threads=n_threads))
        prepared = prepare(config, {"data": catalogue.content_fingerprint(dataset)})
        cells = prepared.training_cells()
        held_out = np.zeros(cells.n_obs, dtype=bool)
        held_out[np.random.default_rng(0).permutation(cells.n_obs)[: round(HELD_OUT * cells.n_obs)]] = True
        unlabelled = cells.copy()
        unlabelled.obs[keys.LABEL] = pd.Categorical([keys.UNLABELLED] * cells.n_obs)
        parts = prepared.split.cells.loc[cells.obs_names]
        truth, is_test = parts[keys.TRUE].astype(str).to_numpy(), (parts[keys.PART] == keys.TEST).to_numpy()
        return cls(config, cells[~held_out].copy(), unlabelled[held_out].copy(), unlabelled, truth, is_test)

    def elbo(self, model: Any, n_draws: int = ELBO_DRAWS) -> float:
        """Mean ELBO of a held-out cell in nats, higher is better. The model and torch's draws stay as they were."""
        training, trained = model.module.training, model.is_trained_
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            model.module.eval()
            model.is_trained_ = True
            found = np.mean([float(model.get_elbo(self.held_out, batch_size=512)) for _ in range(n_draws)])
        model.module.train(training)
        model.is_trained_ = trained
        return float(found)

    def accuracy(self, model: Any) -> float:
        """Share of test cells whose type is predicted."""
        predicted = np.asarray(model.predict(self.unlabelled)).astype(str)
        return float((predicted == self.truth)[self.is_test].mean())


class StockSemafoVI(SemafoVI):
    """Our module in scvi-tools' own training plan: what scvi-tools would need for the other two mixes."""

    _training_plan_cls = SCANVI._training_plan_cls


class Stock:
    """scvi-tools with its defaults; the trainer's progress bar is off."""

    name = "stock"

    def scvi(self, task: Task, clock: Clock, n_epochs: int | None = None, look_every: int = 0) -> SCVI:
        """ScVI, for its default number of epochs unless given."""
        self._settings(task)
        sizes = ARCHITECTURES[keys.ONE_STAGE].scvi_kwargs()
        with clock.running():
            SCVI.setup_anndata(task.train, batch_key=keys.BATCH)
            model = SCVI(task.train, **sizes)
            looks = [Looks(look_every, lambda e: clock.look(e, lambda: task.elbo(model, TRACE_DRAWS)))]
            callbacks = [Epochs(clock), *(looks if look_every else [])]
            model.train(n_epochs, train_size=1.0, callbacks=callbacks, **_QUIET)
        return model

    def semi(self, task: Task, pretrained: SCVI, mix: Mix, clock: Clock, n_epochs: int = STOCK_EPOCHS) -> SCANVI:
        """scANVI, or our module in scvi-tools' training, from scVI's weights."""
        self._settings(task)
        cls, weights = (SCANVI, {}) if not mix.w_semafo else (StockSemafoVI, _weights(mix))
        with clock.running():
            model = cls.from_scvi_model(pretrained, keys.UNLABELLED, labels_key=keys.LABEL, **weights)
            samples = SAMPLES_PER_LABEL[keys.ONE_STAGE]
            # callbacks of ours take the place of scvi-tools' own, which draws the labelled cells of an epoch
            callbacks = [Epochs(clock), SubSampleLabels()]
            model.train(n_epochs, n_samples_per_label=samples, train_size=1.0, callbacks=callbacks, **_QUIET)
        return model

    def _settings(self, task: Task) -> None:
        torch.set_num_threads(task.config.train.n_threads)
        torch.set_flush_denormal(False)
        torch.distributions.Distribution.set_default_validate_args(__debug__)
        scvi.settings.seed = task.config.train.seed


class Ours:
    """The stages of our own pipeline."""

    name = "ours"

    def scvi(self, task: Task, clock: Clock, n_epochs: int | None = None, look_every: int = 0) -> SCVI:
        """ScVI, for the epochs of the schedule unless given."""
        train = replace(task.config.train, epochs_pretrain=n_epochs)
        looks = _Watcher(look_every, task, clock)
        with clock.running(), looks.at_new_models():
            return stage_models.pretrain(task.train, replace(task.config, train=train), looks)

    def semi(self, task: Task, pretrained: SCVI, mix: Mix, clock: Clock, n_epochs: int | None = None) -> SemafoVI:
        """The semi-supervised stage from scVI's weights."""
        train = replace(task.config.train, epochs_reference=n_epochs)
        with clock.running():
            return stage_models.semi_supervise(
                pretrained, replace(task.config, train=train, mix=mix), _Watcher(0, task, clock)
            )


class _Watcher:
    """A `Progress` that notes the ELBO of the model that is being trained."""

    def __init__(self, every: int, task: Task, clock: Clock) -> None:
        self._every, self._task, self._clock = every, task, clock
        self._model: SCVI | None = None

    @contextmanager
    def at_new_models(self) -> Iterator[None]:
        """See which model the stage makes: it hands out none before it is trained."""
        make = stage_models.new_scvi

        def noted(*arguments: Any) -> SCVI:
            self._model = make(*arguments)
            return self._model

        stage_models.new_scvi = noted
        try:
            yield
        finally:
            stage_models.new_scvi = make

    def begin(self, stage: str, n_epochs: int = 0) -> None:
        """Note when the first epoch begins."""
        self._clock.begin_epoch()

    def checkpoint(self) -> None:
        """Never asks to stop."""

    def plan(self, expected: dict[str, float]) -> None:
        """Nothing to note."""

    def epoch(self, epoch: int, terms: dict[str, float]) -> None:
        """Note the epoch's seconds and, if it is time, the held-out ELBO."""
        self._clock.end_epoch()
        if self._every and epoch % self._every == 0:
            self._clock.look(epoch, lambda: self._task.elbo(self._model, TRACE_DRAWS))
        self._clock.begin_epoch()


def _weights(mix: Mix) -> dict[str, Any]:
    return {"w_scanvi": mix.w_scanvi, "w_semafo": mix.w_semafo, "label_weighting": mix.label_weighting}


MIXES = tuple(Mix(*weights) for weights in CORNERS.values())


@dataclass(frozen=True)
class Comparison:
    """What one side took and reached: scVI, and each mix by its name with accuracy and, where defined, ELBO."""

    scvi: Clock
    elbo_scvi: float
    mixes: dict[str, tuple[Clock, dict[str, float]]]

    def seconds(self, only: str | None = None, clock: str = "wall") -> float:
        """Seconds of scVI and all mixes, or of one of them."""
        parts = [each for name, (each, _) in self.mixes.items() if only in (None, name)]
        return sum(getattr(part, clock) for part in (self.scvi, *parts))

    def described(self, side: str) -> dict[str, float]:
        """Seconds, ELBO and accuracy under names that end in the side's."""
        found = {f"seconds_scvi_{side}": self.scvi.wall, f"elbo_scvi_{side}": self.elbo_scvi}
        for name, (clock, scores) in self.mixes.items():
            found |= {f"seconds_{name}_{side}": clock.wall, **{f"{key}_{name}_{side}": v for key, v in scores.items()}}
        return found


def compare(task: Task, side: Stock | Ours, look_every: int = 0) -> Comparison:
    """Train scVI and the three mixes on one side."""
    clock, mixes = Clock(), {}
    pretrained = side.scvi(task, clock, look_every=look_every)
    for mix in MIXES:
        own = Clock()
        model = side.semi(task, pretrained, mix, own)
        scores = {"accuracy": task.accuracy(model)}
        if mix.w_scanvi:  # without scANVI's regulariser there is no bound
            scores["elbo"] = task.elbo(model)
        mixes[mix.name] = own, scores
    return Comparison(clock, task.elbo(pretrained), mixes)
