"""The stages of training, each one a call of scvi-tools with the settings of the run.

Every stage seeds itself, so that its numbers do not depend on which stages ran before it in the same process or came
from the cache.
"""

import itertools
from pathlib import Path
from typing import Any

import scvi
import torch
from anndata import AnnData
from safetensors.torch import load_file, save

from semafo import keys
from semafo.files import write_atomically
from semafo.models.plans import PretrainedVI
from semafo.models.semafovi import SemafoVI
from semafo.settings import (
    ARCHITECTURES,
    SAMPLES_PER_LABEL,
    RunConfig,
    TrainSettings,
    default_epochs_pretrain,
)
from semafo.training.latent_watch import LatentWatch
from semafo.training.progress import EpochReporter, Progress

_QUIET = {
    "accelerator": "cpu",
    "devices": 1,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "log_every_n_steps": 1,  # a stage may have fewer minibatches than the default of 10, of which Lightning warns
}
_SURGERY_PLAN = {"weight_decay": 0.0}


def seed_everything(settings: TrainSettings) -> None:
    """Same seed, threads and arithmetic at the start of every stage."""
    torch.set_num_threads(settings.n_threads)
    torch.set_flush_denormal(True)  # numbers below 1e-38 count as 0: they cost more time than all others together
    torch.distributions.Distribution.set_default_validate_args(False)  # `Progress` ends a run whose loss is no number
    scvi.settings.seed = settings.seed


def new_scvi(cells: AnnData, form: str) -> PretrainedVI:
    """An untrained scVI of the form's architecture, set up without labels."""
    PretrainedVI.setup_anndata(cells, batch_key=keys.BATCH)
    return PretrainedVI(cells, **ARCHITECTURES[form].scvi_kwargs())


def pretrain(cells: AnnData, config: RunConfig, progress: Progress) -> PretrainedVI:
    """Stage 1: scVI on the reference (surgery) or on all cells (one stage), without any label."""
    settings = config.train
    seed_everything(settings)
    model = new_scvi(cells, config.form)
    n_epochs = settings.epochs_pretrain or default_epochs_pretrain(cells.n_obs)
    progress.begin(keys.PRETRAIN, n_epochs)
    model.train(n_epochs, **_train_kwargs(settings, cells.n_obs), callbacks=[EpochReporter.for_scvi(progress)])
    return model


def semi_supervise(pretrained: PretrainedVI, config: RunConfig, progress: Progress) -> SemafoVI:
    """Stage 2: scANVI / SemafoVAE from scVI's weights, with the labels that may be seen."""
    settings = config.train
    seed_everything(settings)
    model = SemafoVI.from_scvi_model(
        pretrained,
        unlabeled_category=keys.UNLABELLED,
        labels_key=keys.LABEL,
        w_scanvi=config.mix.w_scanvi,
        w_semafo=config.mix.w_semafo,
        label_weighting=config.mix.label_weighting,
    )
    progress.begin(keys.SEMI_SUPERVISED, settings.epochs_reference)
    _train_semafo(model, settings.epochs_reference, SAMPLES_PER_LABEL[config.form], settings, progress, {})
    return model


def map_query(model: SemafoVI, query: AnnData, config: RunConfig, progress: Progress) -> SemafoVI:
    """Stage 3 (surgery): the query's columns of the first layers trained, everything else frozen."""
    settings = config.train
    seed_everything(settings)
    mapped = SemafoVI.load_query_data(query, model, freeze_dropout=True)
    progress.begin(keys.QUERY_STAGE, settings.epochs_query)
    _train_semafo(mapped, settings.epochs_query, SAMPLES_PER_LABEL[config.form], settings, progress, _SURGERY_PLAN)
    return mapped


def map_query_by_scvi(pretrained: PretrainedVI, query: AnnData, config: RunConfig, progress: Progress) -> PretrainedVI:
    """ScVI's own query surgery, for its row in the score table. Reports no epochs: the scores are waited for."""
    settings = config.train
    seed_everything(settings)
    mapped = PretrainedVI.load_query_data(query, pretrained, freeze_dropout=True)
    plan = {"lr": settings.learning_rate, "n_epochs_kl_warmup": settings.kl_warmup_epochs, **_SURGERY_PLAN}
    callbacks = [EpochReporter(_Silent(progress), {})]
    kwargs = {**_train_kwargs(settings, query.n_obs), "plan_kwargs": plan}
    mapped.train(settings.epochs_query, **kwargs, callbacks=callbacks)
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


def load_scvi(cells: AnnData, form: str, weights: Path) -> PretrainedVI:
    """A trained scVI from its cells and its weights."""
    model = new_scvi(cells, form)
    model.module.load_state_dict(load_file(weights))
    model.is_trained_ = True
    model.module.eval()
    return model


def _train_semafo(
    model: SemafoVI,
    n_epochs: int,
    n_samples_per_label: int | None,
    settings: TrainSettings,
    progress: Progress,
    plan: dict[str, Any],
) -> None:
    kwargs = _train_kwargs(settings, model.adata.n_obs)
    kwargs["plan_kwargs"] |= {"classification_ratio": settings.classification_ratio, **plan}
    watch = LatentWatch(model)
    reporter = EpochReporter(progress, {f"{term}_train": term for term in keys.TERMS} | {"train_loss": "loss"}, watch)
    model.train(n_epochs, n_samples_per_label=n_samples_per_label, **kwargs, callbacks=[watch, reporter])


def _train_kwargs(settings: TrainSettings, n_cells: int) -> dict[str, Any]:
    plan = {"lr": settings.learning_rate, "n_epochs_kl_warmup": settings.kl_warmup_epochs}
    return {"train_size": 1.0, "batch_size": _batch_size(settings, n_cells), "plan_kwargs": plan, **_QUIET}


def _batch_size(settings: TrainSettings, n_cells: int) -> int:
    """The size asked for, or the next that leaves no last minibatch of one or two cells: batch norm fails on those."""
    sizes = itertools.count(settings.batch_size)
    return next(size for size in sizes if n_cells % size not in (1, 2) or size > n_cells)
