"""Label scores: how well the predicted types agree with the true ones.

Everything is computed from the table of (true, predicted) counts, so it costs one pass over the cells. Axes: C types.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from semafo import keys


@dataclass(frozen=True)
class LabelScores:
    """Agreement of predicted with true types. Shares are 0 to 1, higher is better; None where nothing can be said.

    Unless its name says otherwise a score is on the `n_scored` cells: a true label, of a type that the model was shown.

    Attributes
    ----------
    n_scored
        Cells with a true label of a seen type.
    n_unseen
        Cells whose true type the model was never shown. Counted apart: no prediction could be right.
    accuracy, accuracy_low, accuracy_high
        Share of correct predictions and its 95 % Wilson interval, which speaks of these cells and this one run.
    accuracy_with_unseen
        Share of correct predictions where the unseen cells count as errors.
    accuracy_majority
        What predicting the most frequent true type everywhere would reach.
    f1_weighted, f1_macro
        F1 averaged over the types that are present in the truth, weighted by their cells or all alike.
    balanced_accuracy
        Mean recall over the types that are present in the truth.
    cohen_kappa
        Agreement beyond chance, -1 to 1; chance is computed from both sets of labels.
    """

    n_scored: int
    n_unseen: int
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    accuracy_with_unseen: float | None = None
    accuracy_majority: float | None = None
    f1_weighted: float | None = None
    f1_macro: float | None = None
    balanced_accuracy: float | None = None
    cohen_kappa: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def as_labels(values: ArrayLike) -> np.ndarray:
    """Labels as an object array, so that a missing value in a list is not read as the text "nan"."""
    return np.array(values, dtype=object)


def is_missing(labels: ArrayLike) -> np.ndarray:
    """Which cells have no label: None, NaN, or the category that stands for "unlabelled". (n,) -> (n,) bool."""
    labels = as_labels(labels)
    missing: np.ndarray = pd.isna(labels) | (pd.Series(labels, dtype=object) == keys.UNLABELLED).to_numpy()
    return missing


def score_labels(true: ArrayLike, predicted: ArrayLike, seen_types: Collection[Any]) -> LabelScores:
    """Score predicted types against true ones.

    Parameters
    ----------
    true
        (n,) true types; cells without one are never scored.
    predicted
        (n,) predicted types. A missing prediction is an error, and so is a type that is absent from the truth: it
        lowers the recall of the type it was mistaken for and adds no F1 or recall of its own.
    seen_types
        Types that the model was shown, in a reference or among the labels.
    """
    true, predicted = as_labels(true), as_labels(predicted)
    if len(true) != len(predicted):
        raise ValueError(f"{len(true)} true labels but {len(predicted)} predictions")
    known = ~is_missing(true)
    seen = known & pd.Series(true, dtype=object).isin(list(seen_types)).to_numpy()
    n_scored, n_unseen = int(seen.sum()), int((known & ~seen).sum())
    counts = _pair_counts(true[seen], predicted[seen])
    n_correct = int(np.trace(counts))
    with_unseen = n_correct / (n_scored + n_unseen) if n_scored + n_unseen else None
    if n_scored == 0:
        return LabelScores(n_scored, n_unseen, accuracy_with_unseen=with_unseen)
    low, high = wilson_interval(n_correct, n_scored)
    return LabelScores(
        n_scored,
        n_unseen,
        accuracy=n_correct / n_scored,
        accuracy_low=low,
        accuracy_high=high,
        accuracy_with_unseen=with_unseen,
        accuracy_majority=float(counts.sum(axis=1).max() / n_scored),
        cohen_kappa=_cohen_kappa(counts),
        **_per_type_means(counts),
    )


def confusion_counts(true: ArrayLike, predicted: ArrayLike, types: Sequence[Any]) -> np.ndarray:
    """Cells by true and predicted type. Returns (C, C) int, rows observed, columns predicted, in the order of `types`.

    Cells whose true or predicted type is not in `types` are left out.
    """
    index = pd.Index(list(types), dtype=object)
    rows, columns = (index.get_indexer(as_labels(values)) for values in (true, predicted))
    counted = (rows >= 0) & (columns >= 0)
    return _table(rows[counted], columns[counted], len(index))


def wilson_interval(n_correct: int, n_cells: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a share, 0 to 1 (Wilson 1927). Cells count as independent; those of a donor are not."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = n_correct / n_cells
    centre = share + z**2 / (2 * n_cells)
    half_width = z * np.sqrt(share * (1 - share) / n_cells + z**2 / (4 * n_cells**2))
    scale = 1 + z**2 / n_cells
    low = 0.0 if n_correct == 0 else float((centre - half_width) / scale)  # exact where rounding would miss the end
    high = 1.0 if n_correct == n_cells else float((centre + half_width) / scale)
    return low, high


def _pair_counts(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Counts over every type that occurs on either side; a missing prediction is one more column (and empty row)."""
    codes, types = pd.factorize(np.concatenate([true, predicted]))
    codes = np.where(codes < 0, len(types), codes)  # factorize codes missing values as -1
    return _table(codes[: len(true)], codes[len(true) :], len(types) + 1)


def _table(rows: np.ndarray, columns: np.ndarray, n_types: int) -> np.ndarray:
    return np.bincount(rows * n_types + columns, minlength=n_types**2).reshape(n_types, n_types)


def _per_type_means(counts: np.ndarray) -> dict[str, float]:
    """F1 and recall of each type that is present in the truth, averaged. counts: (C, C), at least one cell."""
    n_true, n_predicted, n_hits = counts.sum(axis=1), counts.sum(axis=0), np.diag(counts)
    present = n_true > 0
    f1 = 2 * n_hits[present] / (n_true + n_predicted)[present]
    recall = n_hits[present] / n_true[present]
    return {
        "f1_weighted": float(np.average(f1, weights=n_true[present])),
        "f1_macro": float(f1.mean()),
        "balanced_accuracy": float(recall.mean()),
    }


def _cohen_kappa(counts: np.ndarray) -> float | None:
    """(observed - chance) / (1 - chance) (Cohen 1960); None where one type on both sides makes chance certain."""
    n = counts.sum()
    observed = np.trace(counts) / n
    chance = (counts.sum(axis=1) @ counts.sum(axis=0)) / n**2
    return None if chance == 1 else float((observed - chance) / (1 - chance))
