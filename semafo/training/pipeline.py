"""One run from data to artefacts, in two halves: training with its maps, and the scib scores.

The halves are separate so that the maps of a whole comparison come before the first score. Each artefact is written
whole, in the run's folder, in the order in which readers look for it.
"""

import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from semafo import keys
from semafo.evaluation import embedding
from semafo.evaluation.integration import integration_scores
from semafo.evaluation.labels import confusion_counts, score_labels
from semafo.evaluation.latent import label_gap, latent_scale
from semafo.evaluation.neighbours import nearest
from semafo.files import append_json_line, read_json, read_json_lines, write_atomically, write_json
from semafo.models.plans import PretrainedVI
from semafo.models.semafovi import SemafoVI
from semafo.settings import RunConfig
from semafo.training import stages
from semafo.training.cache import StageCache, baselines_key, pretrain_key
from semafo.training.plan import expected_seconds
from semafo.training.prepare import Prepared, prepare
from semafo.training.progress import Progress

_SCVI_WEIGHTS = "scvi.safetensors"
N_COMPONENTS = 50  # of the PCA baseline, as scib-metrics' own pipeline


@dataclass(frozen=True)
class Job:
    """A run to be worked on."""

    folder: Path
    config: RunConfig
    context: dict[str, Any]
    cache: StageCache
    progress: Progress

    def write_array(self, name: str, values: np.ndarray) -> None:
        """Write one array of the run's folder."""
        write_atomically(self.folder / name, lambda handle: np.save(handle, values, allow_pickle=False))


def train_and_map(job: Job) -> dict[str, Any]:
    """Train all stages, then write predictions, latent representation and UMAP.

    Returns
    -------
    dict
        `reused_seconds`: what the shared scVI stage took when it was trained, where this run found it in the cache.
    """
    prepared = prepare(job.config, job.context)
    write_json(job.folder / keys.SPLIT_FILE, prepared.facts)
    write_json(job.folder / keys.ENVIRONMENT_FILE, _environment(job))
    job.progress.plan(expected_seconds(job.config, prepared.facts))
    first_cells = prepared.training_cells()
    reused_seconds = _ensure_scvi(job, first_cells)
    pretrained = _load_scvi(job, first_cells)
    model = stages.semi_supervise(pretrained, job.config, job.progress)
    if job.config.form == keys.SURGERY:
        model = stages.map_query(model, prepared.query_cells(), job.config, job.progress)
    job.progress.begin(keys.MAPS)
    _write_model(job, model, prepared.cells)
    _write_maps(job, model, prepared)
    return {"reused_seconds": reused_seconds}


def _ensure_scvi(job: Job, cells: AnnData) -> float | None:
    """Train the shared scVI stage, or replay its history where it is there. Returns its seconds if it was reused."""
    key = pretrain_key(job.config, job.context)
    reused = job.cache.meta(key)
    if reused is None:
        job.cache.make(key, lambda folder: _train_scvi(job, cells, folder))
        return None
    job.progress.begin(keys.PRETRAIN, reused["n_epochs"])
    for line in read_json_lines(job.cache.path(key) / keys.HISTORY_FILE):
        append_json_line(job.folder / keys.HISTORY_FILE, line)
    return reused["seconds"]


def _train_scvi(job: Job, cells: AnnData, folder: Path) -> dict[str, Any]:
    model = stages.pretrain(cells, job.config, job.progress)
    stages.save_weights(model, folder / _SCVI_WEIGHTS)
    lines = [line for line in read_json_lines(job.folder / keys.HISTORY_FILE) if line["stage"] == keys.PRETRAIN]
    for line in lines:
        append_json_line(folder / keys.HISTORY_FILE, line)
    return {"n_epochs": len(lines)}


def _load_scvi(job: Job, cells: AnnData) -> PretrainedVI:
    weights = job.cache.path(pretrain_key(job.config, job.context)) / _SCVI_WEIGHTS
    return stages.load_scvi(cells, job.config.form, weights)


def _write_model(job: Job, model: SemafoVI, cells: AnnData) -> None:
    stages.save_weights(model, job.folder / keys.WEIGHTS_FILE)
    batches = list(cells.obs[keys.BATCH].cat.categories)
    facts = {"genes": list(cells.var_names), "batches": batches, "labels": list(map(str, model.label_names))}
    write_json(job.folder / keys.MODEL_FILE, {**facts, "summary": model._model_summary_string})


