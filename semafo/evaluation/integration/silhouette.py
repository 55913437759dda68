"""Silhouette widths and the scores made of them. Axes: n cells, L dimensions, C groups."""

from collections.abc import Iterator

import numpy as np

from semafo.evaluation.integration.distance_sums import DistanceSums


def silhouette_widths(sums: np.ndarray, codes: np.ndarray, *, all_others: bool = False) -> np.ndarray:
    """(b - a) / max(a, b) of each cell, -1 to 1 (Rousseeuw 1987); 0 for a cell that is alone in its group.

    a is the mean distance to the other cells of its group, b that to the nearest other group. Returns (n,).

    Parameters
    ----------
    sums
        (n, C) sum of each cell's distances to the cells of each group.
    codes
        (n,) group of each cell, 0 to C - 1, every group with at least one cell, C at least 2.
    all_others
        Let b be the mean distance to all cells of other groups, as BRAS does.
    """
    sizes = np.bincount(codes)  # (C,)
    own = np.arange(len(codes)), codes
    own_sum, own_size = sums[own], sizes[codes]
    within = own_sum / np.maximum(own_size - 1, 1)
    if all_others:
        between = (sums.sum(axis=1) - own_sum) / (len(codes) - own_size)
    else:
        means = sums / sizes
        means[own] = np.inf
        between = means.min(axis=1)
    largest = np.maximum(within, between)
    widths = np.divide(between - within, largest, out=np.zeros(len(codes)), where=largest > 0)
    return np.where(own_size > 1, widths, 0.0)


def type_means(widths: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean silhouette width of each type, rescaled to 0 to 1. widths, labels: (n,). Returns (C,)."""
    return np.bincount(labels, weights=(widths + 1) / 2) / np.bincount(labels)


def isolated_labels(means: np.ndarray, labels: np.ndarray, batches: np.ndarray) -> float:
    """Silhouette of the types that occur in the fewest batches, 0 to 1, higher is better (Luecken et al. 2022).

    The mean over those types of their mean rescaled width. Where every type is in every batch, all are taken.
    means: (C,) of `type_means`; labels, batches: (n,) codes without gaps.
    """
    present = np.zeros((labels.max() + 1, batches.max() + 1), dtype=bool)
    present[labels, batches] = True
    n_batches = present.sum(axis=1)  # (C,)
    return float(means[n_batches == n_batches.min()].mean())


def silhouette_batch(sums: DistanceSums, labels: np.ndarray, batches: np.ndarray) -> float | None:
    """1 - |silhouette width of the batches| within each type, averaged over types; 0 to 1, higher is better.

    Luecken et al. 2022. None where no type has two batches.
    """
    per_type = [
        1 - np.abs(silhouette_widths(sums.to_batches[cells][:, present], codes)).mean()
        for cells, present, codes in _testable_types(labels, batches)
    ]
    return float(np.mean(per_type)) if per_type else None


def bras(z: np.ndarray, labels: np.ndarray, batches: np.ndarray) -> float | None:
    """Batch removal adapted silhouette, 0 to 1, higher is better (Rautenstrauch and Ohler 2025).

    As `silhouette_batch`, with cosine distances and the mean over all other batches instead of the nearest, which a
    single close batch cannot flatter. A sum of cosine distances needs no pair of cells: Σ_j (1 - u_i·u_j) is the number
    of cells less u_i·Σ_j u_j, with u of length 1. None where no type has two batches.
    """
    norms = np.linalg.norm(z, axis=1, keepdims=True)
    directions = np.divide(z, norms, out=np.zeros_like(z), where=norms > 0)
    per_type = []
    for cells, _, codes in _testable_types(labels, batches):
        u = directions[cells]
        member = np.eye(codes.max() + 1)[codes]  # (n, B)
        sums = member.sum(axis=0) - u @ (u.T @ member)  # (n, B)
        sums[np.arange(len(u)), codes] -= 1 - np.einsum("nl,nl->n", u, u)  # a cell is at distance 0 from itself
        widths = silhouette_widths(np.maximum(sums, 0), codes, all_others=True)
        per_type.append(1 - np.abs(widths).mean())
    return float(np.mean(per_type)) if per_type else None


def _testable_types(labels: np.ndarray, batches: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield, of each type with two batches or more, its cells, its batches, and codes of its cells' batches.

    A type of which every cell is a batch of its own is left out.
    """
    for label in range(labels.max() + 1):
        cells = np.flatnonzero(labels == label)
        present, codes = np.unique(batches[cells], return_inverse=True)
        if 1 < len(present) < len(cells):
            yield cells, present, codes
