"""The matrices of a file, which are read only when they are asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from semafo.data.hdf5.opening import UnreadablePart, encoding_of, native, require_filters, require_known
from semafo.data.hdf5.tables import n_rows, read_table
from semafo.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_PEEK = 20_000  # values that show what kind of matrix it is
_BLOCK_VALUES = 2**24  # of a dense matrix, read at a time
_SPARSE = ("csr_matrix", "csc_matrix")
_OLD_MARK, _OLD_SHAPE = "h5sparse_format", "h5sparse_shape"  # of sparse matrices before AnnData 0.7


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


def loaded_matrix(values: Any, var: pd.DataFrame) -> Matrix:
    """A matrix that is in memory already."""
    return Matrix(partial(_peek_loaded, values), partial(to_csr, values), var.copy)


def stored_matrices(file: Any, n_cells: int, unread: dict[str, str]) -> dict[str, Matrix]:
    """X, raw and layers of an open file by name; those which cannot be read go to `unread`, with the reason.

    Raises
    ------
    DataError
        A matrix is declared with other sizes than obs and var have.
    """
    places = {f"layers/{name}": (layer, file["var"]) for name, layer in _layers(file.get("layers", {}))}
    if "X" in file:
        places["X"] = (file["X"], file["var"])
    if "raw" in file and {"X", "var"} <= set(file["raw"]):
        places["raw"] = (file["raw/X"], file["raw/var"])
    found = {}
    for name, (stored, var) in places.items():
        if encoding_of(stored) == "null" or getattr(stored, "shape", ()) is None:
            continue  # how AnnData writes that there is none
        try:
            _require_readable(stored)
        except UnreadablePart as error:
            unread[name] = str(error)
            continue
        shape = (n_cells, n_rows(var))
        _require_shape(name, stored, shape)
        found[name] = Matrix(
            partial(_peek_stored, stored), partial(_read_stored, stored, shape), partial(read_table, var, unread)
        )
    return found


def in_order(matrices: dict[str, Matrix]) -> dict[str, Matrix]:
    """The usual places first: the order in which people are told what there is to choose."""
    first = [name for name in ("layers/counts", "X", "raw") if name in matrices]
    return {name: matrices[name] for name in [*first, *(name for name in matrices if name not in first)]}


def require_valid(values: Any) -> None:
    """Raise ValueError where a sparse matrix points outside itself, which its arithmetic would follow."""
    from scipy import sparse

    if sparse.issparse(values) and values.format in ("csr", "csc"):
        values.check_format(full_check=True)


def to_csr(values: Any) -> "csr_matrix":
    """CSR from sparse or dense; dense values block by block, so that a large file is never in memory as a whole."""
    from scipy import sparse

    if sparse.issparse(values):
        return sparse.csr_matrix(values)
    n_block = max(1, _BLOCK_VALUES // max(values.shape[1], 1))
    blocks = [sparse.csr_matrix(native(values[i : i + n_block])) for i in range(0, values.shape[0], n_block)]
    return sparse.vstack(blocks, format="csr") if blocks else sparse.csr_matrix(values.shape)


def _layers(group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Layers by name. A slash in a name makes groups within groups."""
    for name, stored in group.items():
        if hasattr(stored, "keys") and encoding_of(stored) in ("", "dict") and not _is_sparse(stored):
            yield from _layers(stored, f"{above}{name}/")
        else:
            yield f"{above}{name}", stored


def _is_sparse(stored: Any) -> bool:
    return encoding_of(stored) in _SPARSE or {"data", "indices", "indptr"} <= set(stored)


def _require_readable(stored: Any) -> None:
    """Raise UnreadablePart unless a matrix is stored in a way that is known here."""
    is_group = hasattr(stored, "keys")
    require_known(stored, ("", *_SPARSE) if is_group else ("", "array"))
    if is_group and not _is_sparse(stored):
        raise UnreadablePart("is no matrix")
    require_filters(stored)


def _require_shape(name: str, stored: Any, expected: tuple[int, int]) -> None:
    """Refuse a matrix that is declared larger than its tables are: reading would make room for what is not there."""
    declared = stored.shape if not hasattr(stored, "keys") else stored.attrs.get("shape", stored.attrs.get(_OLD_SHAPE))
    if declared is not None and tuple(int(n) for n in declared) != expected:
        said = " × ".join(f"{int(n):,}" for n in declared)
        raise DataError(
            f"{stored.file.filename} does not fit together: {name} is declared with {said}, and obs and var have "
            f"{expected[0]:,} cells and {expected[1]:,} genes. Expected a whole .h5ad file, as written by AnnData's "
            "write_h5ad."
        )


def _read_stored(stored: Any, shape: tuple[int, int]) -> "csr_matrix":
    """A group is sparse, a data set is dense."""
    from scipy import sparse

    if not hasattr(stored, "keys"):
        return to_csr(stored)
    make = (
        sparse.csc_matrix if "csc" in (encoding_of(stored) or str(stored.attrs.get(_OLD_MARK))) else sparse.csr_matrix
    )
    values = make(tuple(native(stored[part][()]) for part in ("data", "indices", "indptr")), shape=shape)
    require_valid(values)
    return to_csr(values)


def _peek_loaded(values: Any) -> np.ndarray:
    if isinstance(values, np.ndarray):
        return values[: _few_rows(values)].ravel()
    return np.asarray(values.data[:_PEEK])


def _peek_stored(stored: Any) -> np.ndarray:
    """Some values of a matrix in a file."""
    if hasattr(stored, "keys"):
        return native(stored["data"][:_PEEK])
    return native(stored[: _few_rows(stored)].ravel())


def _few_rows(dense: Any) -> int:
    n_columns: int = dense.shape[1]
    return max(1, _PEEK // max(n_columns, 1))
