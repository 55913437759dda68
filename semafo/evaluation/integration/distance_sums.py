"""Sums of distances to whole groups of cells, from one pass over all pairs. Axes: n cells, L dimensions, C types.

Cells are sorted by type and batch, so that a block of distances falls into pieces that are summed where they lie. A
piece between two types serves both. Every type's rows are centred on that type first, which keeps the digits of the
distances within it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from semafo.evaluation.neighbours.exact import row_blocks

SMALL_SET = 2000  # up to so many cells everything is in double precision: it takes no time
BLOCK_VALUES = 2**22  # numbers in a block of distances, 16 MB in single precision
N_CHECKED = 64  # cells whose sums are taken in double precision too
TOLERANCE = 2e-6  # relative difference of a checked sum at which single precision is given up


@dataclass(frozen=True)
class DistanceSums:
    """Sums of each cell's Euclidean distances.

    to_types: (n, C), to the cells of each type; to_batches: (n, B), to the cells of each batch within the cell's type.
    """

    to_types: np.ndarray
    to_batches: np.ndarray


def distance_sums(z: np.ndarray, types: np.ndarray, batches: np.ndarray) -> DistanceSums:
    """Sums of Euclidean distances to types, and to batches within the own type.

    Single precision, where `N_CHECKED` cells' sums show that it suffices, else double: a type with most cells in nearly
    the same place and some far away is such a case.

    z: (n, L) float64; types, batches: (n,) codes without gaps.
    """
    order = np.lexsort((batches, types))
    z, types, batches = z[order], types[order], batches[order]
    largest = np.abs(z - z.mean(axis=0)).max(initial=0)
    z = z / largest if largest > 0 else z  # single precision has a smaller range
    sums = None
    if len(z) > SMALL_SET:
        sums = _all_sums(z, types, batches, np.float32)
        if not _is_precise(z, types, sums):
            sums = None
    if sums is None:
        sums = _all_sums(z, types, batches, np.float64)
    back = np.argsort(order)
    scale = largest if largest > 0 else 1.0
    return DistanceSums(sums.to_types[back] * scale, sums.to_batches[back] * scale)


def _all_sums(z: np.ndarray, types: np.ndarray, batches: np.ndarray, dtype: type[np.floating[Any]]) -> DistanceSums:
    """Everything, for cells sorted by type and batch."""
    n, n_types, n_batches = len(z), types.max() + 1, batches.max() + 1
    sums = DistanceSums(np.zeros((n, n_types)), np.zeros((n, n_batches)))
    bounds = np.searchsorted(types, np.arange(n_types + 1))  # (C + 1,) where each type begins
    buffer = np.empty(max(n, BLOCK_VALUES), dtype=dtype)  # fresh memory for every block costs more than its sums
    for label in range(n_types):
        start, stop = bounds[label], bounds[label + 1]
        rows, columns = _factors(z[start:], stop - start, dtype)  # types before this one have met it already
        present, first_of_batch = np.unique(batches[start:stop], return_index=True)
        by_symmetry = np.zeros(n - stop)
        pieces = np.concatenate([first_of_batch, bounds[label + 1 : -1] - start])
        for cells in row_blocks(stop - start, n - start, BLOCK_VALUES):
            distances = buffer[: (cells.stop - cells.start) * (n - start)].reshape(-1, n - start)
            np.matmul(rows[cells], columns, out=distances)
            np.abs(distances, out=distances)  # rounding can leave a tiny negative number
            np.sqrt(distances, out=distances)
            np.fill_diagonal(distances[:, cells], 0)
            totals = np.add.reduceat(distances, pieces, axis=1)  # (block, pieces)
            own = slice(start + cells.start, start + cells.stop)
            sums.to_batches[own, present] = totals[:, : len(present)]
            sums.to_types[own, label] = totals[:, : len(present)].sum(axis=1, dtype=np.float64)
            sums.to_types[own, label + 1 :] = totals[:, len(present) :]
            by_symmetry += distances[:, stop - start :].sum(axis=0)
        sums.to_types[stop:, label] = by_symmetry
    return sums


def _factors(z: np.ndarray, n_rows: int, dtype: type[np.floating[Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Two matrices whose product is |a|² + |b|² - 2 a·b, for the first rows against all, centred on those rows.

    z: (n, L). Returns (n_rows, L + 2) and (L + 2, n).
    """
    z = z - z[:n_rows].mean(axis=0)
    squares, ones = np.einsum("nl,nl->n", z, z), np.ones(len(z))
    rows = np.column_stack([-2 * z[:n_rows], ones[:n_rows], squares[:n_rows]])
    return rows.astype(dtype), np.vstack([z.T, squares, ones]).astype(dtype)


def _is_precise(z: np.ndarray, types: np.ndarray, sums: DistanceSums) -> bool:
    """Compare the sums of some cells, spread over the types, with those of differences in double precision."""
    for cell in np.linspace(0, len(z) - 1, N_CHECKED).astype(int):
        differences = z - z[cell]
        distances = np.sqrt(np.einsum("nl,nl->n", differences, differences))
        exact = np.bincount(types, weights=distances)
        if (np.abs(sums.to_types[cell] - exact) > TOLERANCE * exact).any():
            return False
    return True
