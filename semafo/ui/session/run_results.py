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
from semafo.runs.folder import checked_files
from semafo.runs.folder.run_record import RunRecord

CODED = [keys.TRUE, keys.PREDICTED, keys.BATCH_COLUMN, keys.ROLE, keys.PART]
_BLOCK = 100_000  # cells looked at together


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
        places: dict[str | None, int] = {name: place for place, name in enumerate(names)}
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

    def has(self, obsm_key: str) -> bool:
        """Whether the run left such an array."""
        return (self.record.folder / keys.array_file(obsm_key)).exists()

    def stamp(self, obsm_key: str) -> int:
        """When an array was written: some come after the run."""
        return (self.record.folder / keys.array_file(obsm_key)).stat().st_mtime_ns

    @property
    def later_files(self) -> tuple[int, ...]:
        """When those files were written that may come after the maps: 0 for one that is not there."""
        paths = [self.record.folder / name for name in (keys.GENES_FILE, keys.OBS_FILE, keys.array_file(keys.X_TSNE))]
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)

    def array(self, obsm_key: str) -> np.ndarray:
        """An array of the run, left on disk until it is read."""
        values = checked_files.read_array(self.record.folder, keys.array_file(obsm_key), axes=2, mapped=True)
        self._require_rows(values, keys.array_file(obsm_key))
        return values

    def _require_rows(self, values: np.ndarray, name: str) -> None:
        said = f"it has {len(values)} rows, and the run has {self.n_cells} cells"
        checked_files.require(len(values) == self.n_cells, self.record.folder, name, said)

    @cached_property
    def latent(self) -> np.ndarray | None:
        """(n, d) latent representation, left on disk; None where the run has none."""
        name = self.record.config.mix.obsm_key
        return self.array(name) if self.has(name) else None

    @cached_property
    def entropy(self) -> np.ndarray | None:
        """(n,) float32 entropy of each cell's predicted probabilities, 0 (certain) to 1 (all types alike).

        In units of log C, C the number of types; None where the run left no probabilities.
        """
        name = keys.PROBABILITIES_FILE
        try:
            probabilities = checked_files.read_array(self.record.folder, name, axes=2, mapped=True)
        except FileNotFoundError:
            return None
        self._require_rows(probabilities, name)
        return normalised_entropy(probabilities)

    @property
    def has_mapping(self) -> bool:
        """Whether the run left mapping scores: surgery with a query, since there are such scores."""
        return "mapping" in self.predictions

    @cached_property
    def mapping_score(self) -> np.ndarray | None:
        """(n,) float32 mapping score, NaN for reference cells; None where the run left none."""
        if not self.has_mapping:
            return None
        with checked_files.reading(self.record.folder, keys.CELLS_FILE) as path:
            column = parquet.read_table(path, columns=[keys.MAPPING_SCORE]).column(keys.MAPPING_SCORE)
            return column.to_numpy().astype(np.float32)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """The whole per-cell table. A second for a million cells: maps do without."""
        return self.record.cells()

    @cached_property
    def test_cells(self) -> tuple[int, int]:
        """Number and hash of the test cells and their labels: equal where two runs were scored on the same cells."""
        test = self.cells.loc[self.cells[keys.PART] == keys.TEST, keys.TRUE]
        return len(test), int(pd.util.hash_pandas_object(test.sort_index()).sum())


def normalised_entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy of each row by the logarithm of the number of columns, (n,) float32, 0 to 1; 0 of one column."""
    found = np.zeros(len(probabilities), dtype=np.float32)
    n_types = probabilities.shape[1]
    for start in range(0, len(found) if n_types > 1 else 0, _BLOCK):
        p = np.asarray(probabilities[start : start + _BLOCK], dtype=np.float32)
        entropies = -(p * np.log(np.maximum(p, np.finfo(np.float32).tiny))).sum(axis=1)  # 0 log 0 = 0
        found[start : start + _BLOCK] = np.clip(entropies / np.log(n_types), 0, 1)
    return found


def artefacts(record: RunRecord) -> Artefacts:
    """What the run left for its maps, read once a process and shared: do not change it.

    Raises
    ------
    RunNotFound
        It was deleted, or has no maps.
    DamagedRun
        A file is not as the run left it.
    """
    path = record.folder / keys.PREDICTIONS_FILE
    checked_files.require_sizes(record.folder, path.name, keys.CELLS_FILE, keys.array_file(keys.X_UMAP))
    try:
        return _artefacts(str(record.folder), path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise RunNotFound(f"{record.title} was deleted, or its files are incomplete. Choose another run.") from None


@st.cache_resource(max_entries=24, show_spinner=False)
def _artefacts(folder: str, stamp: int) -> Artefacts:
    record = RunRecord(Path(folder))
    umap = record.array(keys.X_UMAP).astype(np.float32)
    with checked_files.reading(record.folder, keys.CELLS_FILE) as path:
        table = parquet.read_table(path, columns=[keys.CELL, *CODED, keys.CONFIDENCE], read_dictionary=CODED)
        columns = {name: Coded.of(table.column(name)) for name in CODED}
        confidence = table.column(keys.CONFIDENCE).to_numpy().astype(np.float32)
    said = f"it is {umap.shape[0]} × {umap.shape[1]}, and the run has {len(table)} cells"
    checked_files.require(umap.shape == (len(table), 2), record.folder, keys.array_file(keys.X_UMAP), said)
    data = record.settings["context"].get("data")
    names, predictions = table.column(keys.CELL), record.predictions()
    return Artefacts(f"{folder}@{stamp}", data, record, names, columns, confidence, umap, predictions)
