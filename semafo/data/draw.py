"""Which cells are drawn for the test part and as labelled, reproducibly and nested in the labelled rate."""

import numpy as np
import pandas as pd

from semafo import keys
from semafo.settings import SplitSettings


def draw_share(cells: pd.DataFrame, pool: pd.Series, known: pd.Series, settings: SplitSettings) -> pd.Series:
    """TEST and LABELLED for a share of the pool, missing elsewhere."""
    drawn = pd.Series(None, index=cells.index, dtype=object)
    n_pool = int(pool.sum())
    shuffled = cells.loc[pool, keys.TRUE].iloc[np.random.default_rng(settings.split_seed).permutation(n_pool)]
    in_test_order = shuffled.index[_test_order(shuffled)] if settings.stratified else shuffled.index
    n_test = min(max(_round(settings.test_share * n_pool), 1), max(n_pool - 1, 0))
    drawn[in_test_order[:n_test]] = keys.TEST

    rest = shuffled[shuffled.index.isin(in_test_order[n_test:]) & known[shuffled.index]]
    in_label_order = rest.index[_label_order(rest)] if settings.stratified else rest.index
    n_rated = n_pool if settings.reference else len(rest)
    drawn[in_label_order[: _round(settings.labelled_rate * n_rated)]] = keys.LABELLED
    return drawn


def take_batches(cells: pd.DataFrame, pool: pd.Series, known: pd.Series, settings: SplitSettings) -> pd.Series:
    """Study-wise: known labels of the chosen batches are LABELLED, every other batch of the pool is TEST."""
    chosen = cells[keys.BATCH_COLUMN].isin(settings.labelled_batches or ())
    drawn = pd.Series(None, index=cells.index, dtype=object)
    drawn[pool & ~chosen] = keys.TEST
    drawn[pool & chosen & known] = keys.LABELLED
    return drawn


def _ranks(shuffled: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Rank of each cell within its type, in the order given, and the size of its type."""
    groups = shuffled.groupby(shuffled)
    return groups.cumcount().to_numpy(), groups.transform("size").to_numpy().astype(int)


def _test_order(shuffled: pd.Series) -> np.ndarray:
    """Positions by key. The last cell of each type comes at the very end, so that one can be labelled."""
    rank, size = _ranks(shuffled)
    return np.lexsort(((rank + 0.5) / size, rank == size - 1))


def _label_order(shuffled: pd.Series) -> np.ndarray:
    """Positions: one cell of each type, larger types first, then by key."""
    rank, size = _ranks(shuffled)
    return np.argsort(np.where(rank == 0, -size, (rank + 0.5) / size), kind="stable")  # keys are above 0


def _round(value: float) -> int:
    """Halves up: unlike Python's round it never skips a step."""
    return int(np.floor(value + 0.5))
