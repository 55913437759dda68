"""Which cells stand for all of them where a set is too large to be scored whole. Axes: n cells."""

import numpy as np


def proportional_sample(types: np.ndarray, batches: np.ndarray, n_cells: int, seed: int) -> np.ndarray:
    """About `n_cells` cells with the shares of the types and, within them, batches; of every pair at least one.

    types, batches: (n,) codes. Returns rising rows.
    """
    return _spread(types, batches, np.full(types.max() + 1, n_cells / len(types)), seed)


def capped_sample(types: np.ndarray, batches: np.ndarray, n_cells: int, seed: int) -> np.ndarray:
    """About `n_cells` cells: small types whole, the others cut to one size; every batch of a type at least once.

    types, batches: (n,) codes without gaps. Returns rising rows; all of them where there are no more.
    """
    sizes = np.bincount(types)
    rising = np.sort(sizes)
    left = n_cells - np.concatenate([[0], np.cumsum(rising)[:-1]])  # for the type in this place and larger ones
    caps = left / np.arange(len(rising), 0, -1)
    too_large = np.flatnonzero(rising > caps)
    if not len(too_large):
        return np.arange(len(types))
    return _spread(types, batches, np.minimum(1, caps[too_large[0]] / sizes), seed)


def _spread(types: np.ndarray, batches: np.ndarray, shares: np.ndarray, seed: int) -> np.ndarray:
    """Take the share of each type, evenly over its cells in the order of batches and random within them."""
    order = np.lexsort((np.random.default_rng(seed).random(len(types)), batches, types))
    due = np.cumsum(shares[types[order]])  # cells that should have been taken so far
    taken = np.diff(np.floor(due + 1e-9), prepend=0) > 0
    pair_begins = np.diff(types[order], prepend=-1) != 0
    pair_begins |= np.diff(batches[order], prepend=-1) != 0
    return np.sort(order[taken | pair_begins])
