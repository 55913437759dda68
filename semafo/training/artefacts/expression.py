"""Expression and the data set's own columns, written for views: once for all runs of the same cells and genes.

The files are large and the same for a whole comparison, so they lie among the shared stages and each run's folder gets
links to them. See `semafo.runs.folder.expression` for who reads them.
"""

import logging
import os
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from semafo import keys
from semafo.evaluation.latent.embedding import log_normalise
from semafo.files import write_atomically, write_json
from semafo.training.run_context import RunContext
from semafo.training.stage_cache import expression_key
from semafo.training.stages.prepared_data import Prepared

MOST_COLUMNS = 60
_logger = logging.getLogger(__name__)
_FILES = (keys.GENES_FILE, *keys.EXPRESSION_FILES, keys.OBS_FILE)


def write_expression(run: RunContext, prepared: Prepared) -> None:
    """Put the genes, their expression and the data set's own columns into the run's folder."""
    key = expression_key(run.config, run.context)
    stage = run.cache.make(key, lambda folder: _write(prepared, folder))
    for name in _FILES:
        link(stage / name, run.folder / name)


def link(source: Path, target: Path) -> None:
    """Have the target be the same file as the source, or a copy of it where the file system has no such links."""
    draft = target.parent / f".{target.name}.{uuid.uuid4().hex[:8]}"
    try:
        try:
            os.link(source, draft)
        except OSError:
            shutil.copyfile(source, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _write(prepared: Prepared, folder: Path) -> dict[str, Any]:
    cells = prepared.cells
    by_gene = sparse.csc_array(log_normalise(cells.X))
    arrays = (by_gene.indptr.astype(np.int64), by_gene.indices.astype(np.int32), by_gene.data.astype(np.float32))
    for name, array in zip(keys.EXPRESSION_FILES, arrays, strict=True):
        np.save(folder / name, array, allow_pickle=False)
    write_json(folder / keys.GENES_FILE, {"genes": list(map(str, cells.var_names)), "n_cells": cells.n_obs})
    table = plain_columns(prepared.obs)
    write_atomically(folder / keys.OBS_FILE, lambda handle: table.to_parquet(handle))
    return {"n_genes": cells.n_vars}


def plain_columns(obs: pd.DataFrame) -> pd.DataFrame:
    """Columns that a Parquet file takes and a person may want to look at, at most 60, indexed by cell.

    Numbers stay numbers. All else becomes categories of text; of these, columns with another value in each cell (names,
    barcodes) are left out. A column that cannot be read at all is left out too, and the log says so.
    """
    found: dict[str, pd.Series] = {}
    ours = {keys.N_COUNTS, keys.N_GENES, keys.PHASE} & set(obs.columns)
    for place, name in enumerate(map(str, obs.columns)):
        name = f"{name}_in_file" if name == keys.CELL else name  # that is the index
        if name in found or (name not in ours and len(set(found) | ours) >= MOST_COLUMNS):
            continue
        try:
            column = _plain(obs.iloc[:, place])
        except Exception:
            _logger.warning("The column %r of the data could not be read for the views.", name, exc_info=True)
            continue
        if column is not None:
            found[name] = column.set_axis(obs.index)
    return pd.DataFrame(found, index=obs.index.rename(keys.CELL))


def _plain(values: pd.Series) -> pd.Series | None:
    """A column as numbers, or as categories of text; None for text that is another in each cell, or without values."""
    is_category = isinstance(values.dtype, pd.CategoricalDtype)
    if not is_category and pd.api.types.is_numeric_dtype(values.dtype) and values.dtype.kind in "iuf":
        has_missing = values.isna()
        return None if has_missing.all() else values.astype(np.float64 if has_missing.any() else _number_type(values))
    codes, uniques = _factorised(values)
    n_values = np.count_nonzero(np.bincount(codes + 1, minlength=2)[1:])
    if n_values == 0 or (n_values == len(values) and n_values > 1):
        return None
    return pd.Series(_categories(codes, [str(value) for value in uniques]))


def _number_type(values: pd.Series) -> np.dtype:
    """NumPy's own type of the numbers; half precision is more than some readers of Parquet know."""
    found = values.iloc[:1].to_numpy().dtype
    return np.dtype(np.float32) if found == np.float16 else found


def _factorised(values: pd.Series) -> tuple[np.ndarray, Any]:
    """Codes, -1 where missing, and the value of each code. Lists and the like are told apart by their text."""
    found: tuple[np.ndarray, Any]
    with suppress(TypeError):
        found = pd.factorize(values)
        return found
    found = pd.factorize(values.map(str))
    return found


def _categories(codes: np.ndarray, names: list[str]) -> pd.Categorical:
    """Categories of text, sorted; values that read the same are one."""
    kept = sorted(set(names))
    places = {name: place for place, name in enumerate(kept)}
    moved = np.array([*(places[name] for name in names), -1])  # code -1 takes the -1 at the end
    return pd.Categorical.from_codes(moved[codes], categories=kept)
