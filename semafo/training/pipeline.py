"""One run from data to artefacts, in two halves: training with its maps, and scores beside the baselines'.

The halves are separate so that the maps of a whole comparison come before the first score. Each artefact is written
whole, in the run's folder, in the order in which readers look for it.
"""

import platform
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scvi import REGISTRY_KEYS
from scvi.model import SCVI

from semafo import keys
from semafo.evaluation.integration.table import integration_scores
from semafo.evaluation.latent import embedding
from semafo.evaluation.latent.diagnostics import label_gap, latent_scale
from semafo.evaluation.neighbours.neighbours import nearest
from semafo.files import read_json, read_table, write_atomically, write_json
from semafo.models.mixture_head import hybrid_probabilities
from semafo.models.semafovi import SemafoVI
from semafo.settings.mix import Mix
from semafo.settings.run_config import RunConfig
from semafo.training.artefacts import baselines
from semafo.training.artefacts.expression import write_expression
from semafo.training.artefacts.gene_support import limited
from semafo.training.artefacts.live_frames import remove_live
from semafo.training.artefacts.mapping import add_mapping_score
from semafo.training.artefacts.predictions import Outcome, scored_population
from semafo.training.artefacts.replay_recorder import RunRecorder
from semafo.training.duration import courses, expected_seconds
from semafo.training.run_context import RunContext
from semafo.training.stages import models as stage_models
from semafo.training.stages.prepared_data import Prepared, prepare
from semafo.training.stages.shared_scvi import ensure_scvi, load_scvi


def train_and_map(run: RunContext) -> dict[str, Any]:
    """Train all stages, then write predictions, latent representation and UMAP.

    Returns
    -------
    dict
        `reused_seconds`: what the shared scVI stage took when it was trained, where this run found it in the cache.
    """
    prepared = prepare(run.config, run.context)
    stated = {stage: asdict(course) for stage, course in courses(run.config, prepared.facts).items()}
    write_json(run.folder / keys.SPLIT_FILE, {**prepared.facts, "courses": stated})
    write_json(run.folder / keys.ENVIRONMENT_FILE, _environment(run))
    run.progress.plan(expected_seconds(run.config, prepared.facts))
    first_cells = prepared.training_cells()
    recorder = RunRecorder(run, prepared)
    reused_seconds = ensure_scvi(run, first_cells, recorder.pretrain)
    recorder.follow_scvi()
    pretrained = load_scvi(run, first_cells)
    record = recorder.stage(keys.SEMI_SUPERVISED)
    model = stage_models.semi_supervise(pretrained, run.config, run.progress, record)
    before_query = None
    if run.config.form == keys.SURGERY and prepared.facts["n_query"]:
        before_query = predict_before_query(model, prepared.query_cells(), prepared.cells, run.config)
        record = recorder.stage(keys.QUERY_STAGE)
        model = stage_models.map_query(model, prepared.query_cells(), run.config, run.progress, record)
    recorder.write()
    run.progress.begin(keys.MAPS)
    _write_model(run, model, prepared.cells)
    shared_start = scvi_plane(pretrained, prepared.cells) if run.config.form == keys.ONE_STAGE else None
    _write_maps(run, model, prepared, before_query, shared_start)
    return {"reused_seconds": reused_seconds}


def predict_before_query(model: SemafoVI, query: AnnData, cells: AnnData, config: RunConfig) -> pd.Series:
    """Predicted types of the query by the model as the query stage finds it, indexed by cell.

    The query's batches have columns of their own in the first layers, which are still as they were drawn. Takes nothing
    from the stage that follows: every stage seeds itself. cells: all cells, the query's among them.
    """
    stage_models.seed_everything(config.train)
    mapped = SemafoVI.load_query_data(query, model, freeze_dropout=True)
    mapped.is_trained_ = True  # scvi-tools would warn: nothing of the query stage is trained, and that is the point
    soft = mapped.predict(cells, soft=True)
    probabilities = head_probabilities(config.mix, soft, mapped.get_latent_representation(cells), cells)
    predicted = pd.Series(soft.columns.to_numpy()[probabilities.argmax(1)], index=cells.obs_names, dtype=object)
    return predicted[query.obs_names]


def _write_model(run: RunContext, model: SemafoVI, cells: AnnData) -> None:
    stage_models.save_weights(model, run.folder / keys.WEIGHTS_FILE)
    batches = list(map(str, model.adata_manager.get_state_registry(REGISTRY_KEYS.BATCH_KEY).categorical_mapping))
    facts = {"genes": list(cells.var_names), "batches": batches, "labels": list(map(str, model.label_names))}
    write_json(run.folder / keys.MODEL_FILE, {**facts, "summary": model._model_summary_string})


