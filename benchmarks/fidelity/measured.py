"""Train the three mixes of a case on one schedule, and measure everything that people look at."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from anndata import AnnData
from scvi.model import SCVI

from benchmarks.fidelity.cases import MIXES, Case
from benchmarks.fidelity.neighbours import N_NEIGHBOURS, cells_looked_at, packed
from benchmarks.machine import machine
from benchmarks.results.training import Silent
from semafo import keys
from semafo.evaluation.integration.table import integration_scores
from semafo.evaluation.latent import embedding
from semafo.evaluation.latent.diagnostics import latent_scale
from semafo.evaluation.neighbours.neighbours import nearest
from semafo.models.semafovi import SemafoVI
from semafo.settings.run_config import RunConfig
from semafo.training import steps
from semafo.training.artefacts.baselines import N_COMPONENTS
from semafo.training.duration import courses
from semafo.training.stages import models as stage_models
from semafo.training.stages.prepared_data import Prepared

_ELBO_DRAWS = 5
_PACKAGES = ("torch", "scvi-tools", "numpy", "scikit-learn")


def measure(case: Case, kang: str, schedule: str) -> dict[str, Any]:
    """Scores of scVI and of each mix on the test cells, seconds of each stage, and what they were made with."""
    config = case.config(kang, schedule)
    prepared = steps.prepare(steps.load_data(config.dataset), config)
    test = np.flatnonzero((prepared.split.cells[keys.PART] == keys.TEST).to_numpy())
    pca = _pca(prepared, config)[test]
    pretrained, seconds = _timed(lambda: steps.pretrain(prepared, config, Silent()))
    first_cells = prepared.training_cells()
    scvi = {**_posterior(pretrained, first_cells), "elbo": _elbo(pretrained, first_cells), "seconds": seconds}
    scvi["scib"] = _scib(_scvi_latent(pretrained, prepared, config)[test], prepared, test, pca)
    mixes = {}
    for name, mix in MIXES.items():
        mixes[name] = _measure_mix(replace(config, mix=mix), pretrained, prepared, test, pca)
    return {
        "case": case.slug,
        "n_test": len(test),
        "n_cells": prepared.cells.n_obs,
        "courses": {stage: vars(course) for stage, course in courses(config, prepared.facts).items()},
        "machine": machine(_PACKAGES, config.train.n_threads),
        "scvi": scvi,
        "mixes": mixes,
    }


def _measure_mix(
    config: RunConfig, pretrained: SCVI, prepared: Prepared, test: np.ndarray, pca: np.ndarray
) -> dict[str, Any]:
    model, semi = _timed(lambda: steps.semi_supervise(pretrained, config, Silent()))
    model, query = _timed(lambda: steps.map_query(model, prepared, config, Silent()))
    result = steps.evaluate(model, pretrained, prepared, config)
    z, scores = result.latent[test], result.scores
    return {
        "accuracy": scores["test"]["accuracy"],
        "balanced_accuracy": scores["test"]["balanced_accuracy"],
        "calibration_error": scores["calibration"]["test"]["ece"],
        "latent_scale": scores["latent_scale"],
        "label_gap": scores["label_gap"],
        "elbo_test": _elbo(model, prepared.cells, test) if config.mix.w_scanvi else None,
        "scib": _scib(z, prepared, test, pca),
        "neighbours": packed(nearest(z, N_NEIGHBOURS + 1).indices[cells_looked_at(len(test)), 1:]),
        "seconds": {"semi_supervised": semi, "query": query},
    }


def _scvi_latent(pretrained: SCVI, prepared: Prepared, config: RunConfig) -> np.ndarray:
    """X_scVI of every cell; in surgery after scVI's own query surgery."""
    model = pretrained
    if config.form == keys.SURGERY:
        model = stage_models.map_query_by_scvi(pretrained, prepared.query_cells(), config, Silent())
    return model.get_latent_representation(prepared.cells.copy())


def _scib(z: np.ndarray, prepared: Prepared, test: np.ndarray, pca: np.ndarray) -> dict[str, Any]:
    """The scib columns of the test cells. z, pca: theirs."""
    truth = prepared.split.cells.iloc[test]
    labels, batches = (truth[name].astype(str).to_numpy() for name in (keys.TRUE, keys.BATCH_COLUMN))
    return integration_scores(z, labels, batches, pca).to_dict()


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    return work(), round(time.process_time() - start, 2)


def _pca(prepared: Prepared, config: RunConfig) -> np.ndarray:
    """The baseline of PCR comparison, as every run has it."""
    fitted_on = embedding.log_normalise(prepared.training_cells().X)
    projected = embedding.log_normalise(prepared.cells.X)
    _, pca = embedding.pca(fitted_on, N_COMPONENTS, also=projected, seed=config.evaluation.seed)
    return pca


def _posterior(model: SCVI, cells: AnnData) -> dict[str, float]:
    """KL of q(z|x) from N(0, I) in nats a cell, dimensions with more than .05 of them, and the latent scale."""
    mean, variance = model.get_latent_representation(cells.copy(), return_dist=True)
    kl = 0.5 * (mean**2 + variance - 1 - np.log(variance)).mean(0)
    return {"kl": float(kl.sum()), "n_active": int((kl > 0.05).sum()), "latent_scale": latent_scale(mean)}


def _elbo(model: SCVI | SemafoVI, cells: AnnData, indices: np.ndarray | None = None) -> float:
    """Mean ELBO of a cell in nats, all KL terms at weight 1, higher is better."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        drawn = [float(model.get_elbo(cells.copy(), indices=indices, batch_size=512)) for _ in range(_ELBO_DRAWS)]
    return float(np.mean(drawn))
