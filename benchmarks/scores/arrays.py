"""Cells with three embeddings for the benchmarks of scores: of a file's cells, or of simulated ones."""

from pathlib import Path

import numpy as np

from semafo.data.simulation.simulate import BATCH_KEY, LABEL_KEY, SimulationSettings, scaled_studies, simulate
from semafo.evaluation.latent.embedding import log_normalise, pca

N_GENES = 2000
N_COMPONENTS = 30
SIMULATED = "simulated"


def make(dataset: str, n_cells: int, label_key: str, batch_key: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Labels, batches, PCA and three embeddings ("z …") of some cells, drawn at random from a file's labelled ones.

    The embeddings are the PCA itself; the PCA with the batches' means taken out, a simple integration; and its first
    ten dimensions at equal variance, as a VAE's latent space has.
    """
    if dataset == SIMULATED:
        data = simulate(SimulationSettings(studies=scaled_studies(n_cells), n_genes=1000))
        label_key, batch_key = LABEL_KEY, BATCH_KEY
    else:
        import anndata

        data = anndata.read_h5ad(dataset)
        data = data[data.obs[label_key].notna().to_numpy()]
        rows = np.random.default_rng(seed).permutation(data.n_obs)[:n_cells]
        data = data[np.sort(rows)].copy()
    expression = log_normalise(data.X)
    variances = np.asarray(expression.multiply(expression).mean(0) - np.square(expression.mean(0))).ravel()
    components, _ = pca(expression[:, np.argsort(-variances)[:N_GENES]], N_COMPONENTS)
    batches = data.obs[batch_key].astype(str).to_numpy(str)
    names, codes = np.unique(batches, return_inverse=True)
    means = np.stack([components[codes == code].mean(axis=0) for code in range(len(names))])
    centred = components - means[codes]
    return {
        "labels": data.obs[label_key].astype(str).to_numpy(str),
        "batches": batches,
        "unintegrated": components,
        "z PCA": components,
        "z PCA, batches centred": centred,
        "z 10 dimensions": centred[:, :10] / centred[:, :10].std(axis=0),
    }


def write(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Write them as one .npz file."""
    np.savez(path, **arrays)