def scvi_plane(pretrained: SCVI, cells: AnnData) -> np.ndarray:
    """First two principal components of scVI's latent space, (n_cells, 2).

    There the maps of all mixes that begin with it start, so that eyes compare like with like. In surgery scVI does not
    know the query yet, and each map starts at its own plane.
    """
    return embedding.pca(pretrained.get_latent_representation(cells.copy()), 2)[0]


def _write_maps(
    run: RunContext, model: SemafoVI, prepared: Prepared, before_query: pd.Series | None, start: np.ndarray | None
) -> None:
    """Everything about where the cells lie and what they are taken for; predictions.json says that all is there.

    start: where the UMAP starts, (n_cells, 2); None is at its own principal components.
    """
    cells, settings = prepared.cells, run.config.evaluation
    z = model.get_latent_representation(cells).astype(np.float32)
    run.write_array(keys.array_file(run.config.mix.obsm_key), z)
    run.progress.checkpoint()
    umap = embedding.umap(z, nearest(z, settings.umap_neighbours), settings, start)
    run.write_array(keys.array_file(keys.X_UMAP), umap)
    run.progress.checkpoint()
    soft = model.predict(cells, soft=True)
    probabilities = head_probabilities(run.config.mix, soft, z, cells)
    run.write_array(keys.PROBABILITIES_FILE, probabilities)
    seen_types = prepared.facts["seen_types"]
    outcome = Outcome.of(prepared.split.cells, probabilities, list(soft.columns), seen_types, before_query)
    outcome, support = limited(outcome, model, prepared, run.config, z, soft)
    mapping = add_mapping_score(outcome.table, z, run.config)
    write_atomically(run.folder / keys.CELLS_FILE, lambda handle: outcome.table.to_parquet(handle))
    diagnostics = diagnose(model, cells, z, outcome)
    write_expression(run, prepared)
    remove_live(run.folder)  # last, so that those who watch have the live frames until they have the maps
    facts = {**outcome.to_dict(), **diagnostics, **support, **mapping}
    write_json(run.folder / keys.PREDICTIONS_FILE, facts)


def head_probabilities(mix: Mix, soft: pd.DataFrame, z: np.ndarray, cells: AnnData) -> np.ndarray:
    """Probabilities (n_cells, n_types) float32 of the mix's head, from the classifier's and the visible labels."""
    classifier: np.ndarray = soft.to_numpy(np.float32)
    if mix.head == "classifier":
        return classifier
    codes = pd.Index(soft.columns.astype(str)).get_indexer(cells.obs[keys.LABEL].astype(str))  # unlabelled: -1
    return hybrid_probabilities(z, classifier, codes).astype(np.float32)


def diagnose(model: SemafoVI, cells: AnnData, z: np.ndarray, outcome: Outcome) -> dict[str, float | None]:
    """Latent scale and label gap on the cells that scores are about."""
    _, scored = scored_population(outcome.table)
    densities = model.label_log_density(cells, indices=np.flatnonzero(scored))
    codes = pd.Index(outcome.probability_types).get_indexer(outcome.table[keys.TRUE][scored])
    return {"latent_scale": latent_scale(z[scored]), "label_gap": label_gap(densities, codes)}


def score_classifiers(run: RunContext) -> None:
    """Write what the baselines predict, and their label scores."""
    folder = baselines.ensure_classifiers(run)
    for name in (keys.BASELINE_CELLS_FILE, keys.BASELINES_FILE):
        _copy(folder / name, run.folder / name)


def score(run: RunContext) -> None:
    """Write the scib table of the test cells: the model's row, and those of scVI and PCA."""
    table = read_table(run.folder / keys.CELLS_FILE)
    population, scored = scored_population(table)
    shared = read_json(baselines.ensure_integration(run) / keys.INTEGRATION_FILE)
    pca = baselines.load_embedding(baselines.ensure_embeddings(run), keys.X_PCA)[scored]
    z = np.load(run.folder / keys.array_file(run.config.mix.obsm_key))[scored]
    labels, batches = (table.loc[scored, name].astype(str).to_numpy() for name in (keys.TRUE, keys.BATCH_COLUMN))
    run.progress.checkpoint()
    own = integration_scores(z, labels, batches, pca, seed=run.config.evaluation.seed).to_dict()
    found = {"population": population, "n_cells": int(scored.sum()), "n_batches": len(set(batches))}
    write_json(run.folder / keys.INTEGRATION_FILE, {**found, "rows": {"model": own, **shared}})


def _copy(source: Path, target: Path) -> None:
    content = source.read_bytes()
    write_atomically(target, lambda handle: handle.write(content))


def _environment(run: RunContext) -> dict[str, Any]:
    packages = {dist.metadata["Name"]: dist.version for dist in metadata.distributions()}
    machine = {"machine": platform.machine(), "system": platform.system(), "python": platform.python_version()}
    return {**machine, "n_threads": run.config.train.n_threads, "packages": dict(sorted(packages.items()))}
