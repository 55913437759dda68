"""Files as people have them: small ones, each odd in one way, and what reading each must come to."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from semafo import keys
from semafo.data.reading.preflight import preflight
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

N_CELLS, N_GENES = 24, 6
LABELS = ["T cell", "B cell", "B cell"] * 8
DONORS = ["d2", "d1"] * 12
GENES = ["CD3E", "CD19", "MS4A1", "LYZ", "NKG7", "GNLY"]
COUNTS = (np.arange(N_CELLS * N_GENES).reshape(N_CELLS, N_GENES) * 7 % 5 + np.eye(N_CELLS, N_GENES)).astype("f4")
Maker = Callable[[Path], Path | None]


def few_cells() -> ad.AnnData:
    """24 cells × 6 genes with two types and two donors; nothing is odd about them."""
    obs = pd.DataFrame(
        {"cell_type": pd.Categorical(LABELS), "donor": pd.Categorical(DONORS), "score": np.linspace(0, 1, N_CELLS)},
        index=[f"cell{i}" for i in range(N_CELLS)],
    )
    return ad.AnnData(sparse.csr_matrix(COUNTS), obs=obs, var=pd.DataFrame(index=GENES))


@cache
def _few_cells_as_a_file() -> bytes:
    with NamedTemporaryFile(suffix=".h5ad") as file:
        few_cells().write_h5ad(file.name)
        return Path(file.name).read_bytes()


@contextmanager
def edited(path: Path, adata: ad.AnnData | None = None) -> Iterator[h5py.File]:
    """The cells as a file that can be bent."""
    if adata is None:
        path.write_bytes(_few_cells_as_a_file())
    else:
        adata.write_h5ad(path)
    with h5py.File(path, "a") as file:
        yield file


def put(group: h5py.Group, name: str, values: Any, encoding: str = "", version: str = "0.2.0", **how: Any) -> Any:
    """Write a data set in the place of what is there, with marks where an encoding is given."""
    if name in group:
        del group[name]
    if np.asarray(values).dtype.kind in "OU" and "dtype" not in how:
        values, how["dtype"] = np.asarray(values, dtype=object), h5py.string_dtype()
    stored = group.create_dataset(name, data=values, **how)
    return marked(stored, encoding, version) if encoding else stored


def put_sparse(group: h5py.Group, name: str, matrix: Any, **how: Any) -> Any:
    """Write a sparse matrix in the place of what is there."""
    if name in group:
        del group[name]
    place = group.create_group(name)
    for part in ("data", "indices", "indptr"):
        place.create_dataset(part, data=getattr(matrix, part), **how)
    place.attrs["shape"] = np.array(matrix.shape)
    return marked(place, f"{matrix.format}_matrix", "0.1.0")


def marked(stored: Any, encoding: str, version: str = "0.1.0") -> Any:
    """Say how a group or data set is encoded."""
    stored.attrs.update({"encoding-type": encoding, "encoding-version": version})
    return stored


def unmark(file: h5py.File, *names: str) -> None:
    """Take the marks of encoding away, which converters leave out."""
    for name in names:
        for mark in ("encoding-type", "encoding-version"):
            file[name].attrs.pop(mark, None)


def column(file: h5py.File, name: str, values: Any, table: str = "obs", **how: Any) -> Any:
    """Write one more column of a table, or another one in its place."""
    order = [one for one in file[table].attrs["column-order"] if one != name]
    file[table].attrs["column-order"] = np.array([*order, name], dtype=h5py.string_dtype())
    return put(file[table], name, values, **how)


@dataclass(frozen=True)
class OddFile:
    """A maker of a file, and what the preflight must say.

    Parameters
    ----------
    refusal
        Regular expression of the sentence that refuses the file; None where it loads.
    expected
        What differs from `few_cells`: labels, donors, genes, counts, source (name of the matrix).
    warnings
        Regular expressions of all warnings, in their order.
    asked
        What is asked for beside the columns.
    """

    make: Maker
    refusal: str | None
    warnings: Sequence[str] = ()
    expected: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.make.__name__

    def check(self, folder: Path) -> None:
        """Make the file and read it."""
        path = self.make(folder / "cells.h5ad") or folder / "cells.h5ad"
        spec = DatasetSpec(str(path), **{"label_key": "cell_type", "batch_key": "donor", **self.asked})
        if self.refusal is not None:
            with pytest.raises(DataError, match=self.refusal) as refused:
                preflight(spec)
            said = str(refused.value)
            assert path.name in said
            assert "damaged" not in said or "damaged" in self.refusal
            return
        adata, report = preflight(spec)
        found = {
            "labels": adata.obs[keys.TRUE].astype(object).where(adata.obs[keys.TRUE].notna(), None).tolist(),
            "donors": adata.obs[keys.BATCH_COLUMN].astype(str).tolist(),
            "genes": adata.var_names.tolist(),
            "counts": adata.X.toarray().tolist(),
        }
        usual = {"labels": LABELS, "donors": DONORS, "genes": GENES, "counts": COUNTS}
        wanted = {name: list(map(plain, self.expected.get(name, values))) for name, values in usual.items()}
        for name in usual:
            assert found[name] == wanted[name], f"{name}: {found[name]}"
        assert report.counts_source == self.expected.get("source", "X")
        assert len(report.warnings) == len(self.warnings), report.warnings
        assert all(re.search(*pair) for pair in zip(self.warnings, report.warnings, strict=True)), report.warnings


def plain(values: Any) -> Any:
    """A row of an array as a list."""
    return values.tolist() if isinstance(values, np.ndarray) else values


class OddFiles(list[OddFile]):
    """The odd files of a kind. Each function that makes one has a name that says what is odd."""

    def loads(self, *warnings: str, asked: dict[str, Any] | None = None, **expected: Any) -> Callable[[Maker], Maker]:
        """Mark the maker of a file that must load, with these warnings."""
        return self._added(lambda make: OddFile(make, None, warnings, expected, asked or {}))

    def refused(self, sentence: str, **asked: Any) -> Callable[[Maker], Maker]:
        """Mark the maker of a file that must be refused in a sentence of its own."""
        return self._added(lambda make: OddFile(make, sentence, asked=asked))

    def _added(self, case: Callable[[Maker], OddFile]) -> Callable[[Maker], Maker]:
        def add(make: Maker) -> Maker:
            self.append(case(make))
            return make

        return add
