"""Tables of any content as tables that every AnnData since 0.8 can write and read, without a setting."""

from typing import Any

import numpy as np
import pandas as pd

from semafo.data.reading.raw_cells import unique_names

RESERVED, RENAMED = "_index", "_index_"  # a table's own index has the first name in a file


def storable(table: pd.DataFrame) -> pd.DataFrame:
    """The table with columns that can be written, under names that a file can hold.

    A slash in a name would begin a group, a NUL end a text, and `_index` is the index's own name. Names that this makes
    equal get a number at their end.
    """
    names = [_text(name).replace("/", "_") for name in table.columns]
    names = [RENAMED if name == RESERVED else name for name in names]
    index = pd.Index([_text(name) for name in table.index], dtype=object)
    columns = [writable(table.iloc[:, i]).set_axis(index) for i in range(len(names))]
    found = dict(zip(unique_names(pd.Index(names, dtype=object)), columns, strict=True))
    return pd.DataFrame(found, index=index)


def writable(values: pd.Series) -> pd.Series:
    """Numbers and flags as they are, everything else as text: categories where values are missing or occur again."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _with_text_categories(values)
    found = values.astype(object).infer_objects() if values.dtype.kind == "O" else values
    if found.dtype.kind in "iufb":
        plain = (pd.arrays.NumpyExtensionArray, pd.arrays.IntegerArray, pd.arrays.BooleanArray)
        is_plain = isinstance(found.array, plain)
        return found if is_plain else pd.Series(found.to_numpy(float, na_value=np.nan), index=values.index)
    found = values.astype(object)
    known = found.notna()
    found = found.where(known, None)
    found[known] = [_text(value) for value in found[known]]
    return found if known.all() and found.is_unique else found.astype("category")


def _with_text_categories(values: pd.Series) -> pd.Series:
    """Categories that become the same text become one."""
    texts = pd.Index([_text(name) for name in values.cat.categories], dtype=object)
    names = texts.unique()
    codes = np.append(names.get_indexer(texts), -1)[values.cat.codes]
    return pd.Series(pd.Categorical.from_codes(codes, names, ordered=values.cat.ordered), index=values.index)


def _text(value: Any) -> str:
    """Text that a file can hold."""
    found = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return found.replace("\0", "\ufffd").encode(errors="replace").decode()
