"""Which genes tell the predicted types of a query apart: the usual check of an annotation without any truth.

Of the genes that a predicted type expresses most above the other cells, Wilcoxon's rank-sum test (scanpy's
`rank_genes_groups`, corrected for ties) ranks the best, on log-normalised counts of the query alone. The types were
predicted from the same counts, so a p-value would mean nothing and none is kept.
"""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.data.reading.gene_overlap import IN_QUERY
from semafo.data.reading.preflight import preflight
from semafo.evaluation.latent.embedding import log_normalise
from semafo.files import read_json, read_table, write_json

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from semafo.training.run_context import RunContext

ENOUGH = 10  # cells that a predicted type needs to have markers
A_TYPE = 3  # genes
CANDIDATES = 50  # genes of a type that are tested: those whose mean lies most above the other cells'
MOST_CELLS = 500  # of a type, drawn by seed, that the test looks at: beyond it the ranking hardly moves


def write_markers(run: "RunContext") -> None:
    """Write markers.json of an annotation run whose per-cell table is there; nothing for any other run."""
    if run.config.dataset.query is None:
        return
    adata, report = preflight(run.config.dataset)
    is_query = (adata.obs[keys.ROLE] == keys.QUERY).to_numpy()
    in_query = adata.var[IN_QUERY].to_numpy()
    predicted = read_table(run.folder / keys.CELLS_FILE)[keys.PREDICTED][adata.obs_names[is_query]]
    logged = log_normalise(adata.X[is_query][:, in_query])
    chosen = adata.var_names.isin(read_json(run.folder / keys.MODEL_FILE)["genes"])
    assert report.joined is not None  # the query was joined to a reference
    overlap = {**report.joined["overlap"], "n_hvg": int(chosen.sum()), "n_hvg_shared": int((chosen & in_query).sum())}
    found = marker_table(logged, list(adata.var_names[in_query]), predicted, seed=run.config.evaluation.seed)
    write_json(run.folder / keys.MARKERS_FILE, {**found, "overlap": overlap})


def marker_table(logged: "csr_matrix", genes: list[str], predicted: pd.Series, seed: int = 0) -> dict[str, Any]:
    """The top genes of each predicted type, and how they are expressed in all of them.

    Parameters
    ----------
    logged
        (cells, genes) log-normalised counts.
    predicted
        Predicted type of each cell.

    Returns
    -------
    dict
        `types` by falling number of cells (`n`); `genes`, up to 3 a type in the order of the types, each once; `mean`
        (types, genes) of the log-normalised expression and `share` (types, genes) of cells that express it, 0 to 1.
    """
    names = predicted.astype(str).to_numpy()
    sizes = pd.Series(names).value_counts()
    types = sorted(sizes.index, key=lambda name: (-sizes[name], name))
    ranked = _ranked(logged, names, [name for name in types if sizes[name] >= ENOUGH], seed)
    chosen: list[int] = []
    for name in types:
        fresh = [gene for gene in ranked.get(name, ()) if gene not in chosen]
        chosen += fresh[:A_TYPE]
    few = logged[:, chosen].toarray()
    groups = [few[names == name] for name in types]
    return {
        "types": types,
        "genes": [genes[i] for i in chosen],
        "mean": [_rounded(group.mean(0)) for group in groups],
        "share": [_rounded((group > 0).mean(0)) for group in groups],
        "n": [len(group) for group in groups],
    }


def _ranked(logged: "csr_matrix", names: np.ndarray, types: list[str], seed: int) -> dict[str, list[int]]:
    """Columns of the genes that are higher in each type than in the other cells, best first."""
    if len(types) < 2:
        return {}
    import anndata as ad
    import scanpy as sc
    from scipy import sparse

    rng = np.random.default_rng(seed)
    places = [np.flatnonzero(names == name) for name in types]
    drawn = np.sort(np.concatenate([rng.permutation(place)[:MOST_CELLS] for place in places]))
    columns = _candidates(logged[drawn], pd.Categorical(names[drawn], categories=types))
    obs = pd.DataFrame({"type": pd.Categorical(names[drawn], categories=types)}, index=drawn.astype(str))
    cells = ad.AnnData(
        sparse.csr_matrix(logged[drawn][:, columns]), obs=obs, var=pd.DataFrame(index=columns.astype(str))
    )
    cells.uns["log1p"] = {"base": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of logarithms of zero, in fold changes of genes that a group lacks
        sc.tl.rank_genes_groups(cells, "type", method="wilcoxon", tie_correct=True)
    found = cells.uns["rank_genes_groups"]
    return {
        name: [int(gene) for gene, score in zip(found["names"][name], found["scores"][name], strict=True) if score > 0]
        for name in types
    }


def _candidates(logged: "csr_matrix", groups: pd.Categorical) -> np.ndarray:
    """Columns whose mean lies most above that of the other cells, the same number for each type."""
    member = np.equal.outer(np.arange(len(groups.categories)), groups.codes).astype(np.float32)  # (types, cells)
    sums, sizes = member @ logged, member.sum(1, keepdims=True)  # (types, genes), (types, 1)
    above = sums / sizes - (sums.sum(0) - sums) / (sizes.sum() - sizes)
    best = np.argsort(-above, axis=1, kind="stable")[:, :CANDIDATES]
    return np.unique(best)


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]