def _write_maps(job: Job, model: SemafoVI, prepared: Prepared) -> None:
    """Everything about where the cells lie and what they are taken for; predictions.json says that all is there."""
    cells, settings = prepared.cells, job.config.evaluation
    z = model.get_latent_representation(cells).astype(np.float32)
    job.write_array(keys.array_file(job.config.mix.obsm_key), z)
    job.progress.checkpoint()
    umap = embedding.umap(z, nearest(z, settings.umap_neighbours), settings)
    job.write_array(keys.array_file(keys.X_UMAP), umap)
    job.progress.checkpoint()
    soft = model.predict(cells, soft=True)
    job.write_array(keys.PROBABILITIES_FILE, soft.to_numpy(np.float32))
    table = prepared.split.cells.copy()
    table[keys.PREDICTED] = soft.columns.to_numpy()[soft.to_numpy().argmax(1)]
    table[keys.CONFIDENCE] = soft.to_numpy(np.float32).max(1)
    write_atomically(job.folder / keys.CELLS_FILE, lambda handle: table.to_parquet(handle))
    found = _predictions(table, list(map(str, soft.columns)), prepared.facts["seen_types"])
    test = (table[keys.PART] == keys.TEST).to_numpy()
    densities = model.label_log_density(cells, indices=np.flatnonzero(test))
    codes = pd.Index(soft.columns).get_indexer(table[keys.TRUE][test])
    diagnostics = {"latent_scale": latent_scale(z[test]), "label_gap": label_gap(densities, codes)}
    write_json(job.folder / keys.PREDICTIONS_FILE, {**found, **diagnostics})


def _predictions(table: pd.DataFrame, probability_types: list[str], seen_types: list[str]) -> dict[str, Any]:
    """Label scores and confusion counts on the test cells and, as the paper does, over the whole query."""
    types = sorted({*table[keys.TRUE].dropna().astype(str), *probability_types})
    is_query = table[keys.ROLE] == keys.QUERY
    populations = {"test": table[table[keys.PART] == keys.TEST], "query": table[is_query]}
    scores, confusion = {}, {}
    for name, cells in populations.items():
        scores[name] = score_labels(cells[keys.TRUE], cells[keys.PREDICTED], seen_types).to_dict()
        confusion[name] = confusion_counts(cells[keys.TRUE], cells[keys.PREDICTED], types).tolist()
    return {"types": types, "probability_types": probability_types, **scores, "confusion": confusion}


def score(job: Job) -> None:
    """Write the scib table of the test cells: the model's row, and those of scVI and PCA."""
    job.progress.begin(keys.SCORES)
    table = pd.read_parquet(job.folder / keys.CELLS_FILE)
    test = (table[keys.PART] == keys.TEST).to_numpy()
    z = np.load(job.folder / keys.array_file(job.config.mix.obsm_key))[test]
    folder = job.cache.make(baselines_key(job.config, job.context), lambda draft: _score_baselines(job, draft, test))
    unintegrated = np.load(folder / keys.array_file(keys.X_PCA))
    labels, batches = _text(table[keys.TRUE][test]), _text(table[keys.BATCH_COLUMN][test])
    job.progress.checkpoint()
    own = integration_scores(z, labels, batches, unintegrated, seed=job.config.evaluation.seed).to_dict()
    found = {"population": "test cells", "n_cells": int(test.sum()), "n_batches": len(set(batches))}
    rows = {"model": own, **read_json(folder / keys.INTEGRATION_FILE)}
    write_json(job.folder / keys.INTEGRATION_FILE, {**found, "rows": rows})


def _score_baselines(job: Job, folder: Path, test: np.ndarray) -> dict[str, Any]:
    """ScVI and PCA on the same cells: in surgery scVI has its own query surgery and PCA is fitted on the reference."""
    prepared = prepare(job.config, job.context)
    first_cells = prepared.training_cells()
    scvi_model = _load_scvi(job, first_cells)
    if job.config.form == keys.SURGERY:
        scvi_model = stages.map_query_by_scvi(scvi_model, prepared.query_cells(), job.config, job.progress)
    test_cells = prepared.cells[test].copy()
    latent = scvi_model.get_latent_representation(test_cells)
    fitted_on, projected = embedding.log_normalise(first_cells.X), embedding.log_normalise(test_cells.X)
    _, pca = embedding.pca(fitted_on, N_COMPONENTS, also=projected, seed=job.config.evaluation.seed)
    np.save(folder / keys.array_file(keys.X_PCA), pca)
    truth = prepared.split.cells[test]
    labels, batches = _text(truth[keys.TRUE]), _text(truth[keys.BATCH_COLUMN])
    rows = {}
    for name, z in {"scVI": latent, "PCA": pca}.items():
        job.progress.checkpoint()
        rows[name] = integration_scores(z, labels, batches, pca, seed=job.config.evaluation.seed).to_dict()
    write_json(folder / keys.INTEGRATION_FILE, rows)
    return {}


def _text(column: pd.Series) -> np.ndarray:
    return column.astype(str).to_numpy()


def _environment(job: Job) -> dict[str, Any]:
    packages = {dist.metadata["Name"]: dist.version for dist in metadata.distributions()}
    machine = {"machine": platform.machine(), "system": platform.system(), "python": platform.python_version()}
    return {**machine, "n_threads": job.config.train.n_threads, "packages": dict(sorted(packages.items()))}
