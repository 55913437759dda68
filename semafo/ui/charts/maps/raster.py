"""A picture of cells too many to be sent one by one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Raster:
    """A picture with a transparent ground, and the piece of a map that it covers.

    Parameters
    ----------
    png
        Data URI of a PNG.
    x0, x1, y0, y1
        Edges in the map's coordinates: left, right, lower and upper.
    """

    png: str
    x0: float
    x1: float
    y0: float
    y1: float
