"""One training as the program does it, without its maps and scores; what it found is kept in one small file."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.results.protocol import MIXES, Task
from semafo import keys
from semafo.data import catalogue
from semafo.settings.fingerprint import fingerprint
from semafo.settings.run_config import RunConfig
from semafo.training.stage_cache import pretrain_key, scvi_query_key
from semafo.training.stages import models as stage_models
from semafo.training.stages.prepared_data import Prepared, prepare


class Silent:
    """Progress that nobody watches."""

    def plan(self, expected: dict[str, float]) -> None:
        """Say nothing."""

    def begin(self, stage: str, n_epochs: int = 0) -> None:
        """Say nothing."""

    def epoch(self, epoch: int, terms: dict[str, float]) -> None:
        """Say nothing."""

    def checkpoint(self) -> None:
        """Never stop."""


@dataclass(frozen=True)
class Found:
    """What a training left: z and q(y|z) of every cell, and in surgery q(y|z) before the query stage."""

    path: Path

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """`z` (n, L), `probabilities` (n, C), `types` (C,), `before` (n, C; surgery)."""
        with np.load(self.path, allow_pickle=False) as stored:
            return dict(stored)


def context_of(config: RunConfig) -> dict[str, str]:
    """What decides the numbers beside the settings. Versions are left to whoever clears the folder."""
    return {"data": catalogue.content_fingerprint(config.dataset)}


def file_of(folder: Path, config: RunConfig) -> Path:
    """Where a training's results lie."""
    settings = {part: values for part, values in config.to_dict().items() if part != "evaluation"}
    settings["mix"].pop("head")  # it changes no training
    settings["dataset"] = {key: settings["dataset"][key] for key in ("label_key", "batch_key", "counts", "n_hvg")}
    return folder / f"{config.mix.slug}-{fingerprint(settings, context_of(config))[:16]}.npz"


def prepared(config: RunConfig) -> Prepared:
    """The cells as the models see them, which does not depend on the mix or on the training."""
    return _prepared(RunConfig(config.dataset, config.split))


@lru_cache(maxsize=2)
def _prepared(config: RunConfig) -> Prepared:
    return prepare(config, context_of(config))


def train(folder: Path, task: Task) -> Found:
    """Train, or find what an earlier call left."""
    config = task.config
    path = file_of(folder, config)
    if path.exists():
        return Found(path)
    cells = prepared(config)
    model = _semi_supervised(folder, config)
    found = {}
    if config.form == keys.SURGERY:
        found["before"] = _before_query(model, cells)
        model = stage_models.map_query(model, cells.query_cells(), config, Silent())
    soft = model.predict(cells.cells, soft=True)
    found |= {"z": model.get_latent_representation(cells.cells).astype(np.float32), "probabilities": soft.to_numpy()}
    _save(path, **found, types=np.array([str(name) for name in soft.columns]))
    return Found(path)


def _semi_supervised(folder: Path, config: RunConfig) -> "stage_models.SemafoVI":
    """The model after stage 2. In surgery it sees the reference alone, so all labelled rates share it."""
    if config.form == keys.SURGERY:
        return _of_reference(folder, replace(config, split=replace(config.split, labelled_rate=0.0)))
    return stage_models.semi_supervise(_scvi(folder, config, prepared(config)), config, Silent())


@lru_cache(maxsize=len(MIXES))
def _of_reference(folder: Path, config: RunConfig) -> "stage_models.SemafoVI":
    return stage_models.semi_supervise(_scvi(folder, config, prepared(config)), config, Silent())


def scvi_latent(folder: Path, config: RunConfig) -> np.ndarray:
    """X_scVI of every cell; in surgery after scVI's own query surgery."""
    path = folder / f"{scvi_query_key(config, context_of(config))}.npz"
    if not path.exists():
        cells = prepared(config)
        model = _scvi(folder, config, cells)
        if config.form == keys.SURGERY:
            model = stage_models.map_query_by_scvi(model, cells.query_cells(), config, Silent())
        _save(path, z=model.get_latent_representation(cells.cells))
    with np.load(path) as stored:
        return stored["z"]


def _scvi(folder: Path, config: RunConfig, cells: Prepared) -> "stage_models.SCVI":
    """The scVI stage, which all mixes and rates of a seed share."""
    weights = folder / f"{pretrain_key(config, context_of(config))}.safetensors"
    first = cells.training_cells()
    if not weights.exists():
        stage_models.save_weights(stage_models.pretrain(first, config, Silent()), weights)
    return stage_models.load_scvi(first, config.form, weights)


def _before_query(model: "stage_models.SemafoVI", cells: Prepared) -> np.ndarray:
    """q(y|z) of every cell with the query mapped onto the reference, before anything is trained on it."""
    mapped = stage_models.SemafoVI.load_query_data(cells.query_cells(), model, freeze_dropout=True)
    mapped.is_trained_ = True
    return mapped.predict(cells.cells, soft=True).to_numpy()


def _save(path: Path, **arrays: np.ndarray) -> None:
    draft = path.with_suffix(".draft.npz")
    np.savez(draft, **arrays)
    draft.rename(path)


def truth(config: RunConfig) -> pd.DataFrame:
    """True label, batch, role and part of every cell."""
    return prepared(config).split.cells
