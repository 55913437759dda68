"""Nearest neighbours of every cell, found once an embedding. Axes: n cells, L dimensions, k neighbours."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from semafo.errors import DataError
from semafo.evaluation.neighbours.approximate import nearest_by_lists
from semafo.evaluation.neighbours.exact import nearest_exact

MOST_EXACT = 20_000  # cells up to which neighbours are exact; beyond, more than 99.5 % of them are found


@dataclass(frozen=True)
class Neighbours:
    """The k nearest cells of every cell, itself first, then by rising distance.

    indices: (n, k) int; distances: (n, k) Euclidean, the first column 0.
    """

    indices: np.ndarray
    distances: np.ndarray

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.indices)

    @property
    def k(self) -> int:
        """Neighbours per cell, the cell itself included."""
        return int(self.indices.shape[1])

    def first(self, k: int) -> "Neighbours":
        """Only the k nearest, the cell itself included; all of them where there are fewer."""
        return Neighbours(self.indices[:, :k], self.distances[:, :k])

    def graph(self, weights: np.ndarray | None = None) -> sparse.csr_array:
        """(n, n) directed graph, an edge to each neighbour and to the cell itself. weights: (n, k), 1 unless given."""
        weights = np.ones(self.indices.shape) if weights is None else weights
        row_starts = np.arange(0, self.indices.size + 1, max(self.k, 1))
        edges = (weights.ravel(), self.indices.ravel(), row_starts)
        return sparse.csr_array(edges, shape=(self.n_cells, self.n_cells))


def nearest(z: np.ndarray, k: int) -> Neighbours:
    """Euclidean nearest neighbours, the cell itself included and first; equal distances in the cells' order.

    Exact up to `MOST_EXACT` cells; beyond, `approximate.nearest_by_lists` finds more than 99.5 % of them, and the same
    ones every time.

    Parameters
    ----------
    z
        (n, L) embedding, finite.
    k
        Neighbours per cell, itself included; clipped to n.
    """
    z = finite_embedding(z)
    k = min(k, len(z))
    if k == 0:
        return Neighbours(np.zeros((len(z), 0), dtype=np.int32), np.zeros((len(z), 0)))
    search = nearest_exact if len(z) <= MOST_EXACT else nearest_by_lists
    return Neighbours(*search(z - z.mean(axis=0), k))  # centred: distances stay, products keep their digits


def finite_embedding(z: np.ndarray) -> np.ndarray:
    """Return z as a (n, L) float64 array; DataError where a value is not finite, as after a training that diverged."""
    z = np.asarray(z, dtype=np.float64)
    if z.ndim != 2:
        raise ValueError(f"an embedding has two axes (cells, dimensions), not {z.ndim}")
    n_bad = int((~np.isfinite(z)).any(axis=1).sum())
    if n_bad:
        raise DataError(
            f"The embedding of {n_bad} of {len(z)} cells has values that are not finite numbers, so it cannot be "
            "scored. The training has probably diverged: train again with a lower learning rate."
        )
    return z
