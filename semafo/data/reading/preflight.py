"""The preflight: what is in the data, what had to be put right, and whether training can work."""

from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from semafo import keys, wording
from semafo.data import catalogue
from semafo.data.reading import gene_names, no_types
from semafo.data.reading.gene_overlap import add_model_genes
from semafo.data.reading.obs_columns import (
    Column,
    batches_of,
    candidates,
    drop_unused_categories,
    labels_of,
    require_missing_labels,
    unused_categories,
)
from semafo.data.reading.raw_cells import RawCells, keep_genes, read_raw, unique_names
from semafo.data.reading.reference_and_query import described, read_joined
from semafo.data.reading.sources import open_source
from semafo.data.simulation.simulate import BATCH_KEY, LABEL_KEY
from semafo.settings.run_config import DatasetSpec, TrainSettings
from semafo.settings.schedule import course_of

if TYPE_CHECKING:
    from anndata import AnnData

RARE = 10  # cells; types and batches with fewer are named
_MOST_NAMED = 20  # batches

# The estimate: a step of 128 cells × 2000 genes on one or two cores, and what the libraries take before any data.
_BATCH_SIZE = 128
_PRETRAIN_STEP_SECONDS = 0.010
_SEMI_SUPERVISED_STEP_SECONDS = 0.022
_LIBRARY_BYTES = 1_200_000_000
_COPIES = 3  # of the counts: as loaded, the chosen genes, the model's own


@dataclass(frozen=True)
class Report:
    """What the preflight found. Every sentence of `warnings` stays with the run.

    Parameters
    ----------
    composition
        Cells of each label in each batch, missing labels left out.
    rare_types
        Types with fewer than 10 cells.
    no_types
        Labels that seem to say that a type is not known, with their cells: proposals for `missing_labels`.
    unused_categories
        By column: categories that no cell has; dropped.
    expected_bytes, expected_seconds
        Rough: three copies of the counts above what the libraries take; scVI and 20 semi-supervised epochs at 10 and
        22 ms a minibatch of 128 cells × 2000 genes, in proportion to the genes.
    joined
        Where a query was put below the reference: its cells, batches and gene overlap, see
        `semafo.data.reading.reference_and_query`.
    """

    dataset: str
    n_cells: int
    n_genes: int
    counts_source: str
    label_key: str
    batch_key: str | None
    composition: dict[str, dict[str, int]]
    rare_types: dict[str, int]
    no_types: dict[str, int]
    n_empty_cells: int
    n_empty_genes: int
    n_missing_labels: int
    n_duplicate_cell_names: int
    n_duplicate_gene_names: int
    unused_categories: dict[str, tuple[str, ...]]
    columns: tuple[Column, ...]
    expected_bytes: int
    expected_seconds: float
    warnings: tuple[str, ...]
    joined: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def columns(path_or_spec: str | Path | DatasetSpec) -> tuple[Column, ...]:
    """The obs columns that could serve as label or batch, in their order; no matrix is read."""
    spec = path_or_spec if isinstance(path_or_spec, DatasetSpec) else DatasetSpec(str(path_or_spec))
    spec = catalogue.resolve(spec)
    if catalogue.is_simulation(spec):
        settings = catalogue.parse_simulation(spec.name)
        known = ((BATCH_KEY, len(settings.studies)), (LABEL_KEY, settings.n_types))
        return tuple(Column(name, n_values, 0) for name, n_values in known if n_values > 1)
    with open_source(spec) as source:
        return candidates(source.obs)


def gene_columns(spec: DatasetSpec) -> tuple[str, ...]:
    """The var columns of a resolved file that could name its genes, the known ones first; no matrix is read."""
    with open_source(spec) as source:
        tables = [matrix.read_var() for matrix in source.matrices.values()]
    found = [name for table in tables for name in gene_names.columns_of_names(table)]
    return tuple(dict.fromkeys(found))


def preflight(spec: DatasetSpec) -> tuple["AnnData", Report]:
    """Read a data set, put right what can be, and report it.

    Returns
    -------
    tuple
        The cells as `semafo.data.load.load` describes them, and the report.

    Raises
    ------
    DataError
        Where training could not work: no counts, no usable label, a missing column, no cells or genes, a damaged file.
    """
    spec = catalogue.resolve(spec)
    raw = _read_one(spec) if spec.query is None else read_joined(spec)
    warnings = raw.warnings
    adata, repairs = _assemble(raw)
    unused = unused_categories(raw.obs)
    if unused:
        warnings.append(f"Categories that no cell has were dropped, in {', '.join(unused)}.")
    _set_columns(adata, raw, spec)
    _warn_of_small_batches(adata.obs, warnings)
    if raw.joined is not None:
        add_model_genes(adata, raw, spec)
    assert spec.label_key is not None  # `require_columns` refused the data otherwise
    report = Report(
        dataset=spec.name,
        n_cells=adata.n_obs,
        n_genes=adata.n_vars,
        counts_source=raw.counts_source,
        label_key=spec.label_key,
        batch_key=spec.batch_key,
        composition=_composition(adata.obs),
        rare_types=_rare_types(adata.obs, warnings),
        no_types=_no_types(adata.obs, spec, warnings),
        n_missing_labels=int(adata.obs[keys.TRUE].isna().sum()),
        unused_categories=unused,
        columns=raw.columns,
        expected_bytes=_expected_bytes(adata),
        expected_seconds=_expected_seconds(adata.n_obs, min(adata.n_vars, spec.n_hvg)),
        warnings=tuple(warnings),
        joined=raw.joined and {**raw.joined, **described(adata.obs)},
        **repairs,
    )
    return adata, report


