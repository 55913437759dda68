"""Which cells are drawn to test on, as labelled and to calibrate on: reproducibly, nested in the labelled rate."""

import numpy as np
import pandas as pd

from semafo import keys
from semafo.settings.run_config import SplitSettings


def draw_share(cells: pd.DataFrame, pool: pd.Series, known: pd.Series, settings: SplitSettings) -> pd.Series:
    """TEST and LABELLED for a share of the pool, missing elsewhere."""
    drawn = pd.Series(None, index=cells.index, dtype=object)
    shuffled = _shuffled(cells, pool, settings)
    n_pool = len(shuffled)
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


def draw_calibration(cells: pd.DataFrame, pool: pd.Series, labelled: pd.Series, settings: SplitSettings) -> pd.Series:
    """Which labelled cells of the pool are kept back to calibrate on, as booleans.

    The share of each type, in steps through the pool's own order and never its first labelled cell: every type keeps a
    labelled cell, and a cell that is kept back at one labelled rate is kept back at every higher one.
    """
    chosen = pd.Series(False, index=cells.index)
    shuffled = _shuffled(cells, pool, settings)
    shuffled = shuffled[labelled[shuffled.index]]
    rank, _ = _ranks(shuffled)
    before, after = (np.floor(settings.calibration_share * place + 0.5) for place in (rank, rank + 1))
    chosen[shuffled.index[(after > before) & (rank > 0)]] = True
    return chosen


def _shuffled(cells: pd.DataFrame, pool: pd.Series, settings: SplitSettings) -> pd.Series:
    """Types of the pool's cells in the order that the split's seed gives them, whatever else is asked for."""
    order = np.random.default_rng(settings.split_seed).permutation(int(pool.sum()))
    return cells.loc[pool, keys.TRUE].iloc[order]


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
