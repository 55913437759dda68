"""How densely cells lie on a map: a smoothed grid, and lines around the densest parts.

A line encloses the smallest area that holds a given share of the cells (a highest density region, Hyndman 1996), so it
means the same for every type and every number of cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BINS = 72  # along each side of the grid
SMOOTHING = 1.6  # standard deviation of the smoothing kernel, in bins
ROOM = 0.08  # around the cells, so that lines close
SHARES_OF_ALL = (0.25, 0.5, 0.75, 0.95)
SHARES_OF_GROUP = (0.75,)
FEWEST_CELLS = 20  # of a group that gets lines


@dataclass(frozen=True, eq=False)
class Density:
    """Smoothed numbers of cells in square bins, for groups of cells.

    Attributes
    ----------
    low, step
        Lower left corner (2,) and edge of a bin, in the map's coordinates.
    counts
        (groups, BINS, BINS) cells a bin, by group, y and x.
    bins
        (n, 2) int, each cell's bin along x and y.
    """

    low: np.ndarray
    step: float
    counts: np.ndarray
    bins: np.ndarray

    @classmethod
    def of(cls, xy: np.ndarray, codes: np.ndarray | None = None, n_groups: int = 1) -> "Density":
        """Density of each group. xy: (n, 2), n at least 1; codes: (n,) groups; None puts all cells in one."""
        low, high = xy.min(axis=0).astype(np.float64), xy.max(axis=0).astype(np.float64)
        edge = float((high - low).max()) or 1.0
        low = (low + high - edge * (1 + 2 * ROOM)) / 2
        step = edge * (1 + 2 * ROOM) / BINS
        bins = ((xy - low.astype(np.float32)) / np.float32(step)).astype(np.int32)
        places = bins[:, 1] * BINS + bins[:, 0]
        if codes is not None:
            places = places + codes.astype(np.int64) * BINS**2
        counts = np.bincount(places, minlength=n_groups * BINS**2).reshape(n_groups, BINS, BINS)
        return cls(low, step, _KERNEL @ counts @ _KERNEL.T, bins)

    def lines(self, group: int, share: float) -> np.ndarray:
        """Line around the densest bins that hold a share of the group's cells, as (3 m, 2) pieces with NaN between."""
        heights = self.counts[group]
        descending = np.sort(heights, axis=None)[::-1]
        held = np.cumsum(descending)
        level = descending[min(int(np.searchsorted(held, share * held[-1])), len(held) - 1)]
        return self.low + self.step * (level_lines(heights, level) + 0.5)  # a bin's value belongs to its middle


def contours(
    xy: np.ndarray, colours: Sequence[str], codes: np.ndarray | None = None
) -> tuple[tuple[str, np.ndarray], ...]:
    """Lines of equal density: of all cells in the first colour, or of each group in its own.

    Parameters
    ----------
    xy
        (n, 2) places.
    codes
        (n,) each cell's place among the colours; None: all cells are one group.

    Returns
    -------
    tuple
        A colour and its (m, 2) corners, with NaN between the pieces; groups of few cells are left out.
    """
    if len(xy) < FEWEST_CELLS:
        return ()
    density = Density.of(xy, codes, len(colours))
    sizes = [len(xy)] if codes is None else np.bincount(codes, minlength=len(colours))
    shares = SHARES_OF_ALL if codes is None else SHARES_OF_GROUP
    return tuple(
        (colours[group], np.concatenate([density.lines(group, share) for share in shares]))
        for group in np.flatnonzero(np.asarray(sizes) >= FEWEST_CELLS).tolist()
    )


def level_lines(heights: np.ndarray, level: float) -> np.ndarray:
    """Where a surface has a height, by marching squares, (3 m, 2): m pieces of two ends (x, y) and a row of NaN.

    heights: (rows, columns), the value at y = row and x = column. Ends lie on the lines between neighbouring values,
    by linear interpolation.
    """
    corners = np.stack([heights[:-1, :-1], heights[:-1, 1:], heights[1:, 1:], heights[1:, :-1]])  # anticlockwise
    case = (corners >= level).astype(np.uint8)
    case = case[0] + 2 * case[1] + 4 * case[2] + 8 * case[3]
    pieces = []
    for first, second, cases in _PIECES:
        rows, columns = np.nonzero(np.isin(case, cases))
        squares, lower_left = corners[:, rows, columns], np.column_stack([columns, rows])
        ends = [lower_left + _crossing(squares, side, level) for side in (first, second)]
        pieces.append(np.stack([*ends, np.full((len(rows), 2), np.nan)], axis=1))
    return np.concatenate(pieces).reshape(-1, 2)


_CORNERS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float64)
_SIDES = {"lower": (0, 1), "right": (1, 2), "upper": (3, 2), "left": (0, 3)}
_PIECES = (  # two sides of a square that a line joins, and the cases in which it does; 5 and 10 have two lines
    ("left", "lower", (1, 14, 10)),
    ("lower", "right", (2, 13, 5)),
    ("right", "upper", (4, 11, 10)),
    ("left", "upper", (8, 7, 5)),
    ("left", "right", (3, 12)),
    ("lower", "upper", (6, 9)),
)


def _crossing(corners: np.ndarray, side: str, level: float) -> np.ndarray:
    """Where the height is on a side of each square, (m, 2) from the square's lower left. corners: (4, m)."""
    start, end = _SIDES[side]
    share = (level - corners[start]) / (corners[end] - corners[start])
    return _CORNERS[start] + share[:, None] * (_CORNERS[end] - _CORNERS[start])


def _kernel() -> np.ndarray:
    """Rows of a Gaussian, so that a product from the left smooths along y and from the right along x."""
    apart = np.subtract.outer(np.arange(BINS), np.arange(BINS))
    weights = np.exp(-0.5 * (apart / SMOOTHING) ** 2)
    return weights / weights.sum(axis=0)  # a cell stays one cell


_KERNEL = _kernel()
