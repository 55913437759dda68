"""What one panel of a latent-space figure shows, and how its places become the figure's coordinates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from semafo.ui.charts.colours import Look
from semafo.ui.charts.maps.colour_scale import Scale
from semafo.ui.charts.maps.raster import Raster

STEPS = 32_000  # whole numbers from the middle of a map to its edge


@dataclass(frozen=True)
class Frame:
    """How places on a map become the figure's coordinates: whole numbers around 0, of two bytes.

    They are finer than any screen and half of what floats take. All panels reach from -32 000 to 32 000, so a piece of
    the figure is the same piece of every panel: that is how panels zoom and move as one, whatever their scales.

    Attributes
    ----------
    middle
        Place on the map that is the figure's (0, 0).
    steps
        Whole numbers a unit of the map, the same in both directions.
    half
        Half the map's width and half its height, in whole numbers.
    """

    middle: tuple[float, float]
    steps: float
    half: tuple[float, float] = (STEPS, STEPS)

    @classmethod
    def around(cls, maps: Sequence[np.ndarray]) -> Self:
        """The frame that fits all these maps, (n, 2) each, at least one of them with a cell."""
        low = np.min([xy.min(axis=0) for xy in maps], axis=0).astype(np.float64)
        high = np.max([xy.max(axis=0) for xy in maps], axis=0).astype(np.float64)
        middle, span = (low + high) / 2, high - low
        steps = 2 * STEPS / (float(span.max()) or 1.0)
        return cls(tuple(middle.tolist()), steps, tuple((steps * span / 2).tolist()))

    def drawn(self, xy: np.ndarray) -> np.ndarray:
        """Coordinates in the figure of places on the map, (n, 2) int16; what is beyond the frame is at its edge."""
        middle = np.asarray(self.middle, dtype=np.float32)
        whole = (xy - middle) * np.float32(self.steps)
        return np.clip(np.rint(whole, out=whole), -STEPS - 767, STEPS + 767, out=whole).astype(np.int16)

    def exactly(self, xy: ArrayLike) -> np.ndarray:
        """The same as (n, 2) float64, not rounded."""
        return (np.asarray(xy, dtype=np.float64) - self.middle) * self.steps

    def undrawn(self, points: ArrayLike) -> np.ndarray:
        """Places on the map of coordinates in the figure, (n, 2) float64."""
        return np.asarray(points, dtype=np.float64) / self.steps + self.middle


@dataclass(frozen=True, eq=False)
class Panel:
    """One run's map. All places are in the map's own coordinates.

    Parameters
    ----------
    xy
        (n, 2) coordinates of the cells drawn as points; None where there is no map, and `note` says why.
    codes
        (n,) whole numbers: each cell's category by its place among the looks.
    numbers
        (n,) numbers on the scale, NaN where missing, where cells are coloured by a number.
    looks, scale
        What codes and numbers mean, where this panel has colours of its own.
    hollow
        (n,) bool, cells drawn as rings; None draws none so.
    hover
        (n,) text of each cell.
    frame
        How places become the figure's; None fits the cells drawn.
    lit
        (n,) bool, cells that stand out: the others are faded. None fades none.
    image, lit_image
        Pictures of all cells and of those that stand out, below the points, where there are too many to send.
    corner
        A few words in the lower left corner: what the directions are.
    labels
        Texts with their places, x and y.
    contours
        Lines of equal density, each a colour and its (m, 2) corners, with NaN between the pieces.
    """

    title: str
    lines: tuple[str, ...]
    colour: str | None
    xy: np.ndarray | None = None
    codes: np.ndarray | None = None
    numbers: np.ndarray | None = None
    hollow: np.ndarray | None = None
    hover: np.ndarray | None = None
    note: str = ""
    looks: Mapping[str, Look] | None = None
    scale: Scale | None = None
    frame: Frame | None = None
    lit: np.ndarray | None = None
    image: Raster | None = None
    lit_image: Raster | None = None
    corner: str = ""
    labels: Sequence[tuple[str, float, float]] = ()
    contours: Sequence[tuple[str, np.ndarray]] = ()

    @property
    def n_cells(self) -> int:
        """Cells drawn as points."""
        return 0 if self.xy is None else len(self.xy)

    def rows(self, rows: np.ndarray) -> dict[str, Any]:
        """What the panel has for each cell, of these cells only."""
        columns = ("xy", "codes", "numbers", "hollow", "hover", "lit")
        return {name: None if (found := getattr(self, name)) is None else found[rows] for name in columns}
