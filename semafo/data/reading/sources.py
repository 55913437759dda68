"""Opening data: the obs table at once, matrices only when they are asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd

from semafo.data import catalogue
from semafo.data.reading.self_contained import require_self_contained
from semafo.data.simulation.simulate import simulate
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec
from semafo.shortages import is_memory_shortage

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy.sparse import csr_matrix

_PEEK = 20_000  # values that show what kind of matrix it is
_BLOCK_VALUES = 2**24  # of a dense matrix, read at a time
_PLAIN = {str, bytes, int, float, bool, type(None), type(pd.NA), np.str_, np.float64, np.int64, np.bool_}
_TARGET_SUM = 1e4  # pbmc68k was normalised to this many counts a cell


@dataclass(frozen=True)
class Matrix:
    """A matrix that has not been read yet.

    Parameters
    ----------
    peek
        Returns some of its values.
    read
        Returns all of it.
    read_var
        Returns the table of its genes: `raw` has other genes than X.
    """

    peek: Callable[[], np.ndarray]
    read: Callable[[], "csr_matrix"]
    read_var: Callable[[], pd.DataFrame]


@dataclass(frozen=True)
class Source:
    """Data that have been opened.

    Parameters
    ----------
    title
        What messages call it.
    matrices
        By name (`layers/counts`, `X`, `raw`, `layers/...`), in the order in which counts are looked for.
    """

    title: str
    obs: pd.DataFrame
    matrices: dict[str, Matrix]


@contextmanager
def open_source(spec: DatasetSpec) -> Iterator[Source]:
    """Open a resolved spec; matrices can be read until the context ends."""
    if catalogue.is_simulation(spec):
        yield _from_anndata(spec.name, simulate(catalogue.parse_simulation(spec.name)))
    elif spec.name == catalogue.PBMC68K:
        yield _from_anndata(spec.name, _pbmc68k())
    else:
        path = Path(spec.name)
        with _damage_reported(path), _from_file(path) as source:
            yield source


def _from_anndata(title: str, adata: "AnnData") -> Source:
    named = {f"layers/{name}": (layer, adata.var) for name, layer in adata.layers.items()}
    if adata.X is not None:
        named["X"] = (adata.X, adata.var)
    if adata.raw is not None:
        named["raw"] = (adata.raw.X, adata.raw.var)
    matrices = {
        name: Matrix(partial(_peek_loaded, values), partial(_csr, values), var.copy)
        for name, (values, var) in named.items()
    }
    return Source(title, adata.obs.copy(), _in_order(matrices))


@contextmanager
def _from_file(path: Path) -> Iterator[Source]:
    import h5py

    require_self_contained(path)
    with h5py.File(path, "r") as file:
        if "obs" not in file or "var" not in file:
            raise DataError(
                f"{path} is an HDF5 file with {', '.join(file) or 'nothing'} in it. Expected an .h5ad file, with obs, "
                "var and X, as written by AnnData's write_h5ad."
            )
        if "encoding-type" not in file["obs"].attrs:  # written by AnnData before 0.7
            yield _from_anndata(str(path), _read_old(path))
            return
        stored = {f"layers/{name}": (file["layers"][name], file["var"]) for name in file.get("layers", ())}
        if "X" in file:
            stored["X"] = (file["X"], file["var"])
        if "raw" in file and "X" in file["raw"]:
            stored["raw"] = (file["raw/X"], file["raw/var"])
        matrices = {
            name: Matrix(partial(_peek_stored, values), partial(_read_stored, values), partial(_read_table, var))
            for name, (values, var) in stored.items()
        }
        obs = _read_table(file["obs"])
        for name, (values, var) in stored.items():
            _require_shape(path, name, values, (len(obs), _n_rows(var)))
        yield Source(str(path), obs, _in_order(matrices))


def _read_table(stored: Any) -> pd.DataFrame:
    """The table obs or var, where every column is one and holds what a table can hold. Raises DataError."""
    from anndata.io import read_elem

    table = read_elem(stored)
    if not isinstance(table, pd.DataFrame):
        raise DataError(_odd_table(stored, "is no table"))
    if not table.columns.is_unique:
        repeated = table.columns[table.columns.duplicated()][0]
        raise DataError(_odd_table(stored, f"has several columns {str(repeated)[:80]!r}"))
    for name in table.columns:
        if table[name].dtype.kind == "O" and not isinstance(table[name].dtype, pd.CategoricalDtype):
            odd = {type(value) for value in table[name]} - _PLAIN
            if odd:
                raise DataError(_odd_table(stored, f"has {odd.pop().__name__} in the column {str(name)[:80]!r}"))
    return table


def _odd_table(stored: Any, what: str) -> str:
    return (
        f"{stored.file.filename} cannot be used: {stored.name[1:]} in it {what}. Expected a table of text and numbers, "
        "as written by AnnData's write_h5ad."
    )


def _n_rows(table: Any) -> int:
    """Rows of a stored table, by its index."""
    n_rows: int = table[table.attrs["_index"]].shape[0]
    return n_rows


def _require_shape(path: Path, name: str, values: Any, expected: tuple[int, int]) -> None:
    """Refuse a matrix that is declared larger than its tables are: reading would make room for what is not there."""
    declared = values.attrs.get("shape") if hasattr(values, "keys") else values.shape
    if declared is not None and tuple(int(n) for n in declared) != expected:  # None: empty, or no matrix
        said = " × ".join(f"{int(n):,}" for n in declared)
        raise DataError(
            f"{path} does not fit together: {name} is declared with {said}, and obs and var have {expected[0]:,} cells "
            f"and {expected[1]:,} genes. Expected a whole .h5ad file, as written by AnnData's write_h5ad."
        )


def _in_order(matrices: dict[str, Matrix]) -> dict[str, Matrix]:
    first = [name for name in ("layers/counts", "X", "raw") if name in matrices]
    return {name: matrices[name] for name in [*first, *(name for name in matrices if name not in first)]}


def _pbmc68k() -> "AnnData":
    """The packaged cells with their UMI counts as `raw`.

    The file has log-normalised values of all 765 genes in `raw` and each cell's total before genes were left out, so
    counts come back exactly: round(expm1(value) · total / 10⁴).
    """
    import anndata as ad

    path = catalogue.pbmc68k_path()
    with _damage_reported(path):
        packaged = _read_old(path)
    counts = packaged.raw.X.tocsr().astype(np.float64)
    totals = packaged.obs["n_counts"].to_numpy(dtype=np.float64)
    values = np.expm1(counts.data) * np.repeat(totals, np.diff(counts.indptr)) / _TARGET_SUM
    counts.data = np.rint(values)
    smallest = np.minimum.reduceat(counts.data, counts.indptr[:-1])  # of each cell's non-zero counts
    if np.abs(values - counts.data).max() > 0.1 or (smallest != 1).any():
        raise DataError(
            f"The file {path} holds other values than expected: no whole counts come back from them. Reinstall scanpy "
            "1.11, or choose another data set."
        )
    recovered = ad.AnnData(counts, obs=packaged.obs, var=packaged.raw.var)
    bare = ad.AnnData(obs=packaged.obs, var=packaged.var)
    bare.raw = recovered
    return bare


def read_file(path: Path) -> "AnnData":
    """A whole .h5ad file, in memory. Raises DataError where it is damaged."""
    with _damage_reported(path):
        return _read_old(path)


def _read_old(path: Path) -> "AnnData":
    import anndata as ad

    require_self_contained(path)
    with catch_warnings():
        simplefilter("ignore")  # about the old layout of the file, which nobody here can change
        adata = ad.read_h5ad(path)
    for values in (adata.X, adata.raw and adata.raw.X, *adata.layers.values(), *_aligned(adata)):
        _require_valid(values)
    return adata


def _aligned(adata: "AnnData") -> Iterator[Any]:
    for found in (adata.obsm, adata.varm, adata.obsp, adata.varp):
        yield from found.values()


def _require_valid(values: Any) -> None:
    """Raise ValueError where a sparse matrix points outside itself, which its arithmetic would follow."""
    from scipy import sparse

    if sparse.issparse(values) and values.format in ("csr", "csc"):
        values.check_format(full_check=True)


def _peek_loaded(values: Any) -> np.ndarray:
    if isinstance(values, np.ndarray):
        return values[: _rows(values)].ravel()
    return np.asarray(values.data[:_PEEK])


def _peek_stored(stored: Any) -> np.ndarray:
    """Some values of a matrix in a file: a group is sparse, a data set is dense."""
    if hasattr(stored, "keys"):
        values: np.ndarray = stored["data"][:_PEEK]
    else:
        values = stored[: _rows(stored)].ravel()
    return values


def _rows(dense: Any) -> int:
    n_columns: int = dense.shape[1]
    return max(1, _PEEK // max(n_columns, 1))


def _read_stored(stored: Any) -> "csr_matrix":
    from anndata.io import read_elem

    if not hasattr(stored, "keys"):
        return _csr(stored)
    values = read_elem(stored)
    _require_valid(values)
    return _csr(values)


def _csr(values: Any) -> "csr_matrix":
    """CSR from sparse or dense; dense values block by block, so that a large file is never in memory as a whole."""
    from scipy import sparse

    if sparse.issparse(values):
        return sparse.csr_matrix(values)
    n_rows = max(1, _BLOCK_VALUES // max(values.shape[1], 1))
    blocks = [sparse.csr_matrix(values[i : i + n_rows]) for i in range(0, values.shape[0], n_rows)]
    return sparse.vstack(blocks, format="csr") if blocks else sparse.csr_matrix(values.shape)


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    """Whatever a damaged file makes h5py and AnnData raise becomes one sentence."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except Exception as error:
        if is_memory_shortage(error):
            raise MemoryError(str(error)) from error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path} is damaged or incomplete. Expected a whole .h5ad file: copy or download it again. "
            f"What reading it said: {reason}"
        ) from error
