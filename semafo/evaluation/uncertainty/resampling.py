"""Resampled pairs of runs: splits, their seeds, donors and cells, all draws at once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Pairs:
    """Pairs of runs as arrays. Axes: S splits, K seeds, D donors; shorter splits are padded with zeros.

    share_a, share_b: (S, K, D) share of the donor's cells that one method alone got right; n_cells: (S, D);
    n_seeds, n_donors: (S,).
    """

    share_a: np.ndarray
    share_b: np.ndarray
    n_cells: np.ndarray
    n_seeds: np.ndarray
    n_donors: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame) -> "Pairs":
        """From the table of `semafo.evaluation.uncertainty.significance.hierarchical_bootstrap`."""
        split = table["split"].rank(method="dense").astype(int).to_numpy() - 1
        seed, donor = (
            table.groupby("split")[name].rank(method="dense").astype(int).to_numpy() - 1 for name in ("seed", "donor")
        )
        shape = (split.max() + 1, seed.max() + 1, donor.max() + 1)
        share_a, share_b, n = np.zeros(shape), np.zeros(shape), np.zeros((shape[0], shape[2]), dtype=np.int64)
        share_a[split, seed, donor] = table["n_only_a"] / table["n"]
        share_b[split, seed, donor] = table["n_only_b"] / table["n"]
        n[split, donor] = table["n"]
        grouped = table.groupby("split")
        return cls(share_a, share_b, n, grouped["seed"].nunique().to_numpy(), grouped["donor"].nunique().to_numpy())

    def mean(self) -> float:
        """Mean over splits of the mean over seeds of the difference over all cells."""
        by_pair = ((self.share_b - self.share_a) * self.n_cells[:, None, :]).sum(2) / self.n_cells.sum(1)[:, None]
        return float((by_pair.sum(1) / self.n_seeds).mean())  # padded seeds add nothing

    def draw(self, rng: np.random.Generator, n_draws: int) -> np.ndarray:
        """Mean difference of resampled pairs. Axis: R draws. Returns (R,)."""
        n_splits, most_seeds, most_donors = self.share_a.shape
        split = rng.integers(0, n_splits, (n_draws, n_splits))  # (R, S)
        seed_counts = self._seed_counts(rng, split, most_seeds)  # (R, S, K)
        donor = rng.integers(0, self.n_donors[split][..., None], (n_draws, n_splits, most_donors))  # (R, S, D)
        is_real = np.arange(most_donors) < self.n_donors[split][..., None]
        n = np.where(is_real, self.n_cells[split[..., None], donor], 0)  # (R, S, D)
        weights = seed_counts / seed_counts.sum(2, keepdims=True)
        share_a, share_b = (
            np.take_along_axis(np.einsum("rsk,rskd->rsd", weights, share[split]), donor, axis=2)
            for share in (self.share_a, self.share_b)
        )
        drawn_a, drawn_b = draw_cells(rng, n, share_a, share_b, n.shape)
        means: np.ndarray = ((drawn_b - drawn_a).sum(2) / n.sum(2)).mean(1)
        return means

    def _seed_counts(self, rng: np.random.Generator, split: np.ndarray, most_seeds: int) -> np.ndarray:
        """How often each seed of the drawn splits is drawn: (R, S, K), as many draws as the split has seeds."""
        seed = rng.integers(0, self.n_seeds[split][..., None], (*split.shape, most_seeds))
        is_real = np.arange(most_seeds) < self.n_seeds[split][..., None]
        counts: np.ndarray = ((seed[..., None] == np.arange(most_seeds)) & is_real[..., None]).sum(2)
        return counts


def draw_cells(
    rng: np.random.Generator, n: np.ndarray, share_a: np.ndarray, share_b: np.ndarray, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """How many of n resampled cells only a, and only b, gets right: a multinomial draw by two binomial ones."""
    drawn_a = rng.binomial(n, np.clip(share_a, 0, 1), shape)
    rest = np.divide(share_b, 1 - share_a, out=np.zeros_like(share_b, dtype=float), where=share_a < 1)
    return drawn_a, rng.binomial(n - drawn_a, np.clip(rest, 0, 1), shape)
