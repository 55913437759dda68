"""Highly variable genes."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from semafo import keys
from semafo.errors import DataError

if TYPE_CHECKING:
    from anndata import AnnData

MIN_MODEL_COUNTS = 5  # a cell with fewer counts in the genes that a model reads is unknown: nothing tells its type
CHOSEN = "chosen_gene"  # var column and key of uns: the genes chosen for a reference, see `choose_genes`
_TARGET_SUM = 1e4
_FEWEST_VARYING = 4  # genes: a curve at span 0.3 through fewer has no point to lie on, and its library crashes


def choose_genes(adata: "AnnData", is_reference: np.ndarray, n_top: int) -> tuple[np.ndarray, str]:
    """Choose highly variable genes as training does: on some of the cells, by batch.

    Genes without a count in these cells take no part, so that the choice is the same whatever a query has beside them.
    A choice that `keep_choice` left in `adata` for the same cells and number is taken from there.

    Parameters
    ----------
    adata
        Counts in X, batches in obs[`keys.BATCH_COLUMN`].
    is_reference
        Mask of the cells to look at: the reference in surgery, all cells in one stage.
    n_top
        Genes to choose.

    Returns
    -------
    tuple
        As of `select_hvgs`.
    """
    kept = adata.uns.get(CHOSEN)
    if kept and kept["n_top"] == n_top and np.array_equal(kept["is_reference"], is_reference):
        mask: np.ndarray = adata.var[CHOSEN].to_numpy(dtype=bool)
        if len(mask) == kept["n_genes"]:
            return mask, kept["note"]
    import anndata as ad

    counts, batches = adata.X[is_reference], adata.obs.loc[is_reference, [keys.BATCH_COLUMN]]
    has_counts = counts.getnnz(axis=0) > 0  # with others, ties would fall as they happen to stand
    chosen, note = select_hvgs(ad.AnnData(counts[:, has_counts], obs=batches), n_top, keys.BATCH_COLUMN)
    has_counts[has_counts] = chosen
    return has_counts, note


def keep_choice(adata: "AnnData", is_reference: np.ndarray, n_top: int) -> np.ndarray:
    """Choose genes as `choose_genes`, and keep the choice in `adata` for the next who asks; the mask over genes."""
    mask, note = choose_genes(adata, is_reference, n_top)
    adata.var[CHOSEN] = mask
    adata.uns[CHOSEN] = {"n_top": n_top, "is_reference": is_reference, "n_genes": adata.n_vars, "note": note}
    return mask


def forget_choice(adata: "AnnData") -> None:
    """Take away what `keep_choice` left."""
    adata.uns.pop(CHOSEN, None)
    adata.var.drop(columns=CHOSEN, errors="ignore", inplace=True)


def select_hvgs(adata: "AnnData", n_top: int, batch_key: str | None = None) -> tuple[np.ndarray, str]:
    """Choose genes by the variance of their counts within batches (Seurat v3).

    Its curve fit fails on some data, most of all with many small batches. It is then tried with a wider span, and last
    the genes are chosen by dispersion on log-normalised values; the note says which it was. Batches in which hardly a
    gene varies, such as those of one cell, have no curve of their own: they are taken together as one batch, and left
    out where they are too few even so.

    Parameters
    ----------
    adata
        Counts in X; in surgery the reference alone.
    n_top
        Genes to choose; all where there are no more.
    batch_key
        obs column of the batches; None for one batch.

    Returns
    -------
    tuple
        Boolean mask over genes, and a note for the run's record.

    Raises
    ------
    DataError
        Hardly a gene varies between the cells.
    """
    if n_top >= adata.n_vars:
        return np.ones(adata.n_vars, dtype=bool), f"all {adata.n_vars} genes"
    adata, small = _with_batches_that_fit(adata, batch_key) if batch_key else (adata, "")
    by_batch = batch_key is not None and adata.obs[batch_key].nunique() > 1
    scope = f"{'by batch' if by_batch else 'over all cells'}{small}"
    failures = []
    for name, choose in _WAYS.items():
        try:
            mask = choose(adata, n_top, batch_key if by_batch else None)
        except (ValueError, ZeroDivisionError, IndexError, np.linalg.LinAlgError) as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            failures.append(f"{name} failed: {reason[0]}")
            continue
        note = f"{n_top} of {adata.n_vars} genes, {name}, {scope}"
        return mask, "; ".join([note, *failures])
    raise DataError(
        f"No genes can be chosen: {'; '.join(failures)}. Use cells that differ, or ask for all {adata.n_vars} genes."
    )


def _with_batches_that_fit(adata: "AnnData", batch_key: str) -> tuple["AnnData", str]:
    """The cells with the batches that a curve can be fitted to, and what was done with the others, for the note."""
    import anndata as ad

    batches = adata.obs[batch_key].astype(str)
    small = [name for name, rows in batches.groupby(batches).indices.items() if _hardly_varies(adata.X[rows])]
    if not small or batches.nunique() == 1:
        return adata, ""
    is_small = batches.isin(small).to_numpy()
    which = f"the {len(small)} in which fewer than {_FEWEST_VARYING} genes vary"
    if is_small.all() or not _hardly_varies(adata.X[is_small]):
        pooled = batches.where(~is_small, small[0]).to_frame(batch_key)
        return ad.AnnData(adata.X, obs=pooled), f" ({which} as one)"
    return adata[~is_small], f" (without {which})"


def _hardly_varies(counts: Any) -> bool:
    """Whether too few genes differ between cells for a curve through their variances."""
    return int((counts.max(axis=0) != counts.min(axis=0)).sum()) < _FEWEST_VARYING


def _by_variance(adata: "AnnData", n_top: int, batch_key: str | None, *, span: float) -> np.ndarray:
    import scanpy as sc

    if batch_key is None and _hardly_varies(adata.X):
        raise ValueError(f"fewer than {_FEWEST_VARYING} genes vary")
    options = {"batch_key": batch_key, "span": span, "inplace": False, "check_values": False}  # the preflight looked
    table = sc.pp.highly_variable_genes(adata, flavor="seurat_v3", n_top_genes=n_top, **options)
    mask: np.ndarray = table["highly_variable"].to_numpy(dtype=bool)
    return mask


def _by_dispersion(adata: "AnnData", n_top: int, batch_key: str | None) -> np.ndarray:
    import anndata as ad
    import scanpy as sc

    columns = [batch_key] if batch_key else []
    logged = ad.AnnData(adata.X.copy(), obs=adata.obs[columns].copy())
    sc.pp.normalize_total(logged, target_sum=_TARGET_SUM)
    sc.pp.log1p(logged)
    table = sc.pp.highly_variable_genes(
        logged, flavor="seurat", n_top_genes=n_top, batch_key=batch_key, inplace=False
    ).reset_index(drop=True)
    # Ties at the threshold would let more genes in than were asked for.
    by = ["highly_variable_nbatches", "dispersions_norm"] if batch_key else ["dispersions_norm"]
    best = table[by].fillna(-np.inf).sort_values(by, ascending=False, kind="stable").index[:n_top]
    mask = np.zeros(adata.n_vars, dtype=bool)
    mask[best] = True
    return mask


_WAYS: dict[str, Callable[["AnnData", int, str | None], np.ndarray]] = {
    "seurat_v3 on counts": partial(_by_variance, span=0.3),
    "seurat_v3 on counts with span 1": partial(_by_variance, span=1.0),
    "seurat on log-normalised values": _by_dispersion,
}
