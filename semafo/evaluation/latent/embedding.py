"""Embeddings to look at and to compare with: log-normalisation, PCA, UMAP. Axes: n cells, G genes, L dimensions.

umap-learn takes seconds to import and to compile, so it is imported where it is used; see `warm_up`.
"""

import numpy as np
from scipy import sparse

from semafo.evaluation.neighbours.membership_graph import fuzzy_graph
from semafo.evaluation.neighbours.neighbours import Neighbours, finite_embedding, nearest
from semafo.settings.run_config import EvaluationSettings

COUNTS_PER_CELL = 1e4  # to which every cell is scaled before the logarithm
MAP_SIZE = 10.0  # edge of the square in which UMAP's positions start
JITTER = 1e-4  # sd of the noise on the starting positions: cells in the same place could never part
FEWEST_CELLS = 4  # for a UMAP; fewer keep their starting positions


def log_normalise(counts: np.ndarray | sparse.spmatrix | sparse.sparray) -> np.ndarray | sparse.csr_array:
    """log(1 + counts per 10 000) of each cell, natural logarithm; a cell without counts stays 0.

    counts: (n, G) UMI counts, 0 or more. Returns (n, G) float32, sparse (CSR) where the counts are sparse.
    """
    if sparse.issparse(counts):
        scaled = sparse.csr_array(counts, dtype=np.float32, copy=True)
        totals = np.asarray(scaled.sum(axis=1, dtype=np.float64)).ravel()
        factors = np.divide(COUNTS_PER_CELL, totals, out=np.zeros_like(totals), where=totals > 0)
        scaled.data *= np.repeat(factors, np.diff(scaled.indptr)).astype(np.float32)
        np.log1p(scaled.data, out=scaled.data)
        return scaled
    counts = np.asarray(counts, dtype=np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    factors = np.divide(COUNTS_PER_CELL, totals, out=np.zeros_like(totals), where=totals > 0)
    return np.log1p(counts * factors).astype(np.float32)


def pca(
    reference: np.ndarray | sparse.sparray,
    n_components: int,
    also: np.ndarray | sparse.sparray | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Principal components fitted on the reference, and other cells projected onto them.

    Parameters
    ----------
    reference
        (n, G) log-normalised expression, dense or sparse.
    n_components
        Components to keep; clipped to min(n, G).
    also
        (m, G) cells to project, of the same genes; they take no part in the fit, and the reference's means are
        subtracted from them.
    seed
        Start vector of the iterative solver. Signs are fixed by the largest loading, so they do not depend on it.

    Returns
    -------
    (n, n_components) and (m, n_components) float32, the second None without `also`.
    """
    from sklearn.decomposition import PCA

    n_most = min(reference.shape)
    n_components = min(n_components, n_most)
    iterative = n_components < n_most  # the iterative solver cannot give all components, the dense one can
    if not iterative and not isinstance(reference, np.ndarray):
        reference = reference.toarray()
    model = PCA(n_components, svd_solver="arpack" if iterative else "full", random_state=seed).fit(reference)
    projected = None if also is None else model.transform(also).astype(np.float32)
    return model.transform(reference).astype(np.float32), projected


def umap(
    z: np.ndarray,
    neighbours: Neighbours,
    settings: EvaluationSettings | None = None,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """Two-dimensional map of an embedding by umap-learn (McInnes et al. 2018), the same for the same cells and seed.

    It keeps neighbourhoods and hides scale, density and the distances between groups. The positions start at the first
    two principal components, which is quick, deterministic and cannot fail.

    Parameters
    ----------
    z
        (n, L) embedding.
    neighbours
        Its neighbours, at least `settings.umap_neighbours` of them where there are as many cells; more are cut.
    settings
        Seed, neighbours and minimal distance.
    start
        (n, 2) positions to start at instead, in arbitrary units, finite: the same for runs that are to be compared.

    Returns
    -------
    (n, 2) float32 positions in arbitrary units.
    """
    settings = settings or EvaluationSettings()
    z = finite_embedding(z)
    start = _starting_positions(z if start is None else _checked_start(start, len(z)), settings.seed)
    if len(z) < FEWEST_CELLS:
        return start
    from sklearn.utils import check_random_state
    from umap.umap_ import find_ab_params, simplicial_set_embedding

    a, b = find_ab_params(1.0, settings.umap_min_dist)
    positions: np.ndarray
    positions, _ = simplicial_set_embedding(
        data=None,  # only needed for other starting positions
        graph=fuzzy_graph(neighbours.first(settings.umap_neighbours)),
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=None,  # umap-learn's default: 500 up to 10 000 cells, 200 beyond
        init=start,
        random_state=check_random_state(settings.seed),
        metric="euclidean",
        metric_kwds={},
        densmap=False,
        densmap_kwds={},
        output_dens=False,
    )
    return positions.astype(np.float32)


def warm_up() -> None:
    """Import umap-learn and compile its code on a few random cells, so that nobody waits for it later."""
    z = np.random.default_rng(0).normal(size=(32, 4))
    umap(z, nearest(z, 8), EvaluationSettings(umap_neighbours=8))


def _checked_start(start: np.ndarray, n_cells: int) -> np.ndarray:
    start = finite_embedding(start)
    if start.shape != (n_cells, 2):
        raise ValueError(f"The starting positions have the shape {start.shape}; {n_cells} cells need {(n_cells, 2)}.")
    return start


def _starting_positions(z: np.ndarray, seed: int) -> np.ndarray:
    """First two principal components, the larger scaled to `MAP_SIZE`, with a little noise. Returns (n, 2) float32."""
    positions = np.zeros((len(z), 2))
    if len(z) > 0:
        centred = z - z.mean(axis=0)
        axes = np.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]  # (L, at most 2), largest variance first
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])  # else signs are arbitrary
        positions[:, : axes.shape[1]] = centred @ axes
    positions *= MAP_SIZE / (np.abs(positions).max(initial=0) or 1.0)
    return (positions + np.random.default_rng(seed).normal(scale=JITTER, size=positions.shape)).astype(np.float32)
