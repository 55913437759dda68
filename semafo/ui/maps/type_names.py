"""Names of types on a map, each where its cells are densest."""

from collections.abc import Sequence

import numpy as np

from semafo import wording
from semafo.ui.charts.maps.density import Density

SMALLEST_SHARE, FEWEST_CELLS = 0.003, 8  # of the cells on the map: smaller types get no label
LONGEST = 22  # characters
CHARACTER, LINE, SPACE = 6.4, 14.0, 3.0  # pixels of a label's text, and of the room at either side
PANEL = 340.0  # pixels of a panel's shorter side
ENOUGH = 200_000  # cells that say where a type is densest: of more, every kth is looked at
NUDGES = (0, 1, -1, 2, -2)  # lines up or down, tried in this order

Label = tuple[str, float, float]  # text, x and y of its middle


def labels(
    xy: np.ndarray, codes: np.ndarray, names: Sequence[str], window: tuple[float, float, float, float] | None = None
) -> tuple[Label, ...]:
    """A label for each type that has enough cells, moved a little or left out where it would lie on a larger type's.

    Parameters
    ----------
    xy
        (n, 2) places of the cells shown.
    codes
        (n,) each cell's place among the names, -1 where it has none.
    window
        x0, x1, y0, y1 of what the panel shows; None: all cells.
    """
    every = max(1, len(xy) // ENOUGH)
    xy, codes = xy[::every], codes[::every]
    xy, codes = xy[codes >= 0], codes[codes >= 0]
    if not len(xy):
        return ()
    sizes = np.bincount(codes, minlength=len(names))
    large = np.flatnonzero(sizes >= max(FEWEST_CELLS, SMALLEST_SHARE * len(xy)))
    places = centres(xy, codes, len(names))
    if window is None:
        (x0, y0), (x1, y1) = xy.min(axis=0), xy.max(axis=0)
        window = (x0, x1, y0, y1)
    ordered = large[np.argsort(-sizes[large], kind="stable")]
    wanted = [(wording.shortened(names[i], LONGEST), float(places[i, 0]), float(places[i, 1])) for i in ordered]
    return _placed(wanted, window)


def centres(xy: np.ndarray, codes: np.ndarray, n_types: int) -> np.ndarray:
    """Middle of the densest part of each type, (n_types, 2), NaN for a type without cells.

    The median of the cells near the peak of the type's density: a type in two clusters is named on one of them and
    never in the empty space between. xy: (n, 2), codes: (n,) at least 0.
    """
    density = Density.of(xy, codes, n_types)
    flat = density.counts.reshape(n_types, -1).argmax(axis=1)
    peaks = np.column_stack([flat % density.counts.shape[2], flat // density.counts.shape[2]])  # (types, 2) bins
    near = np.flatnonzero((np.abs(density.bins - peaks[codes]) <= 1).all(axis=1))
    near_codes, found = codes[near], np.full((n_types, 2), np.nan)
    for code in range(n_types):
        own = near[near_codes == code]
        if not len(own):  # few cells, far from one another: the peak is between them
            own = np.flatnonzero(codes == code)
        if len(own):
            found[code] = np.median(xy[own], axis=0)
    return found


def _placed(wanted: Sequence[Label], window: tuple[float, float, float, float]) -> tuple[Label, ...]:
    """Those labels that find room, larger types first."""
    x0, x1, y0, y1 = window
    unit = (max(x1 - x0, y1 - y0) or 1.0) / PANEL  # of the map, a pixel
    placed: list[Label] = []
    boxes: list[np.ndarray] = []
    for text, x, y in wanted:
        if not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        half = np.array([CHARACTER * len(text) / 2 + SPACE, LINE / 2]) * unit
        if 2 * half[0] < x1 - x0:
            x = float(np.clip(x, x0 + half[0], x1 - half[0]))  # no text beyond the panel's edge
        for nudge in NUDGES:
            middle = np.array([x, y + nudge * LINE * unit])
            box = np.concatenate([middle - half, middle + half])
            if not any(_overlap(box, other) for other in boxes):
                boxes.append(box)
                placed.append((text, float(middle[0]), float(middle[1])))
                break
    return tuple(placed)


def _overlap(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one[:2] < other[2:]).all() and (other[:2] < one[2:]).all())
