"""Finding UMI counts, and what is said about those that were found."""

import shlex
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from semafo.data.hdf5.matrices import Matrix
from semafo.data.reading.count_places import PARTS, by_meaning, is_called_counts, means_counts
from semafo.data.reading.count_values import NOISE, UNDECIDED, Decimals, decimals, is_binary, no_numbers, objection
from semafo.data.reading.sources import Source
from semafo.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_USUAL = ("layers/counts", "X", "raw")


class _Taken(NamedTuple):
    name: str
    matrix: Matrix
    counts: "csr_matrix"


def find_counts(
    source: Source, wanted: str, rounded: bool = False
) -> tuple[str, "csr_matrix", pd.DataFrame, list[str]]:
    """The first matrix that holds counts.

    Parameters
    ----------
    wanted
        "auto" for a layer whose name means counts, X, raw, spliced and unspliced added up, or the only other layer that
        holds counts; otherwise the name of the only one to look at.
    rounded
        Round counts with decimals to whole ones; without it they stay as they are.

    Returns
    -------
    tuple
        Name, counts (CSR float32, canonical), table of genes, warnings.

    Raises
    ------
    DataError
        Nothing holds counts, or several layers could.
    """
    refused: dict[str, str] = {}
    taken = _unasked(source, refused) if wanted == "auto" else _asked(source, wanted, refused)
    if taken is None:
        raise DataError(_nothing(source, wanted, refused))
    name, matrix, counts = taken
    warnings = _origin(name, refused) if wanted == "auto" else []
    found = decimals(counts.data)
    if is_binary(counts):
        warnings.append(
            "The counts hold 0 and 1 only, as if they had been binarised: how strongly a gene is expressed is lost."
        )
    if found is not None:
        warnings.append(_about_decimals(found, rounded))
    counts = _tidy(counts, whole=found is None or rounded)
    if not counts.nnz:
        raise DataError(
            f"{source.title} has no counts: {name} is zero everywhere once it is rounded. Expected some counts above "
            "one half: leave these as they are, without --round-counts."
        )
    return name, counts, matrix.read_var(), warnings


def _asked(source: Source, wanted: str, refused: dict[str, str]) -> _Taken | None:
    """The matrix of that name."""
    if wanted not in source.matrices:
        raise DataError(
            f"{source.title} has no {wanted!r} to take counts from. It has: "
            f"{', '.join(source.matrices) or 'no matrix'}. Choose one of those, or 'auto'."
        )
    return _first_of({wanted: source.matrices[wanted]}, True, refused)


def _unasked(source: Source, refused: dict[str, str]) -> _Taken | None:
    """What is called counts, or else the only other layer that holds some. DataError where there are several."""
    places = by_meaning(source.matrices)
    taken = _first_of(places, False, refused)
    if taken is not None:
        return taken
    found = []
    for name in source.matrices:
        if name in PARTS:
            refused[name] = "is a part of the counts (RNA velocity) and taken alone only where it is asked for"
        elif name not in places:
            taken = _first_of({name: source.matrices[name]}, False, refused)
            if taken is not None and is_binary(taken.counts):
                refused[name] = "holds 0 and 1 only, which need not be counts"
            elif taken is not None:
                found.append(name)
    if len(found) > 1:
        raise DataError(
            f"{source.title} has several layers that could be its counts: {', '.join(found)}. Choose one by --counts "
            f"{shlex.quote(found[0])}."
        )
    return _first_of({name: source.matrices[name] for name in found}, False, refused)


def _first_of(places: dict[str, Matrix], trusted: bool, refused: dict[str, str]) -> _Taken | None:
    """The first place that holds counts; why those before it do not is noted."""
    for name, matrix in places.items():
        why = no_numbers(matrix.peek())
        if why is None:
            counts = matrix.read()
            why = objection(counts, trusted or means_counts(name))
            if why is None:
                return _Taken(name, matrix, counts)
        refused[name] = why
    return None


def _tidy(counts: "csr_matrix", whole: bool) -> "csr_matrix":
    counts = counts.astype(np.float32)
    counts.sum_duplicates()
    counts.data = np.rint(counts.data) if whole else np.where(counts.data > NOISE, counts.data, np.float32(0))
    counts.eliminate_zeros()
    return counts


def _nothing(source: Source, wanted: str, refused: dict[str, str]) -> str:
    """What there is instead of counts."""
    found = "; ".join(f"{name} {why}" for name, why in refused.items()) or "no matrix at all"
    undecided = [name for name, why in refused.items() if wanted == "auto" and why.endswith(UNDECIDED)]
    choose = f" If they are counts, choose them by --counts {shlex.quote(undecided[0])}." if undecided else ""
    return (
        f"{source.title} has no counts. Found: {found}. Expected UMI counts, 0 or more, in layers['counts'], X or raw: "
        f"models of counts cannot work on normalised values.{choose}"
    )


def _origin(name: str, refused: dict[str, str]) -> list[str]:
    """Which layer that is called counts holds none, and where they were taken from, unless that is a usual place."""
    said = [
        f"{passed} {why}; counts were taken from {name} instead."
        for passed, why in refused.items()
        if is_called_counts(passed)
    ]
    if name in _USUAL:
        return said
    if " + " in name:
        why = "RNA velocity's parts added up, as no matrix holds their total"
    elif is_called_counts(name):
        why = "its name means counts"
    else:
        why = "the only other layer that holds counts"
    return [*said, f"Counts were taken from {name}: {why}. Choose another matrix by --counts if that is wrong."]


def _about_decimals(found: Decimals, rounded: bool) -> str:
    have = f"The counts have decimals ({found.share_in_words} of them, such as {found.example:.3g})"
    if rounded:
        return f"{have} and were rounded to whole ones, as --round-counts asks."
    return f"{have}: the models read them as they are, as scvi-tools does; --round-counts rounds them."
