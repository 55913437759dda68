"""What a run left for its maps, read once a process."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st
from pyarrow import parquet

from semafo import keys
from semafo.errors import RunNotFound
from semafo.runs.record import RunRecord

CODED = [keys.TRUE, keys.PREDICTED, keys.BATCH_COLUMN, keys.ROLE, keys.PART]


@dataclass(frozen=True, eq=False)
class Coded:
    """A column of names as whole numbers: comparing and sorting those is a hundred times quicker than names.

    Attributes
    ----------
    names
        Every name once, in the order in which they appear.
    codes
        (n,) int32 place of each cell's name among the names, -1 where it is missing.
    """

    names: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "Coded":
        """Codes of a column of a Parquet file."""
        if not pa.types.is_dictionary(column.type):  # every name is missing, or they are no text
            column = column.cast(pa.string()).dictionary_encode()
        column = column.unify_dictionaries().combine_chunks()
        names = column.dictionary.to_pylist()
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        used = np.flatnonzero(np.bincount(codes + 1, minlength=len(names) + 1)[1:])  # an unused category is no name
        places = np.full(len(names) + 1, -1, dtype=np.int32)
        places[used] = np.arange(len(used))
        return cls(tuple(str(names[i]) for i in used), places[codes])

    @cached_property
    def has_missing(self) -> bool:
        """Whether a cell has no name."""
        return bool((self.codes < 0).any())

    def name(self, code: int) -> str:
        """Name of a code; `no label` for a missing one."""
        return self.names[code] if code >= 0 else "no label"

    def isin(self, wanted: Sequence[str]) -> np.ndarray:
        """Which cells have one of these names, (n,) bool."""
        return self._take([name in wanted for name in self.names], False)

    def among(self, names: Sequence[str], missing: str | None = None) -> np.ndarray:
        """Place of each cell's name among other names, (n,) int; `missing` is the name that missing ones have there.

        -1 where a name is not among them.
        """
        places = {name: place for place, name in enumerate(names)}
        return self._take([places.get(name, -1) for name in self.names], places.get(missing, -1))

    def _take(self, values: list, missing: Any) -> np.ndarray:
        return np.array([*values, missing])[self.codes]  # code -1 is the last


@dataclass(frozen=True, eq=False)
class Artefacts:
    """What maps and predictions are drawn from, of one run. Shared by all sessions: do not change it.

    Attributes
    ----------
    key
        The run's folder and when its files were written: another key, other artefacts.
    data
        Fingerprint of the data set.
    record
        The run.
    names
        Names of the cells, a column of text.
    columns
        Columns of `CODED` by name.
    confidence, umap
        (n,) and (n, 2) float32, rows as the names.
    """

    key: str
    data: str | None
    record: RunRecord
    names: pa.ChunkedArray
    columns: dict[str, Coded]
    confidence: np.ndarray
    umap: np.ndarray
    predictions: dict[str, Any]

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.names)

    def coded(self, column: str) -> Coded:
        """A column of the per-cell table as codes."""
        return self.columns[column]

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The whole per-cell table. A second for a million cells: maps do without."""
        return self.record.cells()

    @cached_property
    def test_cells(self) -> tuple[int, int]:
        """Number and hash of the test cells and their labels: equal where two runs were scored on the same cells."""
        test = self.cells.loc[self.cells[keys.PART] == keys.TEST, keys.TRUE]
        return len(test), int(pd.util.hash_pandas_object(test.sort_index()).sum())


def artefacts(record: RunRecord) -> Artefacts:
    """What the run left for its maps, read once a process and shared: do not change it. Raises RunNotFound."""
    path = record.folder / keys.PREDICTIONS_FILE
    try:
        return _artefacts(str(record.folder), path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise RunNotFound(f"{record.title} was deleted, or its files are incomplete. Choose another run.") from None


@st.cache_resource(max_entries=24, show_spinner=False)
def _artefacts(folder: str, stamp: int) -> Artefacts:
    record = RunRecord(Path(folder))
    path, umap = record.folder / keys.CELLS_FILE, record.array(keys.X_UMAP).astype(np.float32)
    table = parquet.read_table(path, columns=[keys.CELL, *CODED, keys.CONFIDENCE], read_dictionary=CODED)
    columns = {name: Coded.of(table.column(name)) for name in CODED}
    confidence = table.column(keys.CONFIDENCE).to_numpy().astype(np.float32)
    data = record.settings["context"].get("data")
    names, predictions = table.column(keys.CELL), record.predictions()
    return Artefacts(f"{folder}@{stamp}", data, record, names, columns, confidence, umap, predictions)
