"""The tables obs and var of a file, column by column, so that one which cannot be read is no trouble for the others.

How a column may be stored: https://anndata.readthedocs.io/en/stable/fileformat-prose.html. Converters from R write the
layout of AnnData 0.7 instead, where names of categories lie apart from their codes, and leave out most marks.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from semafo.data.hdf5.opening import UnreadablePart, encoding_of, native, require_filters, require_known
from semafo.errors import DataError

_CATEGORIES = "__categories"  # of AnnData 0.7: the group with the names of each column's categories


def read_table(stored: Any, unread: dict[str, str]) -> pd.DataFrame:
    """Obs or var, without the columns that cannot be read.

    Parameters
    ----------
    stored
        Its group in a file.
    unread
        Gets the columns that were left out, such as `obs/visit`, and why.

    Raises
    ------
    DataError
        It is no table, its index cannot be read, or its columns have different lengths.
    """
    index_name, stored_index = _index_of(stored)
    try:
        index = pd.Index(_read_values(stored_index), name=None if index_name == "_index" else index_name)
    except UnreadablePart as error:
        raise DataError(_sentence(stored, f"has an index ({index_name!r}) that {error}")) from error
    columns = {}
    for name in _column_names(stored, index_name):
        try:
            columns[name] = _read_column(stored, name)
        except UnreadablePart as error:
            unread[f"{stored.name[1:]}/{name}"] = str(error)
            continue
        if len(columns[name]) != len(index):
            raise DataError(
                _sentence(stored, f"has {len(columns[name]):,} values in {name[:80]!r} for {len(index):,} rows")
            )
    return pd.DataFrame(columns, index=index)


def n_rows(stored: Any) -> int:
    """Rows of a stored table, by its index; no value is read."""
    _, index = _index_of(stored)
    values = index
    if hasattr(index, "keys"):
        values = index["codes" if "codes" in index else "values"]
    n_values: int = values.shape[0]
    return n_values


def _index_of(stored: Any) -> tuple[str, Any]:
    """Name and place of a table's index."""
    if not hasattr(stored, "keys") or encoding_of(stored) not in ("", "dataframe"):
        raise DataError(_sentence(stored, "is no table"))
    name = _text(stored.attrs.get("_index", "_index"))
    if name not in stored:
        raise DataError(_sentence(stored, f"has no index ({name[:80]!r})"))
    return name, stored[name]


def _column_names(stored: Any, index_name: str) -> list[str]:
    """In their order, each once; without an order, all there are."""
    order = stored.attrs.get("column-order")
    names = list(stored) if order is None else [_text(name) for name in np.atleast_1d(_not_empty(order))]
    return [name for name in dict.fromkeys(names) if name not in (index_name, _CATEGORIES)]


def _not_empty(order: Any) -> Any:
    return order if hasattr(order, "__len__") or isinstance(order, str | bytes) else []


def _text(name: Any) -> str:
    if not isinstance(name, str | bytes):
        raise ValueError(f"a name that is no text: {name!r}")
    return name.decode() if isinstance(name, bytes) else name


def _read_column(stored: Any, name: str) -> Any:
    if name not in stored:
        raise UnreadablePart("is named in the file and not in it")
    names = stored.get(f"{_CATEGORIES}/{name}")
    if names is None:
        return _read_values(stored[name])
    return _categorical(_read_plain(stored[name]), _read_plain(names))


def _read_values(stored: Any) -> Any:
    """An array of pandas or NumPy with one value a row."""
    if not hasattr(stored, "keys"):
        return _read_plain(stored)
    require_known(stored, ("categorical", *_NULLABLE))
    if "codes" in stored:
        return _categorical(_read_plain(stored["codes"]), _read_values(stored["categories"]))
    values, is_missing = _read_plain(stored["values"]), _read_plain(stored["mask"]).astype(bool)
    return _NULLABLE[encoding_of(stored)](values, is_missing)


def _read_plain(stored: Any) -> np.ndarray:
    """A column that is one array: text, numbers or truth values."""
    import h5py

    require_known(stored, ("", "array", "string-array"))
    require_filters(stored)
    if not isinstance(stored, h5py.Dataset) or stored.shape is None or len(stored.shape) != 1:
        raise UnreadablePart("is not one value a row")
    if h5py.check_string_dtype(stored.dtype) is not None:
        try:
            text: np.ndarray = stored.asstr("utf-8")[()]  # R marks its UTF-8 as ASCII
        except UnicodeDecodeError as error:
            raise UnreadablePart("holds text that is not UTF-8") from error
        return text.astype(object)
    if stored.dtype.kind not in "biuf":
        raise UnreadablePart(f"holds {stored.dtype} rather than text or numbers")
    return native(stored[()])


def _categorical(codes: np.ndarray, names: Any) -> pd.Categorical:
    """Codes below 0 are missing, as are those of a name that is missing; equal names are one category."""
    if codes.dtype.kind not in "iu":
        raise UnreadablePart(f"has {codes.dtype} as codes of its categories")
    if codes.max(initial=-1) >= len(names):
        raise ValueError(f"a category of number {codes.max()} where there are {len(names)}")
    positions, categories = pd.factorize(names)
    codes = np.where(codes < 0, len(names), codes)
    return pd.Categorical.from_codes(np.append(positions, -1)[codes], categories)


def _nullable_text(values: np.ndarray, is_missing: np.ndarray) -> np.ndarray:
    values[is_missing] = None
    return values


_NULLABLE: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    "nullable-integer": pd.arrays.IntegerArray,
    "nullable-boolean": pd.arrays.BooleanArray,
    "nullable-string-array": _nullable_text,
}


def _sentence(stored: Any, what: str) -> str:
    return (
        f"{stored.file.filename} cannot be used: {stored.name[1:]} in it {what}. Expected a table of text and numbers, "
        "as written by AnnData's write_h5ad."
    )
