"""The annotated query as a file: its own file with predictions, embeddings and settings added, or a built-in one."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.data import catalogue
from semafo.errors import DataError
from semafo.runs.background.preflight import inspect
from semafo.runs.export import query_copy
from semafo.runs.export.annotated_query import (
    CONFIDENCE,
    LABEL,
    PREDICTION,
    THRESHOLD,
    labels_at,
    overlap,
    unknown_label,
    write_h5ad,
)
from semafo.runs.export.query_copy import AddedItems
from semafo.runs.export.query_file import UNS, query_file, require_names
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.run_config import RunConfig

MEASURES = {  # numbers of each cell, where the run's table has them
    CONFIDENCE: keys.CONFIDENCE,
    "semafo_mapping_score": keys.MAPPING_SCORE,
    "semafo_counts_in_model_genes": keys.MODEL_COUNTS,
}


def require_writable(config: RunConfig, out: Path, overwrite: bool = False) -> None:
    """Raise DataError where `write_query` could not write what a run of these settings will find."""
    file = query_file(config.dataset)
    if file is not None:
        require_names(file, _names(config, file.umap_key), overwrite)
        query_copy.require_room(file, out)


def write_query(
    home: Home, record: RunRecord, out: Path, threshold: float = THRESHOLD, overwrite: bool = False
) -> None:
    """Write the query with all that it has, and predictions, embeddings and settings beside it.

    A query from a file is copied as a file, see `semafo.runs.export.query_copy`.

    Raises
    ------
    DataError
        The query is no longer the one that was annotated, or has items of the same names and not `overwrite`.
    """
    spec = record.config.dataset
    if catalogue.content_fingerprint(spec) != record.settings["context"]["data"]:
        raise DataError(f"{spec.query} or {spec.name} has changed since it was annotated. Annotate it again.")
    file = query_file(spec)
    if file is None:
        _write_built_in(home, record, out, threshold)
        return
    names = _names(record.config, file.umap_key)
    require_names(file, names, overwrite)
    query_copy.write_copy(file, out, _items(home, record, threshold, file.n_cells, file.umap_key), names)


def _write_built_in(home: Home, record: RunRecord, out: Path, threshold: float) -> None:
    from semafo.data.load import read_whole

    adata = read_whole(catalogue.query_spec(record.config.dataset))
    items = _items(home, record, threshold, adata.n_obs, keys.X_UMAP)
    adata.obs = adata.obs.assign(**items.obs)
    adata.obsm.update(items.obsm)
    adata.uns[UNS] = items.uns
    write_h5ad(adata, out)


def _names(config: RunConfig, umap_key: str) -> list[str]:
    """Names of all that an annotation may add, as `obs/semafo_label`."""
    obs = [f"obs/{name}" for name in (PREDICTION, LABEL, *MEASURES)]
    return [*obs, f"obsm/{config.mix.obsm_key}", f"obsm/{umap_key}", f"uns/{UNS}"]


def _items(home: Home, record: RunRecord, threshold: float, n_cells: int, umap_key: str) -> AddedItems:
    config, cells, unknown = record.config, record.cells(), unknown_label(record)
    is_query = (cells[keys.ROLE] == keys.QUERY).to_numpy()
    cells = cells[is_query]
    cells = cells.assign(**{LABEL: labels_at(cells, threshold, unknown)})
    places = inspect(home, config.dataset).cells[keys.ROW].loc[cells.index].to_numpy()
    arrays = {config.mix.obsm_key: record.array(config.mix.obsm_key), umap_key: record.array(keys.X_UMAP)}
    facts = {"run_id": record.run_id, "threshold": threshold, "umap_key": umap_key, "overlap": overlap(record)}
    facts |= {"unknown_label": unknown, "warnings": record.warnings or None}
    return AddedItems(
        obs=_columns(cells, places, n_cells, unknown),
        obsm={key: _placed(values[is_query], places, n_cells) for key, values in arrays.items()},
        uns=_plain({**facts, "settings": config.to_dict(), **record.settings["context"]}),
    )


def _columns(cells: pd.DataFrame, places: np.ndarray, n_cells: int, unknown: str) -> dict[str, Any]:
    """Obs columns in the file's order; cells without counts were not predicted and are unknown."""
    found: dict[str, Any] = {}
    for name, column in ((PREDICTION, keys.PREDICTED), (LABEL, LABEL)):
        values = np.full(n_cells, None if name == PREDICTION else unknown, dtype=object)
        values[places] = cells[column].to_numpy(dtype=object)
        found[name] = pd.Categorical(values)
    for name, column in MEASURES.items():
        if column in cells:
            found[name] = _placed(cells[column].to_numpy(np.float32), places, n_cells)
    return found


def _placed(values: np.ndarray, places: np.ndarray, n_cells: int) -> np.ndarray:
    """Rows in the order of the file; NaN where a cell of the file was left out."""
    placed = np.full((n_cells, *values.shape[1:]), np.nan, dtype=np.float32)
    placed[places] = values
    return placed


def _plain(value: Any) -> Any:
    """What an .h5ad can hold: no None, lists as arrays."""
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return np.array([str(item) for item in value], dtype=object)
    return value
