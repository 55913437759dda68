"""Two data sets as one: a labelled reference, and below it a query that the reference is to annotate.

Genes are the reference's, in its order. What the query lacks of them counts as zero; what it has beside them is left
out. The reference's cells come first, then the query's, each in the order of its file.
"""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.data.catalogue import query_spec
from semafo.data.reading import gene_names
from semafo.data.reading.gene_overlap import IN_QUERY
from semafo.data.reading.obs_columns import batches_of, labels_of, require_missing_labels, text_column
from semafo.data.reading.raw_cells import RawCells, keep_genes, read_raw
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

QUERY_SUFFIX = " (query)"  # after the batches of a query that shares a batch's name with the reference
_EXAMPLES = 5


@dataclass(frozen=True)
class Overlap:
    """Genes that reference and query share; those that a model reads are measured in `gene_overlap`.

    Parameters
    ----------
    share
        Of the reference's genes, 0 to 1.
    n_query_only
        Genes that the reference lacks; left out.
    missing_examples
        Some of the reference's genes that the query lacks.
    """

    n_reference_genes: int
    n_query_genes: int
    n_shared: int
    share: float
    n_query_only: int
    missing_examples: tuple[str, ...]


def read_joined(spec: DatasetSpec) -> RawCells:
    """Read reference and query of a resolved spec, and put the query below the reference.

    Returns
    -------
    RawCells
        `own_columns` has true labels (the query's where it has any), batches, `keys.ROLE` and `keys.ROW`; `joined` is
        for the report, without `described`.

    Raises
    ------
    DataError
        As for one data set, and where the query has none of the reference's genes.
    """
    reference = keep_genes(gene_names.named_by(read_raw(spec), spec.gene_key))
    query = read_raw(query_spec(spec), needs_columns=False)
    query = keep_genes(gene_names.named_by(query, gene_names.query_key(spec, query.var)))
    gene_names.require_names(reference, query)
    position, matching = gene_names.matched(reference.var.index, query.var.index)
    overlap = _overlap(reference.var.index, query.var.index, position)
    doubtful = not overlap.n_shared or overlap.share < spec.min_overlap
    difference = gene_names.difference(reference, query) if doubtful else ""
    if not overlap.n_shared:
        raise DataError(f"The query {query.title} has none of the reference's genes. {difference}".rstrip())
    warnings = [*reference.warnings, *(f"Query: {warning}" for warning in query.warnings), *matching]
    own = _own_columns(reference.obs, query.obs, spec, warnings)
    return RawCells(
        title=reference.title,
        counts_source=" and ".join(dict.fromkeys([reference.counts_source, query.counts_source])),
        counts=_stacked(reference.counts, query.counts, position),
        obs=pd.DataFrame(index=reference.obs.index.astype(str).append(query.obs.index.astype(str))),
        var=reference.var.assign(**{IN_QUERY: position >= 0}),
        warnings=warnings,
        columns=reference.columns,
        own_columns=own,
        joined={"query": query.title, "overlap": asdict(overlap)},
        about_names=difference,
    )


def _overlap(reference: pd.Index, query: pd.Index, position: np.ndarray) -> Overlap:
    shared = position >= 0
    n_shared = int(shared.sum())
    return Overlap(
        n_reference_genes=len(reference),
        n_query_genes=len(query),
        n_shared=n_shared,
        share=n_shared / max(len(reference), 1),
        n_query_only=len(query) - n_shared,
        missing_examples=tuple(map(str, reference[~shared][:_EXAMPLES])),
    )


def _stacked(reference: "csr_matrix", query: "csr_matrix", position: np.ndarray) -> "csr_matrix":
    """(reference cells + query cells, reference genes)."""
    from scipy import sparse

    genes = np.flatnonzero(position >= 0)
    ones = np.ones(len(genes), dtype=query.dtype)
    move = sparse.csr_matrix((ones, (position[genes], genes)), shape=(query.shape[1], len(position)))
    counts = sparse.vstack([reference, query @ move], format="csr")
    counts.sort_indices()
    return counts


def _own_columns(
    reference: pd.DataFrame, query: pd.DataFrame, spec: DatasetSpec, warnings: list[str]
) -> dict[str, pd.Series]:
    """True label, batch, role and row of every cell, reference first."""
    own_labels = [query[spec.label_key]] if spec.label_key in query.columns else []
    require_missing_labels([reference[spec.label_key], *own_labels], spec)
    labels = labels_of(reference, spec, warnings)
    unlabelled = pd.Series(None, query.index, dtype=object)
    query_labels = text_column(own_labels[0], spec.missing_labels) if own_labels else unlabelled
    batches = batches_of(reference, spec, [])
    query_batches = _query_batches(query, spec, set(batches), warnings)
    n_unlabelled = int(query_labels.isna().sum())
    if n_unlabelled == len(query):
        warnings.append(f"The query has no labels: its {len(query)} cells are predicted and nothing is scored on them.")
    elif n_unlabelled:
        warnings.append(f"{n_unlabelled} of {len(query)} query cells have no label: they are predicted, never scored.")
    role = [keys.REFERENCE] * len(reference) + [keys.QUERY] * len(query)
    return {
        keys.TRUE: _below(labels, query_labels),
        keys.BATCH_COLUMN: _below(batches, query_batches),
        keys.ROLE: pd.Series(pd.Categorical(role, categories=[keys.REFERENCE, keys.QUERY])),
        keys.ROW: pd.Series(np.concatenate([np.arange(len(reference)), np.arange(len(query))])),
    }


def _query_batches(query: pd.DataFrame, spec: DatasetSpec, taken: set[str], warnings: list[str]) -> pd.Series:
    """Batches of the query under names that no batch of the reference has."""
    own_spec = query_spec(spec)
    if spec.batch_key is not None and (
        spec.batch_key not in query.columns or text_column(query[spec.batch_key]).isna().all()
    ):
        warnings.append(f"The query has no {spec.batch_key!r}: all its cells are one batch.")
        own_spec = DatasetSpec(own_spec.name, spec.label_key)
    batches = batches_of(query, own_spec, []).astype(str)
    if not taken & set(batches):
        return batches
    if spec.batch_key is not None:
        warnings.append(f"Reference and query share names of batches: the query's got {QUERY_SUFFIX!r} at their end.")
    while taken & set(batches):
        batches = batches + QUERY_SUFFIX
    return batches


def _below(reference: pd.Series, query: pd.Series) -> pd.Series:
    """Text of both as one categorical with sorted categories."""
    values = np.concatenate([reference.astype(object).to_numpy(), query.astype(object).to_numpy()])
    return pd.Series(pd.Categorical(values, categories=sorted({v for v in values if isinstance(v, str)})))


def described(cells: pd.DataFrame) -> dict[str, Any]:
    """Cells, batches and labels of either, for the report, of the own columns of those cells that have counts."""
    is_query = (cells[keys.ROLE] == keys.QUERY).to_numpy()
    batches, labels = cells[keys.BATCH_COLUMN].astype(str), cells[keys.TRUE]
    return {
        "n_reference": int((~is_query).sum()),
        "n_query": int(is_query.sum()),
        "reference_batches": sorted(set(batches[~is_query])),
        "query_batches": sorted(set(batches[is_query])),
        "n_query_labels": int(labels[is_query].notna().sum()),
    }
