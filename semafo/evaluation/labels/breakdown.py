"""One accuracy taken apart: by type, by batch, and by how confident a prediction must be. Rows of plain values.

Cells are scored as in `scores.score_labels`: those with a true label of a type that the model was shown. Cells of
unseen types are left out, except in `coverage_curve`, which says how many of them a threshold would have caught.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from semafo.evaluation.labels.scores import as_labels, is_missing, wilson_interval

THRESHOLDS = (*(step / 20 for step in range(20)), 0.99)  # 0, 0.05, … 0.95, and 0.99


@dataclass(frozen=True)
class ScoredCells:
    """Which cells count, and which of them are right.

    is_scored: a true label of a seen type; is_unseen: of another type; is_correct: prediction equals truth. All (n,)
    bool, the last False where a cell is not scored.
    """

    true: np.ndarray
    predicted: np.ndarray
    is_scored: np.ndarray
    is_unseen: np.ndarray
    is_correct: np.ndarray

    @classmethod
    def of(cls, true: ArrayLike, predicted: ArrayLike, seen_types: Collection[Any]) -> "ScoredCells":
        """Sort cells out. true, predicted: (n,), a missing prediction is an error."""
        true, predicted = as_labels(true), as_labels(predicted)
        known = ~is_missing(true)
        is_scored = known & pd.Series(true, dtype=object).isin(list(seen_types)).to_numpy()
        is_correct = np.zeros(len(true), dtype=bool)
        is_correct[is_scored] = true[is_scored] == predicted[is_scored]
        return cls(true, predicted, is_scored, known & ~is_scored, is_correct)


def scores_by_type(true: ArrayLike, predicted: ArrayLike, seen_types: Collection[Any]) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each type, 0 to 1, higher is better, with its numbers of cells.

    Returns
    -------
    One row for each type that occurs among the scored cells or their predictions, in the types' order: `type`, `n`
    (cells of it), `n_predicted` (cells taken for it), `precision`, `recall`, `f1`, and the recall's 95 % Wilson
    interval. Precision is None where nothing is predicted, recall and F1 where the truth has no such cell.
    """
    cells = ScoredCells.of(true, predicted, seen_types)
    counts = {
        "n": _counts(cells.true[cells.is_scored]),
        "n_predicted": _counts(cells.predicted[cells.is_scored]),
        "n_hits": _counts(cells.true[cells.is_correct]),
    }
    table = pd.DataFrame(counts).reindex(columns=list(counts)).fillna(0).astype(int).sort_index()
    return [_type_row(str(name), *map(int, row)) for name, row in zip(table.index, table.to_numpy(), strict=True)]


def accuracy_by_group(
    groups: ArrayLike, true: ArrayLike, predicted: ArrayLike, seen_types: Collection[Any]
) -> list[dict[str, Any]]:
    """Accuracy within each batch or donor, 0 to 1, with its 95 % Wilson interval. groups: (n,).

    Returns
    -------
    One row for each group with a scored cell, in the groups' order: `batch`, `n`, `n_correct`, `accuracy`, `low`,
    `high`.
    """
    cells = ScoredCells.of(true, predicted, seen_types)
    correct = pd.Series(cells.is_correct[cells.is_scored], dtype=bool)
    grouped = correct.groupby(as_labels(groups)[cells.is_scored].astype(str))
    return [
        {"batch": str(batch), "n": len(part), "n_correct": int(part.sum()), **_share(int(part.sum()), len(part))}
        for batch, part in grouped
    ]


def coverage_curve(
    confidence: np.ndarray,
    true: ArrayLike,
    predicted: ArrayLike,
    seen_types: Collection[Any],
    thresholds: Sequence[float] = THRESHOLDS,
) -> list[dict[str, Any]]:
    """What is gained and lost where predictions below a confidence are called unknown.

    Parameters
    ----------
    confidence
        (n,) probability of the predicted type, 0 to 1.

    Returns
    -------
    One row a threshold: `threshold`, `coverage` (share of the scored cells at or above it), `n_kept`, `accuracy`
    among those with its 95 % Wilson interval `low`, `high` (None where no cell is kept), and `unseen_unknown`, the
    share of the cells of unseen types that fall below it (higher is better; None without such cells). No rows where
    there is no cell with a label.
    """
    cells = ScoredCells.of(true, predicted, seen_types)
    confidence = np.asarray(confidence, dtype=np.float64)
    scored, correct, unseen = (confidence[mask] for mask in (cells.is_scored, cells.is_correct, cells.is_unseen))
    if not len(scored) and not len(unseen):
        return []
    rows = []
    for threshold in thresholds:
        n_kept, n_correct = int((scored >= threshold).sum()), int((correct >= threshold).sum())
        rows.append(
            {
                "threshold": float(threshold),
                "coverage": n_kept / len(scored) if len(scored) else None,
                "n_kept": n_kept,
                **_share(n_correct, n_kept),
                "unseen_unknown": float((unseen < threshold).mean()) if len(unseen) else None,
            }
        )
    return rows


def _counts(labels: np.ndarray) -> pd.Series:
    return pd.Series(labels, dtype=object).value_counts()


def _type_row(name: str, n: int, n_predicted: int, n_hits: int) -> dict[str, Any]:
    low, high = wilson_interval(n_hits, n) if n else (None, None)
    return {
        "type": name,
        "n": n,
        "n_predicted": n_predicted,
        "precision": n_hits / n_predicted if n_predicted else None,
        "recall": n_hits / n if n else None,
        "f1": 2 * n_hits / (n + n_predicted) if n else None,
        "recall_low": low,
        "recall_high": high,
    }


def _share(n_correct: int, n: int) -> dict[str, float | None]:
    low, high = wilson_interval(n_correct, n) if n else (None, None)
    return {"accuracy": n_correct / n if n else None, "low": low, "high": high}
