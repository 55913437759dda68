"""Which points lie inside a polygon: the server's answer to a lasso.

The browser sends the polygon alone. Sending the cells inside it takes about 130 bytes a cell, and breaks the
connection beyond some 200 000 cells.
"""

from collections.abc import Sequence

import numpy as np

_BLOCK_POINTS = 2**15  # at once: they stay in the processor's cache
Point = tuple[float, float]


def inside(xy: np.ndarray, polygon: Sequence[Point]) -> np.ndarray:
    """Which points are inside, by the even-odd rule: a ray from the point to the right crosses an odd number of edges.

    Where the polygon crosses itself, what is enclosed twice is outside, as the browser fills it. A point on an edge may
    count either way.

    Parameters
    ----------
    xy
        (n, 2) points; one that is not finite is outside.
    polygon
        Corners in order, the last joined to the first; fewer than three enclose nothing.

    Returns
    -------
    numpy.ndarray
        (n,) bool.
    """
    found = np.zeros(len(xy), dtype=bool)
    if len(polygon) < 3:
        return found
    corners = np.asarray(polygon, dtype=np.float64)  # (k, 2)
    low, high = corners.min(axis=0), corners.max(axis=0)
    # Most cells are outside the box around the polygon and are done with after two comparisons.
    x, y = xy[:, 0], xy[:, 1]
    near = np.flatnonzero((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))
    for start in range(0, len(near), _BLOCK_POINTS):
        rows = near[start : start + _BLOCK_POINTS]
        found[rows] = _crosses_oddly(xy[rows, 0].astype(np.float64), xy[rows, 1].astype(np.float64), corners)
    return found


def _crosses_oddly(x: np.ndarray, y: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Even-odd rule for a block of points. x, y: (m,); corners: (k, 2). Returns (m,) bool."""
    odd = np.zeros(len(x), dtype=bool)
    above = y < corners[-1, 1]  # a corner level with the point counts as below it: for one of its two edges
    x0, y0 = corners[-1]
    with np.errstate(over="ignore", invalid="ignore"):  # an edge that is all but level
        for x1, y1 in corners:
            was_above, above = above, y < y1
            if y0 != y1:  # a level edge is crossed by no ray
                odd ^= (was_above != above) & (x < x0 + (y - y0) * ((x1 - x0) / (y1 - y0)))
            x0, y0 = x1, y1
    return odd


def simplified(polygon: Sequence[Point], tolerance: float) -> list[Point]:
    """Fewer corners, none of those left out farther than `tolerance` from the new outline (Douglas and Peucker 1973).

    A lasso that is drawn with a mouse has hundreds of corners, of which a dozen say the same on the screen.
    """
    corners = np.asarray(polygon, dtype=np.float64)
    if len(corners) < 4:
        return list(map(tuple, corners.tolist()))
    keep = np.zeros(len(corners), dtype=bool)
    # The outline is closed: cut it at its first corner and at the one farthest from that.
    opposite = int(np.square(corners - corners[0]).sum(axis=1).argmax())
    keep[[0, opposite]] = True
    closed = np.vstack([corners, corners[:1]])
    parts = [(0, opposite), (opposite, len(corners))]
    while parts:
        start, end = parts.pop()
        distances = _from_line(closed[start + 1 : end], closed[start], closed[end])
        if distances.size and distances.max() > tolerance:
            middle = start + 1 + int(distances.argmax())
            keep[middle] = True
            parts += [(start, middle), (middle, end)]
    return list(map(tuple, corners[keep].tolist()))


def _from_line(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance of points from the piece of line between two ends. points: (m, 2). Returns (m,)."""
    along = end - start
    length = float(along @ along)
    share = np.clip((points - start) @ along / length, 0, 1) if length else np.zeros(len(points))
    return np.hypot(*(points - start - share[:, None] * along).T)