def _read_one(spec: DatasetSpec) -> RawCells:
    """One data set without a query, its genes named as the spec asks."""
    raw = keep_genes(gene_names.named_by(read_raw(spec), spec.gene_key))
    raw.warnings += gene_names.row_number_warning(raw)
    return raw


def _assemble(raw: RawCells) -> tuple["AnnData", dict[str, int]]:
    """Counts, cells and genes as one AnnData with unique names and without empty rows; what was repaired, counted."""
    import anndata as ad

    counts, obs, var, warnings = raw.counts, raw.obs, raw.var, raw.warnings
    full_cells, full_genes = np.diff(counts.indptr) > 0, counts.getnnz(axis=0) > 0
    repairs = {
        "n_empty_cells": int((~full_cells).sum()),
        "n_empty_genes": int((~full_genes).sum()),
        "n_duplicate_cell_names": int(obs.index.duplicated().sum()),
        "n_duplicate_gene_names": int(var.index.duplicated().sum()),
    }
    for what in ("cell", "gene"):
        if repairs[f"n_empty_{what}s"]:
            warnings.append(
                f"Left out because they have no count at all: {wording.counted(repairs[f'n_empty_{what}s'], what)}."
            )
        if repairs[f"n_duplicate_{what}_names"]:
            repeated = wording.counted(repairs[f"n_duplicate_{what}_names"], f"{what} name")
            warnings.append(f"Made unique by a number at the end because it occurred before: {repeated}.")
    own = {name: values.set_axis(obs.index) for name, values in raw.own_columns.items()}
    obs, var = obs.assign(**own).set_axis(unique_names(obs.index)), var.set_axis(unique_names(var.index))
    adata = ad.AnnData(
        counts[full_cells][:, full_genes], obs=drop_unused_categories(obs[full_cells]), var=var[full_genes].copy()
    )
    return adata, repairs


def _set_columns(adata: "AnnData", raw: RawCells, spec: DatasetSpec) -> None:
    """Add batch and true label under the program's own names; a column of the data's that has one is renamed."""
    if raw.own_columns:
        return
    obs = adata.obs
    assert spec.label_key is not None  # `require_columns` refused the data otherwise
    require_missing_labels([obs[spec.label_key]], spec)
    own = {keys.TRUE: labels_of(obs, spec, raw.warnings), keys.BATCH_COLUMN: batches_of(obs, spec, raw.warnings)}
    source = {keys.TRUE: spec.label_key, keys.BATCH_COLUMN: spec.batch_key}
    clashes = {name: f"{name}_in_file" for name in own if name in obs.columns and name != source[name]}
    adata.obs = obs.rename(columns=clashes).assign(**own)


def _composition(obs: pd.DataFrame) -> dict[str, dict[str, int]]:
    table = pd.crosstab(obs[keys.TRUE], obs[keys.BATCH_COLUMN])
    return {str(label): {str(batch): int(n) for batch, n in row.items()} for label, row in table.iterrows()}


def _rare_types(obs: pd.DataFrame, warnings: list[str]) -> dict[str, int]:
    sizes = obs[keys.TRUE].value_counts()
    single = sorted(sizes.index[sizes < 2])
    if single:
        warnings.append(
            f"{', '.join(single)}: a type with fewer than two cells cannot be both labelled and tested. Scores by type "
            "say nothing about it."
        )
    return {str(name): int(n) for name, n in sizes[sizes < RARE].sort_values(kind="stable").items()}


def _no_types(obs: pd.DataFrame, spec: DatasetSpec, warnings: list[str]) -> dict[str, int]:
    found = no_types.proposed({str(name): int(n) for name, n in obs[keys.TRUE].value_counts().items()})
    if found:
        warnings.append(no_types.warning_of(found, spec))
    return found


def _warn_of_small_batches(obs: pd.DataFrame, warnings: list[str]) -> None:
    sizes = obs[keys.BATCH_COLUMN].astype(str).value_counts()
    small = [f"{name} ({wording.cells(n)})" for name, n in sizes[sizes < RARE].sort_index().items()]
    more = f" and {len(small) - _MOST_NAMED} more" if len(small) > _MOST_NAMED else ""
    if small:
        warnings.append(
            f"Batches with fewer than {RARE} cells: {', '.join(small[:_MOST_NAMED])}{more}. Little can be "
            "learned of so small a batch, and one in which nothing varies has no say in which genes are chosen."
        )


def _expected_bytes(adata: "AnnData") -> int:
    counts = adata.X
    n_bytes: int = counts.data.nbytes + counts.indices.nbytes + counts.indptr.nbytes
    return _LIBRARY_BYTES + _COPIES * n_bytes


def _expected_seconds(n_cells: int, n_genes: int) -> float:
    """Of the scVI stage and the semi-supervised one."""
    minibatches = ceil(n_cells / _BATCH_SIZE)
    courses = (course_of(stage, TrainSettings(), n_cells) for stage in (keys.PRETRAIN, keys.SEMI_SUPERVISED))
    steps = (_PRETRAIN_STEP_SECONDS, _SEMI_SUPERVISED_STEP_SECONDS)
    seconds = sum(course.n_epochs * step for course, step in zip(courses, steps, strict=True))
    return minibatches * seconds * n_genes / 2000
