"""Colour scales of numbers: what a panel of points and the bar beside it share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semafo.ui.charts import colours as charts_colours

STEPS = 100  # a number is sent as one of so many whole steps of its scale, a byte each


@dataclass(frozen=True)
class Scale:
    """Numbers from `low` to `high` as colours; numbers beyond an end have the colour of that end.

    Parameters
    ----------
    title
        What the numbers are, with their unit.
    low, high
        Ends of the scale, in the unit of the numbers.
    colours
        A plotly scale: its name, or pairs of place (0 to 1) and colour.
    clipped
        Whether cells lie beyond the ends: the bar then says `≤` and `≥`.
    pale_low
        Whether cells at the low end are drawn lighter: they lack what the numbers count.
    without
        What cells without a number are called.
    """

    title: str
    low: float
    high: float
    colours: str | tuple[tuple[float, str], ...] = charts_colours.CONFIDENCE
    clipped: tuple[bool, bool] = (False, False)
    pale_low: bool = False
    without: str = "Missing"

    def steps(self, numbers: np.ndarray) -> np.ndarray:
        """Places on the scale in whole steps from 0 to `STEPS`, (n,) uint8. Numbers must be finite."""
        span = (self.high - self.low) or 1.0
        return np.rint(STEPS * np.clip((numbers - self.low) / span, 0, 1)).astype(np.uint8)

    @property
    def ticks(self) -> tuple[list[float], list[str]]:
        """Steps of the two ends and the middle, and their texts."""
        middle = (self.low + self.high) / 2
        low, high = (("≤ " * self.clipped[0]) + _text(self.low), ("≥ " * self.clipped[1]) + _text(self.high))
        return [0, STEPS / 2, STEPS], [low, _text(middle), high]


PROBABILITY = Scale("Probability of the predicted type", 0.0, 1.0)


def _text(value: float) -> str:
    """`0.013`, `1.8`, `340`, `12 000`; thin spaces between thousands."""
    text = f"{value:.2g}" if abs(value) < 100 else f"{float(f'{value:.3g}'):,.0f}"
    return text.replace("-", "−").replace(",", "\u2009")


def robust(title: str, numbers: Sequence[np.ndarray], scale: str | tuple, *, most: int = 200_000) -> Scale:
    """A scale from the 1st to the 99th percentile of the numbers of all panels, missing ones left out.

    Of more than `most` numbers every kth is looked at.
    """
    finite = _finite(numbers, most)
    if not len(finite):
        return Scale(title, 0.0, 1.0, scale)
    low, high = np.percentile(finite, [1, 99])
    least, greatest = finite.min(), finite.max()
    if low == high:  # most of the numbers are equal: a gene of few cells
        low, high = least, greatest
    return Scale(title, float(low), float(high), scale, (bool(least < low), bool(greatest > high)))


def from_zero(title: str, numbers: Sequence[np.ndarray], scale: str | tuple, *, most: int = 200_000) -> Scale:
    """A scale from 0 to the 99th percentile of the numbers above 0, which a gene has in few cells."""
    finite = _finite(numbers, most)
    above = finite[finite > 0]
    if not len(above):
        return Scale(title, 0.0, 1.0, scale, pale_low=True)
    high = float(np.percentile(above, 99))
    return Scale(title, 0.0, high, scale, (False, bool(above.max() > high)), pale_low=True)


def around_zero(title: str, numbers: Sequence[np.ndarray], scale: str | tuple, *, most: int = 200_000) -> Scale:
    """A scale with 0 in its middle, out to the 99th percentile of the sizes of the numbers."""
    sizes = np.abs(_finite(numbers, most))
    end = float(np.percentile(sizes, 99)) if len(sizes) else 0.0
    end = end or float(sizes.max(initial=0.0)) or 1.0
    beyond = bool(len(sizes) and sizes.max() > end)
    return Scale(title, -end, end, scale, (beyond, beyond))


def _finite(numbers: Sequence[np.ndarray], most: int) -> np.ndarray:
    total = sum(map(len, numbers))
    every = max(1, total // most)
    together = np.concatenate([np.asarray(one[::every], dtype=np.float64) for one in numbers] or [np.empty(0)])
    return together[np.isfinite(together)]
