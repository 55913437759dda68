"""Disentanglement scores: does each factor have a dimension of its own, and each dimension a factor of its own?

Axes: n cells, L dimensions, F factors. All scores are 0 to 1, higher is better. None reads labels or a model: they are
about latent means and factors alone. docs/factors.md has the formulas.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import xlogy

from semafo.evaluation.latent.information import CATEGORY, Factor, bins_of, information, joint_counts

MOST_CELLS = 3000  # that the forests see, two of three to learn from and one to be tested on
N_TREES, DEPTH = 12, 10
_FEWEST = 10  # cells with a value; fewer leave nothing to test on


@dataclass(frozen=True)
class Disentanglement:
    """Scores of each factor, in the order of `factors`, and of the whole. None where a score is undefined.

    mig, sap, completeness, informativeness: (F,) lists; disentanglement: of the whole space, which has no value a
    factor; n_cells: cells that the scores are on.
    """

    factors: list[str]
    mig: list[float | None]
    sap: list[float | None]
    completeness: list[float | None]
    informativeness: list[float | None]
    disentanglement: float | None
    n_cells: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON, with the mean over factors of each score as `mean`."""
        names = ("mig", "sap", "completeness", "informativeness")
        means = {name: mean_of(getattr(self, name)) for name in names}
        return {**asdict(self), "mean": {**means, "disentanglement": self.disentanglement}}


def disentanglement_scores(z: np.ndarray, factors: Sequence[Factor], seed: int = 0) -> Disentanglement:
    """MIG, SAP and DCI of a latent space with known factors.

    Parameters
    ----------
    z
        (n, L) latent means, finite.
    factors
        F factors of the same cells.
    seed
        Of the cells that are held out, and of the forests.
    """
    usable = [factor for factor in factors if factor.present.sum() >= _FEWEST]
    bins = bins_of(z)
    importance, informativeness = dci_importance(z, usable, seed)
    completeness = completeness_of(importance)
    return Disentanglement(
        [factor.name for factor in usable],
        [_gap(information(z, factor, bins)) for factor in usable],
        [_gap(separability(z, factor, seed)) for factor in usable],
        [_plain(value) for value in completeness],
        [_plain(value) for value in informativeness],
        _plain(disentanglement_of(importance)),
        len(z),
    )


def separability(z: np.ndarray, factor: Factor, seed: int = 0) -> np.ndarray:
    """How well each dimension alone predicts a factor (Kumar et al. 2018), (L,), 0 to 1.

    A number: squared correlation. A name: balanced accuracy on held-out cells of a classifier that takes the most
    frequent value of the dimension's bin, all values weighing the same; corrected for chance, so that guessing reads 0.
    """
    present = factor.present
    z, codes, values = z[present].astype(np.float64), factor.codes[present], factor.values[present]
    if factor.kind != CATEGORY:
        centred, target = z - z.mean(0), values - values.mean()
        scale = (centred**2).sum(0) * (target @ target)
        squared: np.ndarray = np.divide((target @ centred) ** 2, scale, out=np.zeros(z.shape[1]), where=scale > 0)
        return squared
    held_out = _held_out(len(z), seed, share=0.5)
    bins, codes = bins_of(z), np.unique(codes, return_inverse=True)[1]
    shape = np.array([bins.max(), codes.max()]) + 1
    learned, tested = (_counts(bins[part], codes[part], shape) for part in (~held_out, held_out))
    sizes = np.maximum(learned[0].sum(0), 1)
    guess = (learned / sizes).argmax(2)  # (L, K)
    hits = np.where(guess[:, :, None] == np.arange(shape[1]), tested, 0).sum(1)  # (L, V)
    seen = tested[0].sum(0) > 0
    recall = (hits[:, seen] / tested[0].sum(0)[seen]).mean(1)
    return np.asarray(_beyond_chance(recall, int(seen.sum())))


