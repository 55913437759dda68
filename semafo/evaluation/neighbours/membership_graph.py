"""One scale per cell, and the graph that UMAP and kBET make with it. Axes: n cells, k neighbours."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from semafo.evaluation.neighbours.neighbours import Neighbours

SMALLEST_RELATIVE_SCALE = 1e-3  # of the mean distance: UMAP's floor, which keeps identical cells from dividing by zero
LONGEST_STEP = 2.0  # of the logarithm of a scale, while its bounds are not known

ValueAndSlope = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def fuzzy_graph(neighbours: Neighbours) -> sparse.csr_array:
    """UMAP's symmetric graph of memberships, 0 to 1 (McInnes et al. 2018). Returns (n, n) float32, no self edges.

    A neighbour's membership is exp(-(d - d_nearest) / scale); each cell's scale makes its memberships sum to log2(k).
    The two directions of an edge are joined as a + b - ab.
    """
    distances, n_cells = neighbours.distances, neighbours.n_cells
    nearest_other = np.where(distances > 0, distances, np.inf).min(axis=1, initial=np.inf)  # (n,)
    nearest_other[~np.isfinite(nearest_other)] = 0  # every neighbour is a double of the cell
    excess = np.maximum(distances - nearest_other[:, None], 0)  # (n, k)

    def total_membership(rows: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        relative = excess[rows, 1:] / scale[:, None]
        weights = np.exp(-relative)
        return weights.sum(axis=1), np.einsum("nk,nk->n", weights, relative)

    target = np.log2(max(neighbours.k, 1))
    scale = solve_scale(total_membership, target, excess.mean(axis=1) if neighbours.k else np.ones(n_cells), n_steps=64)
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
    value: ValueAndSlope, target: float, start: np.ndarray, n_steps: int, tolerance: float = 1e-5
) -> np.ndarray:
    """For each row the scale at which a rising function meets a target, by Newton's method between bounds.

    Steps are taken in the logarithm of the scale. One that would leave the bounds found so far, the slope being small
    or misleading, is replaced by their geometric mean.

    Parameters
    ----------
    value
        Takes the open rows and their scales; returns the rows' values and their slopes over the scale's logarithm.
    start
        (n_rows,) first guess; 1 is taken where it is not above 0.
    n_steps
        After which rows that cannot meet the target stop, at a scale near 0 or near infinity.
    """
    log_scale = np.log(np.where(start > 0, start, 1.0))
    low, high = np.full(len(start), -np.inf), np.full(len(start), np.inf)
    rows = np.arange(len(start))
    for _ in range(n_steps):
        values, slopes = value(rows, np.exp(log_scale[rows]))
        miss = values - target
        still = np.abs(miss) >= tolerance
        rows, miss, slopes = rows[still], miss[still], slopes[still]
        if not len(rows):
            break
        at = log_scale[rows]
        high[rows] = np.where(miss > 0, at, high[rows])
        low[rows] = np.where(miss > 0, low[rows], at)
        step = np.divide(-miss, slopes, out=-np.sign(miss) * np.inf, where=slopes > 0)
        newton = at + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        inside = (newton > low[rows]) & (newton < high[rows])
        log_scale[rows] = np.where(inside, newton, (low[rows] + high[rows]) / 2)
    return np.exp(log_scale)
