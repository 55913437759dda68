"""The stages of training: scvi-tools' models, trained by our own loop (`semafo.training.stages.loop`).

Every stage seeds itself, so that its numbers do not depend on which stages ran before it in the same process or came
from the cache.
"""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import scvi
import torch
from anndata import AnnData
from safetensors.torch import load_file, save
from scvi.model import SCVI

from semafo import keys
from semafo.files import write_atomically
from semafo.models.fast.losses import Loss, ScviLoss, SemiSupervisedLoss
from semafo.models.fast.minibatch import CellStore
from semafo.models.fast.passes import Pass, QueryPass
from semafo.models.networks import quicken_dropout
from semafo.models.semafovi import SemafoVI
from semafo.settings.run_config import ARCHITECTURES, SAMPLES_PER_LABEL, RunConfig, TrainSettings
from semafo.settings.schedule import course_of
from semafo.training.progress import Progress
from semafo.training.stages.latent_watch import LatentWatch
from semafo.training.stages.loop import fit
from semafo.training.stages.minibatches import Minibatches
from semafo.training.stages.replay_frames import StageRecord


def seed_everything(settings: TrainSettings) -> None:
    """Same seed, threads and arithmetic at the start of every stage."""
    torch.set_num_threads(settings.n_threads)
    torch.set_flush_denormal(True)  # numbers below 1e-38 count as 0: they cost more time than all others together
    torch.distributions.Distribution.set_default_validate_args(False)  # `Progress` ends a run whose loss is no number
    scvi.settings.seed = settings.seed


def new_scvi(cells: AnnData, form: str) -> SCVI:
    """An untrained scVI of the form's architecture, set up without labels."""
    SCVI.setup_anndata(cells, batch_key=keys.BATCH)
    return SCVI(cells, **ARCHITECTURES[form].scvi_kwargs())


def pretrain(cells: AnnData, config: RunConfig, progress: Progress, record: StageRecord | None = None) -> SCVI:
    """Stage 1: scVI on the reference (surgery) or on all cells (one stage), without any label.

    record: where the latent space of a sample is kept, epoch by epoch; None keeps nothing. So in the other stages.
    """
    seed_everything(config.train)
    model = new_scvi(cells, config.form)
    _Stage(keys.PRETRAIN, model, config, progress, record).train(lambda store: ScviLoss(Pass(model.module)))
    return model


def new_semafovi(pretrained: SCVI, config: RunConfig) -> SemafoVI:
    """The semi-supervised model as its training begins: scVI's weights, and the labels that may be seen."""
    return SemafoVI.from_scvi_model(
        pretrained,
        unlabeled_category=keys.UNLABELLED,
        labels_key=keys.LABEL,
        w_scanvi=config.mix.w_scanvi,
        w_semafo=config.mix.w_semafo,
        label_weighting=config.mix.label_weighting,
    )


def semi_supervise(
    pretrained: SCVI, config: RunConfig, progress: Progress, record: StageRecord | None = None
) -> SemafoVI:
    """Stage 2: scANVI / SemafoVAE from scVI's weights, with the labels that may be seen."""
    seed_everything(config.train)
    model = new_semafovi(pretrained, config)
    ratio = config.train.classification_ratio
    stage = _Stage(keys.SEMI_SUPERVISED, model, config, progress, record)
    stage.train(lambda store: SemiSupervisedLoss(Pass(model.module), ratio))
    return model


def map_query(
    model: SemafoVI, query: AnnData, config: RunConfig, progress: Progress, record: StageRecord | None = None
) -> SemafoVI:
    """Stage 3 (surgery): the query's columns of the first layers trained, everything else frozen."""
    seed_everything(config.train)
    mapped = SemafoVI.load_query_data(query, model, freeze_dropout=True)
    ratio = config.train.classification_ratio
    stage = _Stage(keys.QUERY_STAGE, mapped, config, progress, record)
    stage.train(lambda store: SemiSupervisedLoss(QueryPass(mapped.module, store), ratio))
    return mapped


def map_query_by_scvi(pretrained: SCVI, query: AnnData, config: RunConfig, progress: Progress) -> SCVI:
    """ScVI's own query surgery, for its row in the score table. Reports no epochs: the scores are waited for."""
    seed_everything(config.train)
    mapped = SCVI.load_query_data(query, pretrained, freeze_dropout=True)
    stage = _Stage(keys.QUERY_STAGE, mapped, config, _Silent(progress))
    stage.train(lambda store: ScviLoss(QueryPass(mapped.module, store)))
    return mapped