def dci_importance(z: np.ndarray, factors: Sequence[Factor], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """How much each dimension serves to predict each factor, and how well all of them do (Eastwood & Williams 2018).

    Random forests (every split looks at all dimensions, so neither their order nor their scale matters), on at most
    3000 cells. Returns the impurity importances (L, F), each column with sum 1 (or 0), and the informativeness (F,) on
    held-out cells: R² of numbers, balanced accuracy beyond chance of names, not below 0.
    """
    importance, quality = np.zeros((z.shape[1], len(factors))), np.zeros(len(factors))
    for place, factor in enumerate(factors):
        cells = np.flatnonzero(factor.present)
        cells = np.random.default_rng(seed).permutation(cells)[:MOST_CELLS]
        learn, test = cells[len(cells) // 3 :], cells[: len(cells) // 3]
        importance[:, place], quality[place] = _forest(z, factor, learn, test, seed)
    return importance, quality


def disentanglement_of(importance: np.ndarray) -> float:
    """Mean over dimensions of 1 - entropy of the factors that they serve, weighted by how much they serve; 0 to 1.

    importance: (L, F). NaN with fewer than two factors, or where nothing serves anything.
    """
    total = importance.sum()
    if importance.shape[1] < 2 or total == 0:
        return np.nan
    return float(importance.sum(1) @ (1 - _relative_entropy(importance)) / total)


def completeness_of(importance: np.ndarray) -> np.ndarray:
    """For each factor 1 - entropy of the dimensions that serve it, (F,), 0 to 1.

    importance: (L, F). NaN with fewer than two dimensions, or where none serves.
    """
    if len(importance) < 2:
        return np.full(importance.shape[1], np.nan)
    return np.where(importance.sum(0) > 0, 1 - _relative_entropy(importance.T), np.nan)


def mean_of(values: Sequence[float | None]) -> float | None:
    """Mean of those that are defined; None where none is."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _forest(z: np.ndarray, factor: Factor, learn: np.ndarray, test: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    options = {"n_estimators": N_TREES, "max_depth": DEPTH, "max_features": None, "random_state": seed, "n_jobs": 1}
    if factor.kind == CATEGORY:
        target = factor.codes
        if len(np.unique(target[learn])) < 2:
            return np.zeros(z.shape[1]), 0.0
        model = RandomForestClassifier(**options).fit(z[learn], target[learn])
        return model.feature_importances_, _balanced(target[test], model.predict(z[test]))
    target = factor.values
    model = RandomForestRegressor(**options).fit(z[learn], target[learn])
    spread = ((target[test] - target[test].mean()) ** 2).sum()
    error = ((target[test] - model.predict(z[test])) ** 2).sum()
    return model.feature_importances_, max(0.0, 1 - error / spread) if spread > 0 else 0.0


def _balanced(true: np.ndarray, predicted: np.ndarray) -> float:
    """Balanced accuracy beyond chance."""
    _, place = np.unique(true, return_inverse=True)
    recall = np.bincount(place, weights=true == predicted) / np.bincount(place)
    return float(_beyond_chance(recall.mean(), len(recall)))


def _beyond_chance(accuracy: np.ndarray | float, n_values: int) -> np.ndarray | float:
    """Accuracy so that guessing is 0 and 1 stays 1."""
    return np.clip((accuracy * n_values - 1) / (n_values - 1), 0.0, 1.0) if n_values > 1 else np.zeros_like(accuracy)


def _counts(bins: np.ndarray, codes: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """`joint_counts` in a table of a given size, (L, K, V)."""
    counts = joint_counts(bins, codes)
    return np.pad(
        counts, [(0, 0), *((0, int(size) - found) for size, found in zip(shape, counts.shape[1:], strict=True))]
    )


def _held_out(n_cells: int, seed: int, share: float) -> np.ndarray:
    """A part of the cells, (n,) bool."""
    chosen = np.zeros(n_cells, dtype=bool)
    chosen[np.random.default_rng(seed).permutation(n_cells)[: int(share * n_cells)]] = True
    return chosen


def _relative_entropy(weights: np.ndarray) -> np.ndarray:
    """Entropy of each row as a share of the largest possible one; 1 for a row without weight."""
    total = weights.sum(1, keepdims=True)
    shares = np.divide(weights, total, out=np.full(weights.shape, 1 / weights.shape[1]), where=total > 0)
    entropy: np.ndarray = -xlogy(shares, shares).sum(1) / np.log(weights.shape[1])
    return entropy


def _gap(by_dimension: np.ndarray) -> float | None:
    """The largest minus the second largest; None with one dimension, or where they are undefined."""
    if len(by_dimension) < 2:
        return None
    second, first = np.partition(by_dimension, -2)[-2:]
    return _plain(first - second)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
