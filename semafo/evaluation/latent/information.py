"""What the dimensions of a latent space carry: their mutual information with known properties of the cells.

Axes: n cells, L dimensions, K bins of a dimension, V values of a factor.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaln, xlogy

CATEGORY, NUMBER = "category", "number"
MOST_BINS = 20  # of a dimension, and of a factor that is a number
CELLS_PER_BIN = 25  # that a bin has at least: fewer cells make fewer bins
MOST_VALUES = 50  # of a factor that is a name; with more, a value has hardly a cell


@dataclass(frozen=True, eq=False)
class Factor:
    """A property of the cells that a dimension could follow.

    Attributes
    ----------
    name
        As people know it.
    kind
        `CATEGORY` or `NUMBER`.
    values
        (n,) float64: the number itself, or the place of the name among the sorted names; NaN where it is missing.
    codes
        (n,) int64 values or, of a number with more than 20, bins of equal frequency, counted from 0 without gaps; -1
        where the value is missing.
    """

    name: str
    kind: str
    values: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, name: str, column: pd.Series) -> "Factor | None":
        """Factor of a column; None where it has fewer than two values, or more than 50 names."""
        is_number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        if is_number:
            values = column.to_numpy(dtype=np.float64, na_value=np.nan)
            values = np.where(np.isfinite(values), values, np.nan)
        else:
            places, _ = pd.factorize(column.astype("string"), sort=True)
            values = np.where(places < 0, np.nan, places.astype(np.float64))
        present = ~np.isnan(values)
        n_values = len(np.unique(values[present]))
        if n_values < 2 or (not is_number and n_values > MOST_VALUES):
            return None
        codes = np.full(len(values), -1)
        n_bins = bin_count(int(present.sum())) if is_number else n_values
        codes[present] = equal_frequency(values[present], n_bins)
        return cls(name, NUMBER if is_number else CATEGORY, values, codes)

    @property
    def present(self) -> np.ndarray:
        """Which cells have a value, (n,) bool."""
        return self.codes >= 0

    def take(self, cells: np.ndarray) -> "Factor":
        """The same factor of some cells only. cells: (m,) places."""
        return Factor(self.name, self.kind, self.values[cells], self.codes[cells])


def bin_count(n_cells: int) -> int:
    """Bins for so many cells: 2 to 20, of 25 cells or more."""
    return int(np.clip(n_cells // CELLS_PER_BIN, 2, MOST_BINS))


def equal_frequency(values: np.ndarray, n_bins: int) -> np.ndarray:
    """Bins of about as many cells each, (n,) int64 from 0 without gaps.

    Equal values share a bin. Where there are no more different values than bins, each value is a bin: codes that are
    exact stay exact. Only the order of the values matters, so neither scale nor shift does.
    """
    different, place, sizes = np.unique(values, return_inverse=True, return_counts=True)
    if len(different) <= n_bins:
        return place
    middle = np.cumsum(sizes) - sizes / 2  # rank of each value
    return np.unique((middle * n_bins / len(values)).astype(np.int64)[place], return_inverse=True)[1]


def bins_of(z: np.ndarray) -> np.ndarray:
    """Each dimension in bins of equal frequency, (n, L) int64. z: (n, L)."""
    n_bins = bin_count(len(z))
    return np.stack([equal_frequency(dimension, n_bins) for dimension in z.T], axis=1)


def information(z: np.ndarray, factor: Factor, bins: np.ndarray | None = None) -> np.ndarray:
    """Mutual information of each dimension with a factor, as a share of the factor's entropy.

    With I, H and the expectation E[I] over all ways to deal the factor's values out to the cells (Vinh et al. 2010,
    exact): (I - E[I]) / (H - E[I]), not below 0. A factor that has nothing to do with a dimension reads about 0,
    however many values it has. Higher is more.

    Parameters
    ----------
    z
        (n, L) latent means, finite.
    factor
        Of the same n cells; those without a value are left out.
    bins
        (n, L) `bins_of(z)` where it is at hand.

    Returns
    -------
    (L,) 0 to 1; 1 where the dimension's bin tells the value. NaN where the factor has one value only.
    """
    present = factor.present
    if bins is None or not present.all():
        bins = bins_of(z[present])
    counts = joint_counts(bins, np.unique(factor.codes[present], return_inverse=True)[1])
    of_bins, of_values = counts.sum(2), counts[0].sum(0)  # (L, K), (V,)
    entropy = _entropy(of_values)
    if entropy == 0:
        return np.full(z.shape[1], np.nan)
    found = _entropy(of_bins) + entropy - _entropy(counts.reshape(len(counts), -1))
    margins, which = np.unique(np.sort(of_bins, axis=1), axis=0, return_inverse=True)
    expected = np.array([expected_information(margin, of_values) for margin in margins])[which.ravel()]
    room = entropy - expected
    shares = np.divide(found - expected, room, out=np.zeros_like(found), where=room > 1e-12)
    clipped: np.ndarray = np.clip(shares, 0.0, 1.0)
    return clipped


def joint_counts(bins: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Cells by bin and value, for each dimension: (L, K, V). bins: (n, L), codes: (n,), both from 0."""
    n_bins, n_values, n_dimensions = int(bins.max()) + 1, int(codes.max()) + 1, bins.shape[1]
    place = (np.arange(n_dimensions) * n_bins + bins) * n_values + codes[:, None]
    counts = np.bincount(place.ravel(), minlength=n_dimensions * n_bins * n_values)
    return counts.reshape(n_dimensions, n_bins, n_values)


def expected_information(first: np.ndarray, second: np.ndarray) -> float:
    """Mean mutual information, in nats, of two partitions with these sizes over all ways to deal them out.

    The count of a pair of parts is hypergeometric (Vinh et al. 2010, equation 24a). first, second: whole numbers of the
    same sum n.
    """
    n = int(np.sum(first))
    total = 0.0
    for a, times_a in zip(*np.unique(first[first > 0], return_counts=True), strict=True):
        for b, times_b in zip(*np.unique(second[second > 0], return_counts=True), strict=True):
            both = np.arange(max(1, a + b - n), min(a, b) + 1, dtype=np.float64)
            ways = gammaln(a + 1) + gammaln(b + 1) + gammaln(n - a + 1) + gammaln(n - b + 1) - gammaln(n + 1)
            log_p = ways - gammaln(both + 1) - gammaln(a - both + 1) - gammaln(b - both + 1)
            log_p -= gammaln(n - a - b + both + 1)
            nats = both / n * (np.log(n) + np.log(both) - np.log(a) - np.log(b))
            total += int(times_a * times_b) * float(nats @ np.exp(log_p))
    return total


def _entropy(counts: np.ndarray) -> np.ndarray | np.float64:
    """Entropy of counts over the last axis, in nats."""
    shares = counts / counts.sum(-1, keepdims=True)
    entropy: np.ndarray | np.float64 = -xlogy(shares, shares).sum(-1)
    return entropy
