"""Tiny cells of three types in two batches, and an scVI model trained on them for an instant."""

import numpy as np
import pandas as pd
import pytest
import scvi
from anndata import AnnData
from scvi.model import SCVI

from semafo.models.semafovi import SemafoVI

QUIET = {"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False, "log_every_n_steps": 1}
UNLABELLED = "unlabelled"


def make_cells(n_cells: int, batches: tuple[str, ...], seed: int, n_genes: int = 30) -> AnnData:
    """NB counts of types a, b, c. obs: batch, truth, label (truth, three of four hidden), age and sex as covariates."""
    rng = np.random.default_rng(seed)
    profiles = np.exp(np.random.default_rng(0).normal(0.5, 1, (3, n_genes)))  # the same types for every seed
    types = np.arange(n_cells) % 3
    counts = rng.poisson(rng.gamma(2, profiles[types] / 2)) + (np.arange(n_genes) == 0)
    truth = np.array(list("abc"))[types]
    obs = {
        "batch": rng.choice(batches, n_cells),
        "truth": truth,
        "label": np.where(np.arange(n_cells) % 4 == 0, truth, UNLABELLED),
        "age": rng.normal(size=n_cells),
        "sex": rng.choice(["f", "m"], n_cells),
    }
    index = [f"{batches[0]}{i}" for i in range(n_cells)]
    return AnnData(counts.astype(np.float32), obs=pd.DataFrame(obs, index=index))


@pytest.fixture
def cells() -> AnnData:
    return make_cells(120, ("one", "two"), seed=1)


@pytest.fixture
def query() -> AnnData:
    return make_cells(80, ("three", "four"), seed=2)


@pytest.fixture
def train():
    """Train a model for two quick epochs on one seed; returns the model."""

    def run(model, *args, seed: int = 0, **kwargs):
        scvi.settings.seed = seed
        model.train(*(args or (2,)), **{"train_size": 1.0, "batch_size": 40, **QUIET, **kwargs})
        return model

    return run


@pytest.fixture
def pretrain(train):
    """An scVI model in the architecture that query surgery needs, set up without labels."""

    def run(adata: AnnData, **kwargs) -> SCVI:
        scvi.settings.seed = 0
        SCVI.setup_anndata(adata, batch_key="batch")
        norms = {"use_layer_norm": "both", "use_batch_norm": "none"}
        sizes = {"n_layers": 2, "n_hidden": 16, "n_latent": 4}
        surgery = {"encode_covariates": True, "deeply_inject_covariates": False}
        return train(SCVI(adata, **{**sizes, **norms, **surgery, **kwargs}), 1)

    return run


@pytest.fixture
def start(pretrain):
    """A SemafoVI from a short scVI stage on the given cells."""

    def run(cells, mix=(1, 1), labels_key="label", **kwargs):
        weights = {"w_scanvi": mix[0], "w_semafo": mix[1]}
        return SemafoVI.from_scvi_model(pretrain(cells), UNLABELLED, labels_key=labels_key, **weights, **kwargs)

    return run
