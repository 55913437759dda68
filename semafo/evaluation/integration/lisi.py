"""Local inverse Simpson index: how many types or batches a cell's neighbourhood effectively holds."""

import numpy as np

from semafo.evaluation.neighbours.membership_graph import solve_scale
from semafo.evaluation.neighbours.neighbours import Neighbours


def neighbour_weights(neighbours: Neighbours) -> np.ndarray:
    """How much each neighbour counts, the same for types and batches. Returns (n, k), rows sum to 1, the cell itself 0.

    Proportional to exp(-distance / scale), with a scale per cell that makes the weights' perplexity a third of the
    neighbours (Korsunsky et al. 2019). Where a cell has fewer neighbours than that, all count alike.

    neighbours: usually 90 per cell.
    """
    n_cells, k = neighbours.indices.shape
    others = neighbours.indices != np.arange(n_cells)[:, None]  # (n, k)
    excess = np.where(others, neighbours.distances, np.inf)
    excess = excess - excess.min(axis=1, keepdims=True)  # the weights' ratios stay, and the largest weight is 1
    finite_excess = np.where(others, excess, 0)

    def entropy(rows: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Entropy, which is log Σ w + mean excess / scale, and its slope, the variance of excess / scale."""
        weights = np.exp(-excess[rows] / scale[:, None])  # an infinite excess, the cell itself, has weight 0
        total = weights.sum(axis=1)
        relative = finite_excess[rows] / scale[:, None]
        weights *= relative
        mean = weights.sum(axis=1) / total
        return np.log(total) + mean, np.einsum("nk,nk->n", weights, relative) / total - mean**2

    perplexity = max(k // 3, 1)
    scale = solve_scale(entropy, np.log(perplexity), finite_excess.mean(axis=1), n_steps=50)
    weights = np.exp(-excess / scale[:, None])
    shares: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    return shares


def lisi(neighbours: Neighbours, weights: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Effective number of groups around each cell, 1 to C (Korsunsky et al. 2019). Returns (n,).

    weights: (n, k) of `neighbour_weights`; codes: (n,) group of each cell, 0 to C - 1.
    """
    n_cells, n_groups = neighbours.n_cells, codes.max() + 1
    cell_and_group = np.arange(n_cells)[:, None] * n_groups + codes[neighbours.indices]
    shares = np.bincount(cell_and_group.ravel(), weights=weights.ravel(), minlength=n_cells * n_groups)
    effective: np.ndarray = 1 / (shares.reshape(n_cells, n_groups) ** 2).sum(axis=1)
    return effective


def clisi(neighbours: Neighbours, weights: np.ndarray, labels: np.ndarray) -> float:
    """Median LISI of the types, rescaled so that 1 is one type in every neighbourhood and 0 is all types alike.

    Higher is better. labels: (n,) codes of at least two types.
    """
    n_types = labels.max() + 1
    return float((n_types - np.median(lisi(neighbours, weights, labels))) / (n_types - 1))


def ilisi(neighbours: Neighbours, weights: np.ndarray, batches: np.ndarray) -> float:
    """Median LISI of the batches, rescaled so that 0 is one batch in every neighbourhood and 1 is all batches alike.

    Higher is better. batches: (n,) codes of at least two batches.
    """
    n_batches = batches.max() + 1
    return float((np.median(lisi(neighbours, weights, batches)) - 1) / (n_batches - 1))
