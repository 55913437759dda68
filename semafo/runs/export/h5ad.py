"""Finished runs as one AnnData: counts, what is known of the cells, predictions, embeddings and settings.

Keys are those of scverse: `X_umap` and `X_scANVI` or `X_semafoVI` in obsm, settings in `uns["semafo"]`. Several runs of
the same data stand side by side, each with its own suffix. Loads anndata: for commands and processes of their own.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import semafo
from semafo import keys
from semafo.data import catalogue
from semafo.data.reading.raw_cells import unique_names
from semafo.data.splitting.split import Split
from semafo.errors import DataError, SemafoError, SettingsError
from semafo.files import write_atomically
from semafo.runs.export.storable_tables import RENAMED, RESERVED, storable, writable
from semafo.runs.folder.expression import Genes, obs_columns
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.training.stage_cache import embeddings_key

if TYPE_CHECKING:
    from anndata import AnnData

UNS = "semafo"
COUNTS, LOG_NORMALISED, NOTHING = "counts", "log(1 + counts per 10 000) of the model's genes", "nothing"
# obs columns that are one run's own; with a suffix where there are several runs
OWN_COLUMNS = (
    *(keys.ROLE, keys.PART, keys.PREDICTED, keys.CONFIDENCE, keys.SCALED_CONFIDENCE, keys.BEFORE_QUERY),
    *(keys.MODEL_COUNTS, keys.MAPPING_SCORE, keys.LABEL),
)
USED = "highly_variable"  # var column: whether the model reads the gene


def annotated(home: Home, records: Sequence[RunRecord]) -> "AnnData":
    """All cells of the runs with what each run made of them, see docs/export.md.

    X holds counts of all genes where the data set is still what the runs were trained on. Otherwise it holds what the
    first run kept, its own genes log-normalised, and `uns["semafo"]` says why.

    Raises
    ------
    SettingsError
        The runs are of different data sets, or read different columns of one.
    """
    _require_same_data(records)
    suffixes = suffixes_of(records)
    adata, source, note = _cells(records[0])
    shared = pd.concat([record.cells()[[keys.TRUE, keys.BATCH_COLUMN]] for record in records])
    shared = shared[~shared.index.duplicated()]
    if not adata.obs_names.isin(shared.index).all():  # runs on the reference alone
        adata = adata[adata.obs_names.isin(shared.index)].copy()
    adata.obs = _freed(adata.obs, suffixes)
    shared = shared.reindex(adata.obs_names)
    columns = {keys.TRUE: shared[keys.TRUE], keys.BATCH_COLUMN: shared[keys.BATCH_COLUMN]}
    columns[keys.BATCH] = shared[keys.BATCH_COLUMN]
    described = {}
    for record, suffix in zip(records, suffixes, strict=True):
        columns |= _own_columns(record, adata.obs_names, suffix)
        keys_of_maps = _add_maps(home, adata, record, suffix)
        described[suffix.removeprefix("_") or record.run_id] = {**_described(record), **keys_of_maps}
    for name, values in columns.items():
        adata.obs[name] = writable(values)
    _add_genes(adata, records, suffixes)
    if keys.X_UMAP not in adata.obsm:
        adata.obsm[keys.X_UMAP] = adata.obsm[f"{keys.X_UMAP}{suffixes[0]}"].copy()
    notes = " ".join(filter(None, (note, _renamed("obs", adata.obs), _renamed("var", adata.var))))
    adata.uns[UNS] = {"semafo_version": semafo.__version__, "X": source, "note": notes, "runs": described}
    adata.obs, adata.var = storable(adata.obs), storable(adata.var)
    return adata


def _renamed(axis: str, table: pd.DataFrame) -> str:
    """What must be known of names that a file keeps for itself; empty where there is nothing."""
    if RESERVED not in table.columns:
        return ""
    return f"The {axis} column {RESERVED!r} is called {RENAMED!r} here, for a file keeps that name for the index."


def suffixes_of(records: Sequence[RunRecord]) -> list[str]:
    """What tells each run's keys apart: nothing for one run; of several the mix, with the seed or the id if need be."""
    if len(records) == 1:
        return [""]
    configs = [record.config for record in records]
    for name in (
        lambda record, config: config.mix.slug,
        lambda record, config: f"{config.mix.slug}-seed-{config.train.seed}",
        lambda record, config: record.run_id,
    ):
        found = [f"_{name(record, config)}" for record, config in zip(records, configs, strict=True)]
        if len(set(found)) == len(found):
            break
    return found


def _require_same_data(records: Sequence[RunRecord]) -> None:
    prints = {record.settings["context"]["data"] for record in records}
    if len(prints) > 1:
        raise SettingsError(
            f"These runs are of {len(prints)} data sets, and an .h5ad holds the cells of one. Export the runs of each "
            "data set by themselves."
        )
    specs = [record.config.dataset for record in records]
    read = {(s.label_key, s.batch_key, s.counts, s.query, s.missing_labels) for s in specs}
    if len(read) > 1:
        raise SettingsError(
            "These runs read different columns of their data set, or take other labels as missing, so one table cannot "
            "hold the labels of all. Export them one by one."
        )


