"""Exact nearest neighbours, and the graph that UMAP and kBET make of them. Axes: n cells, k neighbours."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from semafo.errors import DataError

SMALLEST_RELATIVE_SCALE = 1e-3  # of the mean distance: UMAP's floor, which keeps identical cells from dividing by zero
BLOCK_VALUES = 2**22  # numbers in a block of distances or differences, 32 MB: what bounds the memory


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
        return self.indices.shape[0]

    @property
    def k(self) -> int:
        """Neighbours per cell, the cell itself included."""
        return self.indices.shape[1]

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
    """Exact Euclidean nearest neighbours, the cell itself included and first.

    Candidates are found through blocked matrix products; their distances are then taken from the differences, since the
    products lose digits for close cells, and equal distances are ordered by cell.

    Parameters
    ----------
    z
        (n, L) embedding, finite.
    k
        Neighbours per cell, itself included; clipped to n.
    """
    from sklearn.neighbors import NearestNeighbors

    z = finite_embedding(z)
    z = z - z.mean(axis=0) if len(z) else z  # distances stay, and the matrix products keep their digits
    k = min(k, len(z))
    if k == 0:
        return Neighbours(np.zeros((len(z), 0), dtype=np.int32), np.zeros((len(z), 0)))
    found = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(z).kneighbors(z, return_distance=False)
    own = np.arange(len(z))
    without_self = (found != own[:, None]).all(axis=1)
    found[without_self, -1] = own[without_self]  # more than k cells in the same place
    distances = _distances_to(z, found)
    distances[found == own[:, None]] = -1  # the cell itself sorts first, even among its doubles
    order = np.lexsort((found, distances), axis=-1)
    distances = np.maximum(np.take_along_axis(distances, order, axis=1), 0)
    return Neighbours(np.take_along_axis(found, order, axis=1).astype(np.int32), distances)


def fuzzy_graph(neighbours: Neighbours) -> sparse.csr_array:
    """UMAP's symmetric graph of memberships, 0 to 1 (McInnes et al. 2018). Returns (n, n) float32, no self edges.

    A neighbour's membership is exp(-(d - d_nearest) / scale); each cell's scale makes its memberships sum to log2(k).
    The two directions of an edge are joined as a + b - ab.
    """
    distances, n_cells = neighbours.distances, neighbours.n_cells
    nearest_other = np.where(distances > 0, distances, np.inf).min(axis=1, initial=np.inf)  # (n,)
    nearest_other[~np.isfinite(nearest_other)] = 0  # every neighbour is a double of the cell
    excess = np.maximum(distances - nearest_other[:, None], 0)  # (n, k)

    def total_membership(rows: np.ndarray, scale: np.ndarray) -> np.ndarray:
        return np.exp(-excess[rows, 1:] / scale[:, None]).sum(axis=1)

    scale = solve_scale(total_membership, np.log2(max(neighbours.k, 1)), n_cells, n_steps=64)
    mean_distance = np.where(nearest_other > 0, distances.mean(axis=1), distances.mean())
    scale = np.maximum(scale, SMALLEST_RELATIVE_SCALE * mean_distance)
    weights = np.exp(-excess / scale[:, None]).astype(np.float32)  # (n, k)
    weights[neighbours.indices == np.arange(n_cells)[:, None]] = 0
    graph = neighbours.graph(weights)
    graph.eliminate_zeros()
    union = sparse.csr_array(graph + graph.T - graph.multiply(graph.T))
    union.eliminate_zeros()
    return union


def solve_scale(
    value: Callable[[np.ndarray, np.ndarray], np.ndarray],
    target: float,
    n_rows: int,
    n_steps: int,
    tolerance: float = 1e-5,
) -> np.ndarray:
    """For each row the scale at which a rising function meets a target: doubling from 1, then bisection.

    `value(rows, scale)` takes the open rows and their scales and returns their values. Rows that cannot meet the target
    stop after `n_steps`. Returns (n_rows,).
    """
    scale, low, high = np.ones(n_rows), np.zeros(n_rows), np.full(n_rows, np.inf)
    open_rows = np.arange(n_rows)
    for _ in range(n_steps):
        miss = value(open_rows, scale[open_rows]) - target
        still = np.abs(miss) >= tolerance
        open_rows, too_high = open_rows[still], miss[still] > 0
        if not len(open_rows):
            break
        high[open_rows[too_high]] = scale[open_rows[too_high]]
        low[open_rows[~too_high]] = scale[open_rows[~too_high]]
        middle = (low[open_rows] + high[open_rows]) / 2
        scale[open_rows] = np.where(np.isinf(middle), 2 * scale[open_rows], middle)
    return scale


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


def row_blocks(n_rows: int, values_per_row: int) -> list[slice]:
    """Slices over the rows such that a block holds about `BLOCK_VALUES` numbers."""
    size = max(1, BLOCK_VALUES // max(values_per_row, 1))
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def _distances_to(z: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Distance of each cell to the listed cells. z: (n, L); indices: (n, k). Returns (n, k)."""
    distances = np.empty(indices.shape)
    for rows in row_blocks(len(z), indices.shape[1] * z.shape[1]):
        differences = z[indices[rows]] - z[rows, None, :]  # (block, k, L)
        distances[rows] = np.sqrt(np.einsum("nkl,nkl->nk", differences, differences))
    return distances