class _Silent:
    """Passes on the wish to stop and nothing else."""

    def __init__(self, progress: Progress) -> None:
        self.checkpoint = progress.checkpoint

    def plan(self, expected: dict[str, float]) -> None:
        """Say nothing."""

    def begin(self, stage: str, n_epochs: int = 0) -> None:
        """Say nothing."""

    def epoch(self, epoch: int, terms: dict[str, float]) -> None:
        """Say nothing."""


def save_weights(model: Any, path: Path) -> None:
    """A module's weights and buffers, as safetensors."""
    content = save({name: tensor.contiguous() for name, tensor in model.module.state_dict().items()})
    write_atomically(path, lambda handle: handle.write(content))


def load_scvi(cells: AnnData, form: str, weights: Path) -> SCVI:
    """A trained scVI from its cells and its weights."""
    model = new_scvi(cells, form)
    model.module.load_state_dict(load_file(weights))
    model.is_trained_ = True
    model.module.eval()
    return model


def load_semafovi(cells: AnnData, query: AnnData | None, config: RunConfig, weights: Path) -> SemafoVI:
    """A run's trained model from its cells and its weights.

    Parameters
    ----------
    cells
        Those of the first stages.
    query
        Those of the query stage; None where there was none.
    """
    seed_everything(config.train)
    pretrained = new_scvi(cells, config.form)
    pretrained.is_trained_ = True  # its weights are those of the model's file
    model = new_semafovi(pretrained, config)
    if query is not None:
        model.is_trained_ = True
        model = SemafoVI.load_query_data(query, model, freeze_dropout=True)
    model.module.load_state_dict(load_file(weights))
    model.is_trained_ = True
    model.module.eval()
    return model


class _Stage:
    """A model and how it is trained in one stage."""

    def __init__(
        self,
        name: str,
        model: SCVI | SemafoVI,
        config: RunConfig,
        progress: Progress,
        record: StageRecord | None = None,
    ) -> None:
        self._name, self._model, self._config, self._progress = name, model, config, progress
        self._record = record

    def train(self, loss_of: Callable[[CellStore], Loss]) -> None:
        """Train the model on all its cells; afterwards it is on the CPU and ready to be used."""
        settings, module = self._config.train, self._model.module
        device = device_of(settings)
        store = CellStore.of(self._model, device)
        quicken_dropout(module)
        module.to(device).train()
        loss = loss_of(store)
        watch = LatentWatch(loss, store) if isinstance(self._model, SemafoVI) else None
        course = course_of(self._name, settings, len(store), self._config.form)
        self._progress.begin(self._name, course.n_epochs)
        if self._record is not None:
            self._record.begin(loss.networks, store, course.n_epochs)
        fit(loss, store, self._minibatches(store), course, self._report(watch), self._progress.checkpoint)
        if self._record is not None:
            self._record.end()
        module.cpu().eval()
        self._model.is_trained_ = True

    def _minibatches(self, store: CellStore) -> Minibatches:
        n_labels = self._model.module.n_labels if isinstance(self._model, SemafoVI) else 0
        size = _batch_size(self._config.train, len(store))
        return Minibatches(store.labels, n_labels, size, SAMPLES_PER_LABEL[self._config.form])

    def _report(self, watch: LatentWatch | None) -> Callable[[int, dict[str, float]], None]:
        def on_epoch(epoch: int, terms: dict[str, float]) -> None:
            self._progress.epoch(epoch, terms if watch is None else {**terms, **watch.measure()})
            if self._record is not None:
                self._record.see(epoch)

        return on_epoch


def device_of(settings: TrainSettings) -> torch.device:
    """Where a run is trained. "auto" is the GPU where there is one."""
    has_gpu = torch.cuda.is_available()
    return torch.device("cuda" if has_gpu and settings.accelerator != "cpu" else "cpu")


def _batch_size(settings: TrainSettings, n_cells: int) -> int:
    """The size asked for, or the next that leaves no last minibatch of one or two cells: batch norm fails on those."""
    sizes = itertools.count(settings.batch_size)
    return next(size for size in sizes if n_cells % size not in (1, 2) or size > n_cells)
