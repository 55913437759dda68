"""What the values of a matrix are: counts, counts with decimals, or what was made of counts.

Counts have decimals where ambient RNA was subtracted from them (SoupX, DecontX) or where reads were shared out between
genes (RSEM, expectation maximisation). What was made of counts is told by what is left of them: normalised values add
up to the same in every cell, and within a cell they are whole multiples of the smallest, which is the count 1. Of
logarithms the same is true once they are taken back.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from semafo import wording

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

UNDECIDED = "whether they are corrected counts or normalised values cannot be told"
NOISE = 1e-6  # values this near to 0 are 0: arithmetic leaves -1e-9 where it should leave nothing
_TOLERANCE = 1e-3  # distance to a whole number that float32 may leave
_MOST_DECIMALS = 0.9  # where more have some, the few whole numbers may be chance
_NEARLY_WHOLE = 0.1  # of numbers without a reason to be so, a fifth is
_PARTS_OF_A_COUNT = (1, 2, 3, 4)  # a read that fits so many genes equally well counts as much less for each
_LARGEST_LOG = 30.0  # larger values are no logarithms
_SAMPLE = 2000  # cells that are looked at
_FEWEST_CELLS = 3  # that have the same total before it means something
_SAME_TOTAL = 0.01  # relative difference of totals, between the 5th and the 95th percentile
_FEWEST_RATIOS, _LARGEST_RATIO, _RATIO_TOLERANCE, _WHOLE_RATIOS = 20, 100, 1e-5, 0.8


class Decimals(NamedTuple):
    """Share of the values above 0 that have decimals, 0 to 1 exclusive of 0, and one of them."""

    share: float
    example: float

    @property
    def share_in_words(self) -> str:
        """In percent; few are not called none."""
        return "less than 1 %" if self.share < 0.01 else wording.percent(self.share)


class _Form(NamedTuple):
    """Something that is done to counts: what it is called, the formula that takes it back, and the same as a function.

    `unscaled` is what it is called where no cell was scaled before.
    """

    name: str
    unscaled: str
    formula: str
    inverse: Callable[[np.ndarray], np.ndarray]


_NORMALISED = _Form("is normalised", "is normalised", "the value", lambda values: values)
_LOGARITHMS = (
    _Form("is log-normalised", "is log-transformed", "exp(value) - 1", np.expm1),
    _Form("is log-normalised", "is log-transformed", "2^value - 1", lambda values: np.exp2(values) - 1),
    _Form("is log-normalised", "is log-transformed", "10^value - 1", lambda values: np.power(10.0, values) - 1),
)
_ROOTS = _Form("holds square roots", "holds square roots", "value²", np.square)


def objection(counts: "csr_matrix", trusted: bool) -> str | None:
    """Why a matrix holds no counts, in words that follow its name; None where it holds some.

    Parameters
    ----------
    trusted
        Somebody says that these are counts: decimals are then refused only where they are shown to be something else.
    """
    if 0 in counts.shape:
        return f"has {wording.cells(counts.shape[0])} and {wording.counted(counts.shape[1], 'gene')}"
    values = counts.data
    if not np.isfinite(values).all():
        return "holds missing or infinite values (NaN or inf)"
    if values.size and values.min() < -NOISE:
        return f"holds negative values (down to {values.min():.3g}), as scaled values do and counts do not"
    if not (values > NOISE).any():
        return "is zero everywhere"
    found = decimals(values)
    if found is None:
        return None
    shown = _what_was_done(counts)
    if shown or trusted or _is_like_counts(values, found):
        return shown
    return f"holds values such as {found.example:.4g}, {found.share_in_words} of them with decimals: {UNDECIDED}"


def no_numbers(values: np.ndarray) -> str | None:
    """Why some values of a matrix are no numbers, in words that follow its name; None where they are."""
    return None if values.dtype.kind in "biuf" else f"holds {values.dtype} rather than numbers"


def decimals(values: np.ndarray) -> Decimals | None:
    """How many values have decimals, by more than float32 may leave; None where all are whole."""
    if values.dtype.kind in "biu":
        return None
    whole = np.rint(values)
    apart = np.abs(values - whole) > np.where(whole == 0, NOISE, _TOLERANCE)
    n_apart = np.count_nonzero(apart)
    if not n_apart:
        return None
    return Decimals(n_apart / np.count_nonzero(values > NOISE), float(values[apart.argmax()]))


def looks_unlike_counts(values: np.ndarray) -> bool:
    """Whether some values of a matrix promise no counts; reading all of it may show others."""
    if values.dtype.kind not in "biuf" or not np.isfinite(values).all():
        return True
    found = decimals(values)
    return found is not None and (values.min() < -NOISE or not _is_like_counts(values, found))


def _is_like_counts(values: np.ndarray, found: Decimals) -> bool:
    """Whether many values are whole, or most are nearly so and some larger than logarithms are."""
    if found.share <= _MOST_DECIMALS:
        return True
    nearly = np.abs(values - np.rint(values)) < _NEARLY_WHOLE
    return bool(values.max() > _LARGEST_LOG and nearly[values > 0.5].mean() > 0.5)


def is_binary(counts: "csr_matrix") -> bool:
    """Whether nothing but 0 and 1 is in it."""
    return bool((counts.data <= 1).all()) and decimals(counts.data) is None


def _what_was_done(counts: "csr_matrix") -> str | None:
    """What shows that values with decimals were made of counts, in words; None where nothing shows it."""
    sample = _sample(counts)
    found = decimals(sample.data)
    if found is None:
        return None
    steps = _steps(sample, _NORMALISED)
    if steps is not None and np.isin(np.round(1 / steps, 3), _PARTS_OF_A_COUNT).mean() > 0.5:
        return None
    logarithms = _LOGARITHMS if sample.data.max() < _LARGEST_LOG else ()
    forms = (_NORMALISED, *logarithms, _ROOTS)
    # cells that were scaled to one total hold hardly a whole number
    traces = (_same_steps,) if found.share <= _MOST_DECIMALS else (_same_total, _same_steps)
    return next((shown for form in forms for trace in traces if (shown := trace(sample, form))), None)


def _same_total(sample: "csr_matrix", form: _Form) -> str | None:
    """Whether every cell has the same total once this is taken back, in words."""
    totals = np.add.reduceat(form.inverse(sample.data), sample.indptr[:-1])
    low, high = np.quantile(totals, (0.05, 0.95))
    if len(totals) < _FEWEST_CELLS or high - low > _SAME_TOTAL * high:
        return None
    return f"{form.name}: {form.formula} adds up to {high:{',.0f' if high >= 100 else '.3g'}} in every cell"


def _same_steps(sample: "csr_matrix", form: _Form) -> str | None:
    """Whether a cell's values are multiples of one once this is taken back, in words."""
    smallest = _steps(sample, form)
    if smallest is None:
        return None
    name = form.unscaled if np.ptp(smallest) < _TOLERANCE else form.name
    return f"{name}: {form.formula} is a whole multiple of the cell's smallest"


def _sample(counts: "csr_matrix") -> "csr_matrix":
    """Cells from all over the matrix, none without a value, in double precision."""
    rows = np.unique(np.linspace(0, counts.shape[0] - 1, _SAMPLE).astype(int))
    sample = counts[rows].astype(np.float64)
    sample.sum_duplicates()
    sample.data[sample.data <= NOISE] = 0
    sample.eliminate_zeros()
    return sample[np.diff(sample.indptr) > 0]


def _steps(sample: "csr_matrix", form: _Form) -> np.ndarray | None:
    """The smallest value of each cell, where the others are whole multiples of it; None where they are not."""
    values = form.inverse(sample.data)
    smallest = np.minimum.reduceat(values, sample.indptr[:-1])
    ratios = values / np.repeat(smallest, np.diff(sample.indptr))
    ratios = ratios[(ratios > 1 + _RATIO_TOLERANCE) & (ratios < _LARGEST_RATIO)]
    whole = np.abs(ratios - np.rint(ratios)) < _RATIO_TOLERANCE * ratios
    return smallest if len(ratios) >= _FEWEST_RATIOS and whole.mean() > _WHOLE_RATIOS else None