def _cells(record: RunRecord) -> tuple["AnnData", str, str]:
    """Cells and genes with what X can hold, what that is, and why it is not counts (empty where it is)."""
    try:
        if catalogue.content_fingerprint(record.config.dataset) != record.settings["context"]["data"]:
            raise DataError(f"{record.config.dataset.name} has changed since the run was trained.")
        from semafo.data.load import load  # with anndata, which pages do without

        return load(record.config.dataset), COUNTS, ""
    except (SemafoError, OSError) as error:
        adata, source = _kept(record)
        return adata, source, f"Without counts: {error}"


def _kept(record: RunRecord) -> tuple["AnnData", str]:
    """What the run's folder has of its cells."""
    import anndata as ad
    from scipy import sparse

    names = record.cells().index
    obs = obs_columns(record)
    obs = pd.DataFrame(index=names) if obs is None else obs.set_axis(names)
    genes = Genes.of(record)
    if genes is None:
        return ad.AnnData(obs=obs, shape=(len(names), 0)), NOTHING
    parts = np.asarray(genes.expression), genes.rows(slice(None)), genes.starts
    counts = sparse.csc_matrix(parts, shape=(genes.n_cells, len(genes.names))).tocsr()
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=list(genes.names))), LOG_NORMALISED


def _freed(obs: pd.DataFrame, suffixes: Sequence[str]) -> pd.DataFrame:
    """The data's own columns, renamed where a run's column takes their name."""
    taken = {f"{name}{suffix}" for name in OWN_COLUMNS for suffix in suffixes}
    dropped = {keys.TRUE, keys.BATCH_COLUMN, keys.BATCH, keys.ROW}
    if keys.ROW in obs.columns:  # reference and query were joined: the role is the program's
        dropped.add(keys.ROLE)
    kept = obs.drop(columns=[name for name in obs.columns if name in dropped])
    names = [str(name).replace("/", "_") for name in kept.columns]
    names = [f"{name}_in_file" if name in taken else name for name in names]
    index = pd.Index(kept.index.astype(str), name=None)
    return kept.set_axis(unique_names(pd.Index(names, dtype=object)), axis=1).set_axis(index)


def _own_columns(record: RunRecord, names: pd.Index, suffix: str) -> dict[str, pd.Series]:
    """A run's columns, missing for cells that took no part in it."""
    cells = record.cells()
    cells[keys.LABEL] = visible_labels(record)
    found = cells.reindex(names)
    return {f"{name}{suffix}": found[name] for name in OWN_COLUMNS if name in found}


def visible_labels(record: RunRecord) -> pd.Series:
    """What the run's models were told of each cell: its type, or `keys.UNLABELLED`."""
    return Split(record.cells(), record.config.split).visible_labels()


def _add_maps(home: Home, adata: "AnnData", record: RunRecord, suffix: str) -> dict[str, str]:
    """Put the run's embeddings into obsm; those of scVI and PCA as well where the home still has them."""
    names = record.cells().index
    latent = record.config.mix.obsm_key
    arrays = {latent: record.array(latent), keys.X_UMAP: record.array(keys.X_UMAP)}
    if (record.folder / keys.array_file(keys.X_TSNE)).exists():
        arrays[keys.X_TSNE] = record.array(keys.X_TSNE)
    shared = home.cache / embeddings_key(record.config, record.settings["context"])
    for key in (keys.X_SCVI, keys.X_PCA):
        path = shared / keys.array_file(key)
        if path.exists():
            arrays[key] = np.load(path, allow_pickle=False)
    rows = names.get_indexer(adata.obs_names)
    for key, values in arrays.items():
        if len(values) != len(names):
            continue
        placed = np.asarray(values, dtype=np.float32)[rows]
        placed[rows < 0] = np.nan
        if key in (keys.X_SCVI, keys.X_PCA) and np.array_equal(adata.obsm.setdefault(key, placed), placed, True):
            continue  # runs of the same cells and seed share these
        adata.obsm[f"{key}{suffix}"] = placed
    return {"latent_key": f"{latent}{suffix}", "umap_key": f"{keys.X_UMAP}{suffix}"}


def _add_genes(adata: "AnnData", records: Sequence[RunRecord], suffixes: Sequence[str]) -> None:
    """Mark the genes that each model reads."""
    genes = [set(record.model_genes()) for record in records]
    adata.var[USED] = adata.var_names.isin(set().union(*genes))
    if any(one != genes[0] for one in genes):
        for one, suffix in zip(genes, suffixes, strict=True):
            adata.var[f"{USED}{suffix}"] = adata.var_names.isin(one)


def _described(record: RunRecord) -> dict[str, Any]:
    """Settings and scores as an .h5ad can hold them: nested values as JSON."""
    predictions = record.predictions()
    stated = ("test", "query", "reference", "latent_scale", "label_gap", "mapping")
    scores = {name: predictions.get(name) for name in stated}
    context: Mapping[str, Any] = record.settings["context"]
    return {
        "run_id": record.run_id,
        "title": record.title,
        "settings": json.dumps(record.config.to_dict()),
        "scores": json.dumps(scores),
        "integration": json.dumps(record.integration()),
        "baselines": json.dumps(record.baselines()),
        "warnings": json.dumps(record.warnings),
        "data": context["data"],
        "versions": json.dumps(context.get("versions", {})),
    }


def write_h5ad(adata: "AnnData", path: Any) -> None:
    """Write a file whole or not at all, compressed."""
    write_atomically(path, lambda handle: adata.write_h5ad(handle.name, compression="gzip"))
