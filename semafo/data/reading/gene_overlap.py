"""How much of what a model would read a query has: the genes chosen on the reference, weighted by what they carry.

A model reads the highly variable genes alone, and of them log(1 + count). A gene's weight is therefore the standard
deviation of log(1 + count) over the reference's cells: 0 for a gene that is the same everywhere. The share of a query
is the weight of those chosen genes that it has, by the weight of all of them.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from semafo import keys, wording
from semafo.data.genes import keep_choice
from semafo.data.reading.raw_cells import RawCells
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy.sparse import csr_matrix

IN_QUERY = "in_query"  # var column: whether the query has the gene
ENOUGH = 0.9  # share of the model's genes from which on a missing one is hardly worth a word
SILENT = 0.3  # share of the model's genes without a count in any query cell from which on somebody may have filled them
_EXAMPLES = 5


def add_model_genes(adata: "AnnData", raw: RawCells, spec: DatasetSpec) -> None:
    """Measure what the query has of the genes that a model would read, and add it to `raw.joined` and its warnings.

    `joined["overlap"]` gets `n_model_genes`, `n_model_shared` and `model_share` (weighted, 0 to 1).

    Parameters
    ----------
    adata
        Reference and query with `keys.ROLE`, `keys.BATCH_COLUMN` and var[`IN_QUERY`]. The chosen genes are kept in it,
        see `semafo.data.genes.keep_choice`.

    Raises
    ------
    DataError
        The share is below `spec.min_overlap`, or the query has none of these genes.
    """
    assert raw.joined is not None  # a query was joined
    is_reference = (adata.obs[keys.ROLE] == keys.REFERENCE).to_numpy()
    chosen = keep_choice(adata, is_reference, spec.n_hvg)
    weights = pd.Series(spread(adata.X[is_reference][:, chosen]), index=adata.var_names[chosen])
    shared = adata.var[IN_QUERY].to_numpy(dtype=bool)[chosen]
    found = {
        "n_model_genes": len(shared),
        "n_model_shared": int(shared.sum()),
        "model_share": weighted_share(weights.to_numpy(), shared),
    }
    raw.joined["overlap"] |= found
    missing = list(map(str, weights[~shared].sort_values(ascending=False, kind="stable").index))
    _require(raw.joined, raw.about_names, spec)
    silent = shared & (adata.X[~is_reference][:, chosen].getnnz(axis=0) == 0)
    raw.warnings += [*_warnings(found, missing), *_of_silence(weights.to_numpy(), silent)]


def spread(counts: "csr_matrix") -> np.ndarray:
    """Standard deviation of log(1 + count) over the cells, (G,), in nats."""
    logged = counts.astype(np.float64)
    logged.data = np.log1p(logged.data)
    mean = np.asarray(logged.mean(axis=0)).ravel()
    logged.data **= 2
    variance = np.asarray(logged.mean(axis=0)).ravel() - mean**2
    deviation: np.ndarray = np.sqrt(np.maximum(variance, 0))
    return deviation


def weighted_share(weights: np.ndarray, shared: np.ndarray) -> float:
    """Weight of the shared genes by that of all, 0 to 1; by their number where none has a weight."""
    total = float(weights.sum())
    return float(weights[shared].sum()) / total if total > 0 else float(shared.mean()) if len(shared) else 0.0


def sentence(overlap: dict[str, Any]) -> str:
    """What a query has of the reference's genes and, where the run knows, of those that the model reads."""
    every = (
        f"{wording.count(overlap['n_shared'])} of the reference's {wording.count(overlap['n_reference_genes'])} genes "
        f"({wording.percent(overlap['share'])})"
    )
    if "model_share" not in overlap:  # of a run of an earlier version
        if "n_hvg" in overlap:
            every += f", {overlap['n_hvg_shared']} of the {overlap['n_hvg']} that the model reads"
        return f"The query has {every}."
    n_genes, n_shared = overlap["n_model_genes"], overlap["n_model_shared"]
    if n_shared == n_genes:
        return f"The query has all {wording.count(n_genes)} genes that the model reads, and {every}."
    return (
        f"The query has {wording.count(n_shared)} of the {wording.count(n_genes)} genes that the model reads, with "
        f"{wording.percent(overlap['model_share'])} of what these carry, and {every}."
    )


def _require(joined: dict[str, Any], about_names: str, spec: DatasetSpec) -> None:
    overlap = joined["overlap"]
    share = overlap["model_share"]
    if overlap["n_model_shared"] and share >= spec.min_overlap:
        return
    lower = (
        f"Genes that the query lacks would count as zero, and cells that can hardly be told apart without them be "
        f"called unknown. To go on all the same, ask for less: a least gene overlap (--min-overlap) of "
        f"{np.floor(100 * share) / 100:g} or lower."
    )
    found = (
        f"The query {joined['query']} has {overlap['n_model_shared']} of the {overlap['n_model_genes']} genes that the "
        f"model would read, with {wording.percent(share)} of what these carry. Expected at least "
        f"{wording.percent(spec.min_overlap)}. Of all genes of the reference it has {overlap['n_shared']} of "
        f"{overlap['n_reference_genes']} ({wording.percent(overlap['share'])})."
    )
    raise DataError(" ".join(filter(None, (found, about_names, lower if overlap["n_model_shared"] else ""))))


def _warnings(found: dict[str, Any], missing: list[str]) -> list[str]:
    if not missing:
        return []
    examples = f"{', '.join(missing[:_EXAMPLES])}{', …' if len(missing) > _EXAMPLES else ''}"
    n_genes = wording.counted(len(missing), "gene")
    lacks = f"The query lacks {n_genes} of the {wording.count(found['n_model_genes'])} that the model reads"
    if found["model_share"] >= ENOUGH:
        return [f"{lacks} ({examples}): they count as zero."]
    return [
        f"{lacks}, with {wording.percent(1 - found['model_share'])} of what these carry ({examples}): they count as "
        "zero, and the confidence is lowered by what the reference's own cells lose without them."
    ]


def _of_silence(weights: np.ndarray, silent: np.ndarray) -> list[str]:
    """A sentence where much of what the model reads is zero in every query cell, as after an outer join."""
    share = weighted_share(weights, silent)
    if share < SILENT:
        return []
    return [
        f"{int(silent.sum())} of the genes that the model reads, with {wording.percent(share)} of what these carry, "
        "have no count in any query cell. If they were filled in with zeros, leave them out of the query: they then "
        "count as missing, and confidence is lowered by what that costs."
    ]
