"""A data set as it was read: counts, cells and genes, before anything is put right."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from semafo import wording
from semafo.data.reading.counts import find_counts
from semafo.data.reading.obs_columns import Column, candidates, require_columns
from semafo.data.reading.sources import Source, open_source
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# How var columns tell genes from what else is measured, in lower case
_KIND_COLUMNS = ("feature_types", "feature_type", "modality")
_GENES = ("gex", "gene expression", "gene", "genes", "rna", "mrna")
_NO_GENES = (
    *("antibody capture", "antibody", "adt", "protein", "proteins", "prot", "hto", "hashtag", "multiplexing capture"),
    *("peaks", "peak", "atac", "chromatin accessibility", "crispr guide capture", "antigen capture", "custom"),
)


@dataclass
class RawCells:
    """Counts with their tables.

    Parameters
    ----------
    title
        What messages call it.
    counts_source
        Name of the matrix that held the counts.
    counts
        (cells, genes), CSR float32.
    columns
        obs columns that could serve as label or batch.
    own_columns
        `keys.TRUE`, `keys.BATCH_COLUMN` and what else a reader has worked out already, by name; empty where they are
        still to be read from `obs`.
    joined
        What is known about a query that was put below a reference, see
        `semafo.data.reading.reference_and_query`; None for one data set.
    about_names
        What a refusal of that query says about the names of its genes.
    """

    title: str
    counts_source: str
    counts: "csr_matrix"
    obs: pd.DataFrame
    var: pd.DataFrame
    warnings: list[str]
    columns: tuple[Column, ...] = ()
    own_columns: dict[str, pd.Series] = field(default_factory=dict)
    joined: dict[str, Any] | None = None
    about_names: str = ""


def read_raw(spec: DatasetSpec, needs_columns: bool = True) -> RawCells:
    """Read the counts of a resolved spec.

    Parameters
    ----------
    needs_columns
        Refuse data without the label column and the batch column, before any matrix is read: a mistyped name should
        not cost minutes.
    """
    with open_source(spec) as source:
        _require_cells(source)
        _require_readable(source, spec, needs_columns)
        if needs_columns:
            require_columns(source.obs, spec)
        counts_source, counts, var, warnings = find_counts(source, spec.counts, spec.round_counts)
        if counts.shape != (len(source.obs), len(var)):
            raise DataError(
                f"{spec.name} is inconsistent: {counts.shape[0]} × {counts.shape[1]} counts for {len(source.obs)} "
                f"cells and {len(var)} genes. Write the file again."
            )
        warnings += source.doubts()
        return RawCells(source.title, counts_source, counts, source.obs, var, warnings, candidates(source.obs))


def keep_genes(raw: RawCells) -> RawCells:
    """Leave out proteins or peaks that share the matrix, as a var column tells, such as "feature_types"."""
    for name in _KIND_COLUMNS:
        if name in raw.var.columns:
            kinds = raw.var[name].astype(str).to_numpy()
            lower = pd.Series(kinds).str.strip().str.lower()
            genes = (lower.isin(_GENES) if lower.isin(_GENES).any() else ~lower.isin(_NO_GENES)).to_numpy()
            if genes.any() and not genes.all():
                break
    else:
        return raw
    others = ", ".join(sorted(set(kinds[~genes])))
    raw.warnings.append(
        f"Left out because they are no genes: {wording.counted(int((~genes).sum()), 'feature')} ({others})."
    )
    raw.counts, raw.var = raw.counts[:, genes], raw.var[genes]
    return raw


def unique_names(names: pd.Index) -> pd.Index:
    """Names as text; the second of a name gets "-1" at its end, the third "-2"."""
    names = names.astype(str)
    while not names.is_unique:
        repeat = pd.Series(1, index=range(len(names))).groupby(names.to_numpy()).cumsum().to_numpy() - 1
        numbered = names + "-" + pd.Index(repeat.astype(str))
        names = names.where(repeat == 0, numbered)
    return names


def _require_cells(source: Source) -> None:
    if len(source.obs) == 0:
        raise DataError(f"{source.title} has no cells. Expected one row of obs a cell: check how the file was written.")


def _require_readable(source: Source, spec: DatasetSpec, needs_columns: bool) -> None:
    """Refuse data of which a part cannot be read that was asked for, or all matrices."""
    columns = [spec.batch_key, spec.label_key if needs_columns else None]
    wanted = [spec.counts, *(f"obs/{name}" for name in columns if name is not None)]
    if not source.matrices:
        wanted += [name for name in source.unread if not name.startswith("obs/")]
    for name in wanted:
        source.require(name)
