"""Silhouette widths and the scores made of them. Axes: n cells, L dimensions, C groups.

The pairwise distances are computed in blocks of rows and reduced at once to sums per group, so memory stays bounded.
"""

import numpy as np

from semafo.evaluation.neighbours import row_blocks


def silhouette_widths(
    z: np.ndarray, codes: np.ndarray, *, cosine: bool = False, all_others: bool = False
) -> np.ndarray:
    """(b - a) / max(a, b) of each cell, -1 to 1 (Rousseeuw 1987); 0 for a cell that is alone in its group.

    a is the mean distance to the cell's own group, b that to the nearest other group. Returns (n,).

    Parameters
    ----------
    z
        (n, L) embedding.
    codes
        (n,) group of each cell, 0 to C - 1, every group with at least one cell, C at least 2.
    cosine
        Cosine instead of Euclidean distance.
    all_others
        Let b be the mean distance to all cells of other groups, as BRAS does.
    """
    sizes = np.bincount(codes)  # (C,)
    sums = _distance_sums(z, codes, len(sizes), cosine)  # (n, C)
    own = np.arange(len(z)), codes
    own_sum, own_size = sums[own], sizes[codes]
    within = own_sum / np.maximum(own_size - 1, 1)
    if all_others:
        between = (sums.sum(axis=1) - own_sum) / (len(z) - own_size)
    else:
        means = sums / sizes
        means[own] = np.inf
        between = means.min(axis=1)
    largest = np.maximum(within, between)
    widths = np.divide(between - within, largest, out=np.zeros(len(z)), where=largest > 0)
    return np.where(own_size > 1, widths, 0.0)


def silhouette_label(widths: np.ndarray) -> float:
    """Mean silhouette width of the types, rescaled to 0 to 1, higher is better. widths: (n,)."""
    return float((widths.mean() + 1) / 2)


def isolated_labels(widths: np.ndarray, labels: np.ndarray, batches: np.ndarray) -> float:
    """Silhouette of the types that occur in the fewest batches, 0 to 1, higher is better (Luecken et al. 2022).

    The mean over those types of their mean rescaled width. Where every type is in every batch, all are taken.
    widths, labels, batches: (n,); the last two are codes without gaps.
    """
    present = np.zeros((labels.max() + 1, batches.max() + 1), dtype=bool)
    present[labels, batches] = True
    n_batches = present.sum(axis=1)  # (C,)
    isolated = n_batches == n_batches.min()
    per_type = np.bincount(labels, weights=(widths + 1) / 2) / np.bincount(labels)
    return float(per_type[isolated].mean())


def silhouette_batch(z: np.ndarray, labels: np.ndarray, batches: np.ndarray) -> float | None:
    """1 - |silhouette width of the batches| within each type, averaged over types; 0 to 1, higher is better.

    Luecken et al. 2022. None where no type has two batches.
    """
    return _batch_mixing(z, labels, batches, cosine=False, all_others=False)


def bras(z: np.ndarray, labels: np.ndarray, batches: np.ndarray) -> float | None:
    """Batch removal adapted silhouette, 0 to 1, higher is better (Rautenstrauch and Ohler 2025).

    As `silhouette_batch`, with cosine distances and the mean over all other batches instead of the nearest, which a
    single close batch cannot flatter. None where no type has two batches.
    """
    return _batch_mixing(z, labels, batches, cosine=True, all_others=True)


def _batch_mixing(z: np.ndarray, labels: np.ndarray, batches: np.ndarray, **how: bool) -> float | None:
    per_type = []
    for label in range(labels.max() + 1):
        cells = labels == label
        names, codes = np.unique(batches[cells], return_inverse=True)
        if 1 < len(names) < len(codes):  # two batches at least, and not every cell a batch of its own
            per_type.append(1 - np.abs(silhouette_widths(z[cells], codes, **how)).mean())
    return float(np.mean(per_type)) if per_type else None


def _distance_sums(z: np.ndarray, codes: np.ndarray, n_groups: int, cosine: bool) -> np.ndarray:
    """Sum of each cell's distances to the cells of each group. Returns (n, C)."""
    if cosine:
        norms = np.linalg.norm(z, axis=1, keepdims=True)
        z = np.divide(z, norms, out=np.zeros_like(z), where=norms > 0)
    else:
        z = z - z.mean(axis=0)
    squares = np.einsum("nl,nl->n", z, z)
    member = np.eye(n_groups)[codes]  # (n, C)
    sums = np.empty((len(z), n_groups))
    for rows in row_blocks(len(z), len(z)):
        distances = z[rows] @ z.T  # (block, n) products, turned into distances in place
        if cosine:
            np.subtract(1, distances, out=distances)
        else:
            distances *= -2
            distances += squares
            distances += squares[rows, None]
        np.maximum(distances, 0, out=distances)  # rounding can leave a tiny negative number
        if not cosine:
            np.sqrt(distances, out=distances)
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = 0
        sums[rows] = distances @ member
    return sums
