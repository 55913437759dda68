"""Where counts may be: matrices by what their names mean, never by alphabet."""

import re
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from semafo.data.hdf5.matrices import Matrix
from semafo.data.reading.count_values import looks_unlike_counts

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

PARTS = ("layers/spliced", "layers/unspliced", "layers/ambiguous")  # of the counts, for RNA velocity
# Letters of layers whose names mean counts, first ones first; "matrix" is the total of RNA velocity's layers.
_NAMES = ("counts", "rawcounts", "count", "rawcount", "umi", "umis", "umicounts", "matrix")
_OF_COUNTS = re.compile(r"count|umi|soupx|decontx|cellbender|rsem")
_OF_NORMALISED = re.compile(r"log|norm|scale|cpm|tpm|fpkm|rpkm")


def by_meaning(matrices: dict[str, Matrix]) -> dict[str, Matrix]:
    """The places where counts are looked for, first ones first; other layers are none of them.

    Places without a telling name whose first values are unlike counts come last: most hold logarithms, and to read all
    of them only to refuse them takes long.
    """
    named = {name: matrix for known in _NAMES for name, matrix in matrices.items() if _letters(name) == known}
    usual = {name: matrices[name] for name in ("X", "raw") if name in matrices} | _total(matrices)
    later = {name for name, matrix in usual.items() if looks_unlike_counts(matrix.peek())}
    return named | dict(sorted(usual.items(), key=lambda place: place[0] in later))


def is_called_counts(name: str) -> bool:
    """Whether a layer has a name by which counts are found."""
    return _letters(name) in _NAMES


def means_counts(name: str) -> bool:
    """Whether a layer's name says that it holds counts, corrected ones too: decimals in it are then counts."""
    letters = _letters(name)
    return is_called_counts(name) or bool(_OF_COUNTS.search(letters) and not _OF_NORMALISED.search(letters))


def _total(matrices: dict[str, Matrix]) -> dict[str, Matrix]:
    """RNA velocity's parts added up, where spliced and unspliced are there."""
    if not set(PARTS[:2]) <= set(matrices):
        return {}
    parts = {name: matrices[name] for name in PARTS if name in matrices}
    spliced = parts[PARTS[0]]

    def read() -> "csr_matrix":
        return reduce(add, (part.read().astype(np.float32) for part in parts.values()))

    return {" + ".join(parts): Matrix(spliced.peek, read, spliced.read_var)}


def _letters(name: str) -> str:
    """The letters of a layer's own name, small; none of other matrices."""
    return re.sub(r"[^a-z]", "", name.lower().removeprefix("layers/")) if name.startswith("layers/") else ""
