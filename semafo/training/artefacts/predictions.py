"""What a trained model's predictions amount to: the per-cell table and everything in predictions.json.

Nothing here knows a model: probabilities and the split's table come in, plain values go out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.evaluation.labels import breakdown, calibration
from semafo.evaluation.labels.scores import confusion_counts, score_labels


@dataclass(frozen=True, eq=False)
class Outcome:
    """Predictions of every cell.

    Attributes
    ----------
    table
        The split's cells with `keys.PREDICTED` and `keys.CONFIDENCE`; `keys.SCALED_CONFIDENCE` where a temperature was
        fitted, `keys.BEFORE_QUERY` where predictions before the query stage are given.
    probability_types
        Types in the order of the probabilities' columns.
    seen_types
        Types that the model was shown.
    temperature, n_fitted
        Temperature and the number of calibration cells it was fitted on; None and 0 where there are too few.
    """

    table: pd.DataFrame
    probability_types: list[str]
    seen_types: list[str]
    temperature: float | None
    n_fitted: int

    @classmethod
    def of(
        cls,
        cells: pd.DataFrame,
        probabilities: np.ndarray,
        probability_types: Sequence[str],
        seen_types: Sequence[str],
        before_query: pd.Series | None = None,
    ) -> "Outcome":
        """Name the most probable type of each cell, and fit the temperature on the calibration cells.

        Parameters
        ----------
        cells
            The split's table, one row a cell.
        probabilities
            (n_cells, n_types), rows sum to 1.
        before_query
            Types predicted before the query stage (surgery), by cell; other cells have none.
        """
        types = list(map(str, probability_types))
        table = cells.copy()
        table[keys.PREDICTED] = np.array(types, dtype=object)[probabilities.argmax(1)]
        table[keys.CONFIDENCE] = probabilities.astype(np.float32).max(1)
        if before_query is not None:
            table[keys.BEFORE_QUERY] = before_query.reindex(table.index).astype(object)
        held_out = (table[keys.PART] == keys.CALIBRATION).to_numpy()
        codes = pd.Index(types).get_indexer(table.loc[held_out, keys.TRUE])
        temperature = calibration.fit_temperature(probabilities[held_out], codes)
        if temperature is not None:
            table[keys.SCALED_CONFIDENCE] = calibration.scale(probabilities, temperature).max(1)
        n_fitted = 0 if temperature is None else int((codes >= 0).sum())
        return cls(table, types, list(seen_types), temperature, n_fitted)

    def to_dict(self) -> dict[str, Any]:
        """Scores of the test cells and, as the paper does, of the whole query; ready for JSON."""
        table, types = self.table, self._types()
        populations = self._populations()
        scores = {name: self.scores(mask) for name, mask in populations.items()}
        confusion = {
            name: confusion_counts(table.loc[mask, keys.TRUE], table.loc[mask, keys.PREDICTED], types).tolist()
            for name, mask in populations.items()
        }
        is_reference = table[keys.ROLE] == keys.REFERENCE
        known = is_reference & (table[keys.PART] == keys.LABELLED)
        return {
            "types": types,
            "probability_types": self.probability_types,
            **scores,
            "confusion": confusion,
            "reference": self.scores(known) if is_reference.any() else None,
            "before_query": self._before_query(populations),
            "per_type": {
                name: breakdown.scores_by_type(*self._pair(mask), self.seen_types) for name, mask in populations.items()
            },
            "by_batch": {
                name: breakdown.accuracy_by_group(
                    table.loc[mask, keys.BATCH_COLUMN], *self._pair(mask), self.seen_types
                )
                for name, mask in populations.items()
            },
            "calibration": self._calibration(populations["test"]),
            "coverage": {"test": self._coverage(populations["test"])},
        }

    def scores(self, mask: pd.Series, column: str = keys.PREDICTED) -> dict[str, Any]:
        """Label scores of some cells, by the predictions in `column`."""
        return score_labels(*self._pair(mask, column), self.seen_types).to_dict()

    def _types(self) -> list[str]:
        return sorted({*self.table[keys.TRUE].dropna().astype(str), *self.probability_types})

    def _populations(self) -> dict[str, pd.Series]:
        return {"test": self.table[keys.PART] == keys.TEST, "query": self.table[keys.ROLE] == keys.QUERY}

    def _pair(self, mask: pd.Series, column: str = keys.PREDICTED) -> tuple[pd.Series, pd.Series]:
        """True and predicted types of some cells."""
        return self.table.loc[mask, keys.TRUE], self.table.loc[mask, column]

    def _before_query(self, populations: dict[str, pd.Series]) -> dict[str, Any] | None:
        if keys.BEFORE_QUERY not in self.table:
            return None
        return {name: self.scores(mask, keys.BEFORE_QUERY) for name, mask in populations.items()}

    def _calibration(self, test: pd.Series) -> dict[str, Any]:
        scored = breakdown.ScoredCells.of(*self._pair(test), self.seen_types)
        cells = self.table[test][scored.is_scored]
        scaled = cells.get(keys.SCALED_CONFIDENCE)
        report = calibration.calibration_report(cells[keys.CONFIDENCE], scored.is_correct[scored.is_scored], scaled)
        return {"temperature": self.temperature, "n_fitted": self.n_fitted, "test": report}

    def _coverage(self, test: pd.Series) -> list[dict[str, Any]]:
        return breakdown.coverage_curve(self.table.loc[test, keys.CONFIDENCE], *self._pair(test), self.seen_types)


def scored_population(cells: pd.DataFrame) -> tuple[str, np.ndarray]:
    """The cells that the scib table is about, in words and as a mask: test cells, or labelled ones where none are.

    cells: the split's table. Returns the name and (n_cells,) bool.
    """
    test = (cells[keys.PART] == keys.TEST).to_numpy()
    if test.any():
        return "test cells", test
    labelled = (cells[keys.PART] == keys.LABELLED).to_numpy()
    is_reference = (cells[keys.ROLE] == keys.REFERENCE).to_numpy()
    if is_reference.any():
        return "reference cells, which the model was trained on", labelled & is_reference
    return "labelled cells, which the model was trained on", labelled
