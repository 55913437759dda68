"""A query as the reference sees it: the reference's genes, and the labels that the reference has a class for.

The user's cells are never changed: where something has to be, it is done on a copy.
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from scvi import REGISTRY_KEYS
from scvi.data._constants import _SCVI_UUID_KEY

from semafo import keys
from semafo.errors import DataError, SettingsError

REFUSE, SET_UNLABELLED = "refuse", "unlabelled"
_EXAMPLES = 5


def gene_overlap(names: pd.Index, genes: pd.Index) -> dict[str, Any]:
    """How many of the reference's genes a query has.

    Returns
    -------
    dict
        `n_reference_genes`, `n_shared`, `share` (0 to 1, higher is better), and `missing`, the names of the others.
    """
    missing = genes[~genes.isin(names)]
    n_shared = len(genes) - len(missing)
    share = n_shared / max(len(genes), 1)
    return {"n_reference_genes": len(genes), "n_shared": n_shared, "share": share, "missing": list(missing)}


def with_genes_of(adata: AnnData, genes: pd.Index, min_overlap: float) -> tuple[AnnData, dict[str, Any]]:
    """The cells on the reference's genes, in its order; missing genes count as zeros, of which a warning tells.

    Parameters
    ----------
    adata
        Query cells.
    genes
        Names of the reference's genes.
    min_overlap
        Share of the reference's genes that the query must have, 0 to 1.

    Returns
    -------
    The cells (`adata` itself where it has these genes in this order) and the overlap, see `gene_overlap`.

    Raises
    ------
    DataError
        Too few genes are shared, a name occurs twice, or a cell has no count left.
    """
    if adata.var_names.equals(genes):
        return adata, gene_overlap(adata.var_names, genes)
    if not adata.var_names.is_unique:
        twice = adata.var_names[adata.var_names.duplicated()][0]
        raise DataError(f"The query has the gene {twice!r} more than once. Call var_names_make_unique() on it.")
    overlap = gene_overlap(adata.var_names, genes)
    _check_overlap(overlap, min_overlap)
    columns = adata.var_names.get_indexer(genes)  # -1 where missing
    cells = AnnData(
        X=_columns_of(adata.X, columns),
        obs=adata.obs.copy(),
        var=pd.DataFrame(index=genes),
        layers={name: _columns_of(layer, columns) for name, layer in adata.layers.items()},
        obsm={name: values.copy() for name, values in adata.obsm.items()},
        uns={name: value for name, value in adata.uns.items() if name != _SCVI_UUID_KEY},
    )
    n_empty = int((np.asarray(cells.X.sum(1)).ravel() == 0).sum())
    if n_empty:
        raise DataError(f"{n_empty} query cells have no count in the reference's genes. Leave these cells out.")
    return cells, overlap


def _check_overlap(overlap: dict[str, Any], min_overlap: float) -> None:
    missing, share = overlap["missing"], overlap["share"]
    names = ", ".join(map(str, missing[:_EXAMPLES])) + (", …" if len(missing) > _EXAMPLES else "")
    found = f"{overlap['n_shared']} of the reference's {overlap['n_reference_genes']} genes ({share:.0%})"
    if share < min_overlap or not overlap["n_shared"]:
        raise DataError(
            f"The query has {found}, and {min_overlap:.0%} are asked for. Missing: {names}. Check that both name their "
            f"genes the same way. To go on with zeros for the missing genes, lower min_overlap."
        )
    if missing:
        warnings.warn(f"The query has {found}. The missing ones count as zeros: {names}.", UserWarning, stacklevel=4)


def _columns_of(matrix: Any, columns: np.ndarray) -> Any:
    """Columns in a new order, zeros where the index is -1."""
    found = np.flatnonzero(columns >= 0)
    if sparse.issparse(matrix):
        ones = np.ones(len(found), matrix.dtype)
        picker = sparse.csr_matrix((ones, (columns[found], found)), shape=(matrix.shape[1], len(columns)))
        return sparse.csr_matrix(matrix @ picker)
    taken = np.zeros((matrix.shape[0], len(columns)), matrix.dtype)
    taken[:, found] = np.asarray(matrix)[:, columns[found]]
    return taken


def with_known_labels(adata: AnnData, registry: dict[str, Any], unknown_labels: str) -> tuple[AnnData, dict[Any, int]]:
    """The cells with labels that the reference has a class for; missing labels become the unlabelled category.

    Parameters
    ----------
    adata
        Query cells.
    registry
        The reference model's.
    unknown_labels
        "refuse" labels that the reference lacks, or take such cells as "unlabelled" and keep their labels in
        obs[`keys.UNSEEN_LABEL`].

    Returns
    -------
    The cells (`adata` itself where nothing had to be changed) and the number of cells of each unknown label.

    Raises
    ------
    DataError
        There are unknown labels and they are to be refused.
    """
    if unknown_labels not in (REFUSE, SET_UNLABELLED):
        raise SettingsError(f"unknown_labels is {unknown_labels!r}: choose {REFUSE!r} or {SET_UNLABELLED!r}.")
    labels = registry["field_registries"][REGISTRY_KEYS.LABELS_KEY]["state_registry"]
    key, unlabelled = labels["original_key"], labels["unlabeled_category"]
    if key not in adata.obs:
        return adata, {}  # scvi-tools then warns and takes every cell as unlabelled
    known = [label for label in labels["categorical_mapping"] if label != unlabelled]
    check_label_kinds(adata.obs[key], unlabelled)
    column = adata.obs[key].astype(object)
    unseen = ~column.isin([*known, unlabelled]) & column.notna()
    if unseen.any() and unknown_labels == REFUSE:
        raise DataError(_unknown_in_words(column[unseen], known, key, unlabelled))
    if not unseen.any() and column.notna().all():
        return adata, {}
    cells = adata.copy()
    cells.uns.pop(_SCVI_UUID_KEY, None)  # by which scvi-tools tells the user's cells from this copy
    cells.obs[key] = column.mask(unseen | column.isna(), unlabelled).infer_objects().astype("category")
    cells.obs[keys.UNSEEN_LABEL] = column.where(unseen).astype("category")
    counts = column[unseen].value_counts().sort_index()
    return cells, dict(zip(counts.index.tolist(), counts.tolist(), strict=True))


def check_labels(column: pd.Series, unlabelled: Any) -> None:
    """Refuse a label column with missing values, or with text and numbers mixed."""
    check_label_kinds(column, unlabelled)
    if column.isna().any():
        raise DataError(
            f"obs[{column.name!r}] has no value for {column.isna().sum()} cells. Set them to {unlabelled!r}: they are "
            "then predicted."
        )


def check_label_kinds(column: pd.Series, unlabelled: Any) -> None:
    """Refuse a label column that mixes text and numbers, the unlabelled category included: codes would be lost."""
    values = [*column.dropna().unique(), unlabelled]
    if len({isinstance(value, str) for value in values}) > 1:
        raise DataError(
            f"obs[{column.name!r}] and its unlabelled category {unlabelled!r} mix text and numbers. Turn the labels "
            "into text (astype(str)), or give a number that no label has as the unlabelled category."
        )


def _unknown_in_words(unknown: pd.Series, known: list[Any], key: str, unlabelled: Any) -> str:
    names = ", ".join(sorted(str(label) for label in unknown.unique()))
    return (
        f"The query has labels that the reference lacks: {names}. The reference knows {', '.join(map(str, known))}. "
        f"Set those cells to {unlabelled!r} in obs[{key!r}], or pass unknown_labels='unlabelled', which does so on a "
        "copy; or rename their labels, or put cells of these types into the reference."
    )
