"""The genes by which a run's predicted types stand out, from the expression that the run kept.

The types were predicted from the same counts, so a p-value would mean nothing and none is given.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from semafo.runs.folder.expression import Genes

ENOUGH = 10  # cells that a predicted type needs to have markers
A_TYPE = 3  # genes
CLEAR = 0.5  # standard deviations that a gene must be higher by
_LOOKED_AT = 30  # genes of a type that differ most, of which those that are higher in it count


def type_markers(genes: Genes, codes: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """The top genes of each predicted type, and how they are expressed in all of them.

    Parameters
    ----------
    codes
        (n_cells,) place of each cell's predicted type among the names, -1 for cells that are left out.
    names
        Predicted types.

    Returns
    -------
    dict
        `types` by falling number of cells (`n`); `genes`, up to 3 a type in the order of the types, each once: those
        that are higher in the type than in the other cells by most standard deviations, at least half a one (Cohen's
        d); `mean`
        (types, genes) log-normalised expression and `share` (types, genes) of cells that express it, 0 to 1.
    """
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    places = [int(i) for i in np.argsort(-sizes, kind="stable") if sizes[i]]
    chosen = _chosen(genes, codes, [i for i in places if sizes[i] >= ENOUGH])
    mean, share = np.zeros((2, len(places), len(chosen)))
    for column, gene in enumerate(chosen):
        values = genes.values(gene)
        mean[:, column] = _sums(values, codes, len(names))[places] / sizes[places]
        share[:, column] = _sums(values > 0, codes, len(names))[places] / sizes[places]
    return {
        "types": [names[i] for i in places],
        "genes": chosen,
        "mean": mean.round(4).tolist(),
        "share": share.round(4).tolist(),
        "n": [int(sizes[i]) for i in places],
    }


def _chosen(genes: Genes, codes: np.ndarray, types: Sequence[int]) -> list[str]:
    """Up to three genes of each type that no type before it has."""
    chosen: list[str] = []
    for code in types:
        is_type = codes == code
        table = genes.telling_apart(is_type, (codes >= 0) & ~is_type, _LOOKED_AT)
        higher = table.loc[table["d"] >= CLEAR, "gene"]
        chosen += [str(gene) for gene in higher if gene not in chosen][:A_TYPE]
    return chosen


def _sums(values: np.ndarray, codes: np.ndarray, n: int) -> np.ndarray:
    """Sum over the cells of each code, (n,)."""
    return np.bincount(codes + 1, weights=values, minlength=n + 1)[1:]
