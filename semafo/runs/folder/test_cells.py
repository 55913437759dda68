"""Which test cells a run, or one of its baselines, got right."""

from dataclasses import dataclass
from typing import overload

import pandas as pd

from semafo import keys
from semafo.runs.folder.run_record import RunRecord


@dataclass(frozen=True, eq=False)
class TestedCells:
    """Scored test cells: those with a label of a type that the run was shown. All Series are indexed by cell.

    Attributes
    ----------
    is_correct
        Whether the prediction is the true type.
    true, batch
        True type and batch.
    """

    is_correct: pd.Series
    true: pd.Series
    batch: pd.Series

    @overload
    @classmethod
    def of(cls, record: RunRecord, name: None = None) -> "TestedCells": ...

    @overload
    @classmethod
    def of(cls, record: RunRecord, name: str) -> "TestedCells | None": ...

    @classmethod
    def of(cls, record: RunRecord, name: str | None = None) -> "TestedCells | None":
        """Read a run's.

        Parameters
        ----------
        name
            None for the run itself, one of `keys.BASELINES`, or `keys.BEFORE_QUERY_MIX`.

        Returns
        -------
        TestedCells or None
            None where that was not computed, which cannot be of the run itself.
        """
        cells = record.cells()
        seen = (record.split() or {}).get("seen_types", [])
        scored = cells[(cells[keys.PART] == keys.TEST) & cells[keys.TRUE].isin(seen)]
        if name is None:
            predicted = scored[keys.PREDICTED]
        elif name == keys.BEFORE_QUERY_MIX:
            predicted = scored.get(keys.BEFORE_QUERY)
        else:
            predicted = record.baseline_cells().get(name)
        if predicted is None:
            return None
        true = scored[keys.TRUE].astype(object)
        return cls(predicted.reindex(true.index).astype(object) == true, true, scored[keys.BATCH_COLUMN].astype(str))

    def among(self, names: pd.Index) -> "TestedCells":
        """Those of the cells that have one of these names."""
        kept = self.is_correct.index.intersection(names)
        return TestedCells(self.is_correct[kept], self.true[kept], self.batch[kept])

    @property
    def accuracy(self) -> float:
        """Share of correct cells, 0 to 1."""
        return float(self.is_correct.mean())

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall over the types, 0 to 1."""
        return float(self.is_correct.groupby(self.true).mean().mean())


def have_same_test_cells(record_a: RunRecord, record_b: RunRecord) -> bool:
    """Whether two runs were tested on the same cells of the same data."""
    if record_a.settings["context"].get("data") != record_b.settings["context"].get("data"):
        return False
    a, b = (cells.index[cells[keys.PART] == keys.TEST] for cells in (record_a.cells(), record_b.cells()))
    are_same: bool = a.sort_values().equals(b.sort_values())
    return are_same
