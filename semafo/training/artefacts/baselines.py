"""What the models are compared with, made once for all mixes of a split: scVI's and PCA's embeddings, and classifiers.

In surgery scVI has its own query surgery, and PCA is fitted on the reference; in one stage both see all cells. The
classifiers are given exactly the labels that the models see.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.evaluation.integration.table import integration_scores
from semafo.evaluation.labels import classifiers
from semafo.evaluation.labels.scores import score_labels
from semafo.evaluation.latent import embedding
from semafo.files import read_table, write_json
from semafo.training.artefacts.predictions import scored_population
from semafo.training.run_context import RunContext
from semafo.training.stage_cache import baselines_key, classifiers_key, embeddings_key
from semafo.training.stages import models as stage_models
from semafo.training.stages.prepared_data import Prepared, prepare
from semafo.training.stages.shared_scvi import load_scvi

N_COMPONENTS = 50  # of the PCA baseline, as scib-metrics' own pipeline


def ensure_embeddings(run: RunContext) -> Path:
    """Folder with `X_scVI.npy` and `X_pca.npy`, one row for each of the run's cells."""
    return run.cache.make(embeddings_key(run.config, run.context), lambda folder: _embed(run, folder))


def ensure_integration(run: RunContext) -> Path:
    """Folder with `integration.json`: the rows of scVI and PCA in the scib table."""
    embeddings = ensure_embeddings(run)
    return run.cache.make(baselines_key(run.config, run.context), lambda folder: _score(run, embeddings, folder))


def ensure_classifiers(run: RunContext) -> Path:
    """Folder with `baselines.json` and `baselines.parquet`, as they go to the run's folder."""
    embeddings = ensure_embeddings(run)
    return run.cache.make(classifiers_key(run.config, run.context), lambda folder: _classify(run, embeddings, folder))


def _embed(run: RunContext, folder: Path) -> dict[str, Any]:
    prepared = prepare(run.config, run.context)
    first_cells = prepared.training_cells()
    model = load_scvi(run, first_cells)
    query = prepared.query_cells() if run.config.form == keys.SURGERY else None
    if query is not None and query.n_obs:
        model = stage_models.map_query_by_scvi(model, query, run.config, run.progress)
    latent = model.get_latent_representation(prepared.cells.copy())
    np.save(folder / keys.array_file(keys.X_SCVI), latent.astype(np.float32))
    run.progress.checkpoint()
    fitted_on, projected = embedding.log_normalise(first_cells.X), embedding.log_normalise(prepared.cells.X)
    _, pca = embedding.pca(fitted_on, N_COMPONENTS, also=projected, seed=run.config.evaluation.seed)
    assert pca is not None  # there were cells to project
    np.save(folder / keys.array_file(keys.X_PCA), pca)
    return {}


def _score(run: RunContext, embeddings: Path, folder: Path) -> dict[str, Any]:
    cells = read_table(run.folder / keys.CELLS_FILE)
    _, scored = scored_population(cells)
    labels, batches = (cells.loc[scored, name].astype(str).to_numpy() for name in (keys.TRUE, keys.BATCH_COLUMN))
    scvi, pca = (load_embedding(embeddings, key)[scored] for key in (keys.X_SCVI, keys.X_PCA))
    rows = {}
    for name, z in {"scVI": scvi, "PCA": pca}.items():
        run.progress.checkpoint()
        rows[name] = integration_scores(z, labels, batches, pca, seed=run.config.evaluation.seed).to_dict()
    write_json(folder / keys.INTEGRATION_FILE, rows)
    return {}


def load_embedding(embeddings: Path, obsm_key: str) -> np.ndarray:
    """One of the shared embeddings, (n_cells, n_dimensions)."""
    found: np.ndarray = np.load(embeddings / keys.array_file(obsm_key), allow_pickle=False)
    return found


def _classify(run: RunContext, embeddings: Path, folder: Path) -> dict[str, Any]:
    prepared = prepare(run.config, run.context)
    labels = prepared.cells.obs[keys.LABEL].astype(str).to_numpy()
    is_labelled = labels != keys.UNLABELLED
    genes = embedding.log_normalise(prepared.cells.X)
    scvi, pca = (load_embedding(embeddings, key) for key in (keys.X_SCVI, keys.X_PCA))
    seed = run.config.evaluation.seed
    predictions = {keys.MAJORITY: classifiers.predict_majority(labels, is_labelled)}
    for name, features, penalty in (
        (keys.LOGISTIC_GENES, genes, classifiers.GENES_PENALTY),
        (keys.LOGISTIC_LATENT, scvi, classifiers.LATENT_PENALTY),
    ):
        run.progress.checkpoint()
        predictions[name] = classifiers.predict_logistic(features, labels, is_labelled, penalty, seed)
    predictions[keys.KNN] = classifiers.predict_neighbours(pca, labels, is_labelled)
    table = pd.DataFrame(predictions, index=prepared.split.cells.index)
    table.to_parquet(folder / keys.BASELINE_CELLS_FILE)
    write_json(folder / keys.BASELINES_FILE, {"rows": _label_scores(prepared, table)})
    return {"n_labelled": int(is_labelled.sum())}


def _label_scores(prepared: Prepared, predictions: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The same scores on the same cells as the models'."""
    cells, seen_types = prepared.split.cells, prepared.facts["seen_types"]
    populations = {"test": cells[keys.PART] == keys.TEST, "query": cells[keys.ROLE] == keys.QUERY}
    return {
        name: {
            population: score_labels(cells.loc[mask, keys.TRUE], predictions.loc[mask, name], seen_types).to_dict()
            for population, mask in populations.items()
        }
        for name in predictions
    }
