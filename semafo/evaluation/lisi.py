"""Local inverse Simpson index: how many types or batches a cell's neighbourhood effectively holds."""

import numpy as np

from semafo.evaluation.neighbours import Neighbours, solve_scale


def lisi(neighbours: Neighbours, codes: np.ndarray) -> np.ndarray:
    """Effective number of groups around each cell, 1 to C (Korsunsky et al. 2019). Returns (n,).

    Neighbours are weighted by exp(-distance / scale), the cell itself left out, with a scale per cell that makes the
    weights' perplexity a third of the neighbours. Where a cell has fewer neighbours than that, all count alike.

    Parameters
    ----------
    neighbours
        Usually 90 per cell.
    codes
        (n,) group of each cell, 0 to C - 1.
    """
    n_cells, k = neighbours.indices.shape
    others = neighbours.indices != np.arange(n_cells)[:, None]  # (n, k)
    excess = np.where(others, neighbours.distances, np.inf)
    excess = excess - excess.min(axis=1, keepdims=True)  # the weights' ratios stay, and the largest weight is 1

    def entropy(rows: np.ndarray, scale: np.ndarray) -> np.ndarray:
        weights = _weights(excess[rows], scale)  # (rows, k)
        mean_excess = (weights * np.where(others[rows], excess[rows], 0)).sum(axis=1) / weights.sum(axis=1)
        return np.log(weights.sum(axis=1)) + mean_excess / scale

    perplexity = max(k // 3, 1)
    scale = solve_scale(entropy, np.log(perplexity), n_cells, n_steps=50)
    weights = _weights(excess, scale)
    weights /= weights.sum(axis=1, keepdims=True)
    n_groups = codes.max() + 1
    cell_and_group = np.arange(n_cells)[:, None] * n_groups + codes[neighbours.indices]
    shares = np.bincount(cell_and_group.ravel(), weights=weights.ravel(), minlength=n_cells * n_groups)
    return 1 / (shares.reshape(n_cells, n_groups) ** 2).sum(axis=1)


def clisi(neighbours: Neighbours, labels: np.ndarray) -> float:
    """Median LISI of the types, rescaled so that 1 is one type in every neighbourhood and 0 is all types alike.

    Higher is better. labels: (n,) codes of at least two types.
    """
    n_types = labels.max() + 1
    return float((n_types - np.median(lisi(neighbours, labels))) / (n_types - 1))


def ilisi(neighbours: Neighbours, batches: np.ndarray) -> float:
    """Median LISI of the batches, rescaled so that 0 is one batch in every neighbourhood and 1 is all batches alike.

    Higher is better. batches: (n,) codes of at least two batches.
    """
    n_batches = batches.max() + 1
    return float((np.median(lisi(neighbours, batches)) - 1) / (n_batches - 1))


def _weights(excess: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.exp(-excess / scale[:, None])  # an infinite excess, the cell itself, has weight 0
