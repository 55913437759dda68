"""Finding UMI counts: whole numbers of 0 or more."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from semafo.data.reading.sources import Source
from semafo.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_TOLERANCE = 1e-3  # distance to a whole number that float32 may leave
_LARGEST_LOG = 30.0  # a fractional matrix whose largest value is below this looks logarithmic


def find_counts(source: Source, wanted: str) -> tuple[str, "csr_matrix", pd.DataFrame, list[str]]:
    """The first matrix that holds counts.

    Parameters
    ----------
    wanted
        "auto" for `layers/counts`, X, raw, then any other layer; otherwise the name of the only one to look at.

    Returns
    -------
    tuple
        Name, counts (CSR float32, canonical), table of genes, warnings.
    """
    names = list(source.matrices) if wanted == "auto" else [wanted]
    if wanted != "auto" and wanted not in source.matrices:
        raise DataError(
            f"{source.title} has no {wanted!r} to take counts from. It has: "
            f"{', '.join(source.matrices) or 'no matrix'}. Choose one of those, or 'auto'."
        )
    refused = {}
    for name in names:
        matrix = source.matrices[name]
        refused[name] = objection(matrix.peek())
        if refused[name] is None:
            counts = matrix.read()
            refused[name] = objection(counts.data, counts.shape)
        if refused[name] is None:
            return name, _tidy(counts), matrix.read_var(), _doubts(name, wanted, refused)
    found = "; ".join(f"{name} {why}" for name, why in refused.items()) or "no matrix at all"
    raise DataError(
        f"{source.title} has no counts. Found: {found}. Expected UMI counts, whole numbers of 0 or more: store them as "
        "layers['counts'], X or raw, since models of counts cannot work on normalised values."
    )


def objection(values: np.ndarray, shape: tuple[int, int] | None = None) -> str | None:
    """Why values are no counts, in words that follow the matrix's name; None where they are."""
    if shape is not None and 0 in shape:
        return f"has {shape[0]} cells and {shape[1]} genes"
    if values.dtype.kind not in "biuf":
        return f"holds {values.dtype} rather than numbers"
    if values.size == 0 or not np.any(values):
        return None if shape is None else "is zero everywhere"
    if not np.isfinite(values).all():
        return "holds missing or infinite values (NaN or inf)"
    if values.min() < 0:
        return f"holds negative values (down to {values.min():.3g})"
    fractions = np.abs(values - np.rint(values)) > _TOLERANCE
    if fractions.any():
        kind = "log-normalised" if values.max() < _LARGEST_LOG else "normalised"
        return f"holds values such as {values[fractions][0]:.4g}, so it looks {kind}"
    return None


def _tidy(counts: "csr_matrix") -> "csr_matrix":
    counts = counts.astype(np.float32)
    counts.data = np.rint(counts.data)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    return counts


def _doubts(name: str, wanted: str, refused: dict[str, str | None]) -> list[str]:
    warnings = []
    passed_over = refused.get("layers/counts")
    if passed_over:
        warnings.append(f"layers/counts {passed_over}; counts were taken from {name} instead.")
    if wanted == "auto" and name.startswith("layers/") and name != "layers/counts":
        warnings.append(f"Neither layers/counts, X nor raw holds counts: they were taken from {name}. Check that.")
    return warnings
