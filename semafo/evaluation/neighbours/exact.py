"""Exact nearest neighbours by blocked matrix products in single precision. Axes: n cells, L dimensions, k neighbours.

Squared distances are |a|² + |b|² - 2 a·b, whose rounding error is bounded. Every cell that could be among the k nearest
within that error is kept; the distances of those are then taken from the differences in double precision. So the result
is exact, while nearly all of the work is in single precision.
"""

from collections.abc import Iterator

import numpy as np

SINGLE_ROUNDING = 2.0**-24
N_GROUPS = 1024  # groups of columns whose smallest values bound the k-th distance; more are slower, fewer let more pass
MOST_KEPT = 8  # times k, and at least 1024: a row with more lies among doubles, and is searched in double precision
BLOCK_VALUES = 2**21  # numbers in a block of distances, 8 MB
FAR_AWAY = 1e30  # squared distance of padding; infinity times zero would not be a number


def nearest_exact(z: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices and distances of the k nearest cells, the cell itself first, equal distances in the order of the cells.

    z: (n, L) float64, finite; k: 1 to n. Returns (n, k) int32 and (n, k) float64.
    """
    everything = np.arange(len(z))
    return nearest_among(z, everything, everything, k)


def nearest_among(z: np.ndarray, cells: np.ndarray, others: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """As `nearest_exact`, for some of the cells, among some others.

    A cell comes first in its own row where it is among the others.

    cells: (m,) rows of z; others: rows of z, rising, at least k.
    """
    rows, columns = z[cells], z[others]
    own = np.searchsorted(others[:-1], cells)  # (m,) the cell itself among the others
    own[others[own] != cells] = -1
    largest = np.sqrt(np.einsum("nl,nl->n", columns, columns).max())
    scale = 1 / largest if largest > 0 else 1.0  # single precision has a smaller range
    indices, distances = np.empty((len(cells), k), dtype=np.int32), np.empty((len(cells), k))
    for block, row, column in _kept_pairs(rows * scale, columns * scale, k):
        row, column = _search_crowded(rows[block], columns, own[block], k, row, column)
        found, distances[block] = _rank(rows[block], columns, own[block], k, row, column)
        indices[block] = others[found]
    return indices, distances


def row_blocks(n_rows: int, values_per_row: int, block_values: int) -> list[slice]:
    """Slices over the rows such that a block holds at most `block_values` numbers, or a single row."""
    size = max(1, block_values // max(values_per_row, 1))
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def _kept_pairs(a: np.ndarray, b: np.ndarray, k: int) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Yield a block of rows and its pairs (row within the block, column) that may be among the k nearest, sorted.

    a: (m, L), b: (n, L), norms at most 1.
    """
    n, n_dims = b.shape
    a_norms = np.sqrt(np.einsum("nl,nl->n", a, a))
    # Twice the bound of the rounding error.
    slack = (2 * (n_dims + 4) * SINGLE_ROUNDING * (a_norms + 1) ** 2).astype(np.float32)
    per_group = -(-n // max(N_GROUPS, 8 * k))
    n_groups = -(-n // per_group)
    n_columns = per_group * n_groups
    # Row (-2a, 1) times column (b, |b|²): the squared distance but for |a|², which changes no order.
    rows = np.column_stack([-2 * a, np.ones(len(a))]).astype(np.float32)
    columns = np.zeros((n_dims + 1, n_columns), dtype=np.float32)
    columns[:, :n] = np.vstack([b.T, np.einsum("nl,nl->n", b, b)])
    columns[-1, n:] = FAR_AWAY
    buffer = np.empty(max(n_columns, BLOCK_VALUES), dtype=np.float32)  # fresh memory costs more than the product
    for block in row_blocks(len(a), n_columns, BLOCK_VALUES):
        values = buffer[: (block.stop - block.start) * n_columns].reshape(-1, n_columns)
        np.matmul(rows[block], columns, out=values)
        smallest = values.reshape(-1, per_group, n_groups).min(axis=1)
        smallest.partition(k - 1, axis=1)  # k groups reach the k-th smallest, so k cells do: a bound of their distances
        limit = smallest[:, k - 1] + slack[block]
        yield block, *np.divmod(np.flatnonzero(values <= limit[:, None]), n_columns)


def _search_crowded(
    rows: np.ndarray, columns: np.ndarray, own: np.ndarray, k: int, row: np.ndarray, column: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Replace the pairs of rows that lie among doubles by the k nearest in double precision, the cell itself too."""
    count = np.bincount(row, minlength=len(rows))
    crowded = count > max(MOST_KEPT * k, 1024)
    if not crowded.any():
        return row, column
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(columns)
    found = search.kneighbors(rows[crowded], return_distance=False)
    without_self = (own[crowded] >= 0) & (found != own[crowded, None]).all(axis=1)
    found[without_self, -1] = own[crowded][without_self]  # more than k cells in the same place
    kept = ~crowded[row]
    row = np.concatenate([row[kept], np.repeat(np.flatnonzero(crowded), k)])
    column = np.concatenate([column[kept], np.sort(found, axis=1).ravel()])
    order = np.argsort(row, kind="stable")
    return row[order], column[order]


def _rank(
    rows: np.ndarray, columns: np.ndarray, own: np.ndarray, k: int, row: np.ndarray, column: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest columns of each row, and their distances. Pairs come by row and, within a row, by column."""
    differences = columns[column] - rows[row]  # (pairs, L)
    distances = np.sqrt(np.einsum("pl,pl->p", differences, differences))
    distances[column == own[row]] = -1  # the cell itself sorts first, even among its doubles
    count = np.bincount(row, minlength=len(rows))
    place = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    by_row = np.full((len(rows), count.max()), np.inf)
    by_row[row, place] = distances
    candidate = np.zeros(by_row.shape, dtype=np.intp)
    candidate[row, place] = column
    order = np.argsort(by_row, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(candidate, order, axis=1), np.maximum(np.take_along_axis(by_row, order, axis=1), 0)
