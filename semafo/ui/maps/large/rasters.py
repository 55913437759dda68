"""Pictures of maps with very many cells, made on the server: their size does not grow with the cells.

Cells are counted pixel by pixel. A pixel's colour is the mean of its cells' colours, so it says which type prevails;
its opacity grows with the logarithm of their number, so that single cells are seen beside thousands.
"""

import base64
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.colors
from PIL import ImageColor

from semafo.ui.charts import colours
from semafo.ui.charts.maps.raster import Raster

PIXELS = 560  # of a picture's longer edge: a panel is about 350 wide, on a fine screen twice as many
MARGIN = 0.03  # around the cells, as a share of the map
SIZE = 3.0  # pixels across a cell
FAINTEST, STRONGEST = 0.6, 1.0  # opacity of a lone cell, and where there are most
_GAMMA = 2.0  # colours are mixed as light is: the mean of blue and orange is no mud
_STEPS = 32  # levels of a colour that are told apart; fewer make a smaller file
_SCALE_STEPS = 256
Window = tuple[float, float, float, float]
ColourScale = str | Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Canvas:
    """The piece of a map that a picture covers, and its pixels."""

    x0: float
    x1: float
    y0: float
    y1: float
    width: int
    height: int

    @classmethod
    def around(cls, xy: np.ndarray) -> "Canvas":
        """All cells, with a margin; pixels are squares. xy: (n, 2)."""
        if len(xy) == 0:
            return cls.of((0.0, 1.0, 0.0, 1.0))
        columns = [np.ascontiguousarray(xy[:, axis]) for axis in (0, 1)]
        (x0, x1), (y0, y1) = ((float(column.min()), float(column.max())) for column in columns)
        edge = MARGIN * (max(x1 - x0, y1 - y0) or 1.0)
        return cls.of((x0 - edge, x1 + edge, y0 - edge, y1 + edge))

    @classmethod
    def of(cls, window: Window, sharper: float = 1.0) -> "Canvas":
        """A window given by its left, right, lower and upper edge, with so many times the usual pixels an edge."""
        x0, x1, y0, y1 = (float(edge) for edge in window)
        step = max(x1 - x0, y1 - y0) / (sharper * PIXELS)
        return cls(x0, x1, y0, y1, max(1, round((x1 - x0) / step)), max(1, round((y1 - y0) / step)))

    @property
    def n_pixels(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    def place(self, xy: np.ndarray) -> "Placed":
        """Find the pixels of cells. xy: (n, 2), finite."""
        columns = (xy[:, 0] - self.x0) * (self.width / (self.x1 - self.x0))
        lines = (self.y1 - xy[:, 1]) * (self.height / (self.y1 - self.y0))
        inside = (columns >= 0) & (columns < self.width) & (lines >= 0) & (lines < self.height)
        rows = None if inside.all() else np.flatnonzero(inside).astype(np.int32)
        if rows is not None:
            columns, lines = columns[rows], lines[rows]
        return Placed(self, rows, lines.astype(np.int32) * self.width + columns.astype(np.int32))


@dataclass(frozen=True, eq=False)
class Placed:
    """Cells on a canvas. Finding their pixels takes as long as drawing them, and stays true in other colours.

    Attributes
    ----------
    rows
        Rows of the cells on the canvas, ascending; None where all of them are.
    pixels
        (m,) pixel of each, counted line by line from the upper left.
    """

    canvas: Canvas
    rows: np.ndarray | None
    pixels: np.ndarray

    def of(self, values: np.ndarray) -> np.ndarray:
        """The values of the cells on the canvas, (m,), of values of all cells."""
        return values if self.rows is None else values[self.rows]

    def only(self, mask: np.ndarray) -> "Placed":
        """Some of the cells. mask: (n,) bool of all cells."""
        rows = np.flatnonzero(mask) if self.rows is None else self.rows[mask[self.rows]]
        return Placed(self.canvas, rows, self.pixels[self.of(mask)])

    def counts(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Number of cells in each pixel, or the sum of their weights."""
        return np.bincount(self.pixels, weights, self.canvas.n_pixels)


def of_categories(placed: Placed, codes: np.ndarray, palette: Sequence[str], size: float = SIZE) -> Raster:
    """Cells in the colours of their categories.

    Parameters
    ----------
    codes
        (n,) whole numbers, places in the palette.
    palette
        A colour each category, as in the legend.
    size
        Pixels across a cell.
    """
    light = np.array([ImageColor.getrgb(colour)[:3] for colour in palette], dtype=np.float64).reshape(-1, 3) ** _GAMMA
    chosen = placed.of(codes)
    sums = np.array([placed.counts(light[:, i][chosen]) for i in range(3)])
    return _draw(placed.canvas, sums, placed.counts(), size)


def of_numbers(
    placed: Placed, shares: np.ndarray, scale: ColourScale = colours.CONFIDENCE, size: float = SIZE
) -> Raster:
    """Cells in the colours of a scale: each pixel in that of its cells' mean.

    Parameters
    ----------
    shares
        (n,) places on the scale, 0 to 1; cells without a number (NaN) have the colour of what is missing.
    scale
        A plotly scale: its name, or pairs of place and colour.
    """
    known = placed.only(np.isfinite(shares))
    n_known, n_all = known.counts(), placed.counts()
    n_missing = n_all - n_known
    means = known.counts(np.clip(known.of(shares), 0, 1)) / np.maximum(n_known, 1)
    grey = np.array(ImageColor.getrgb(colours.NEUTRAL), dtype=np.float64) ** _GAMMA
    sums = _light_of(scale)[np.rint((_SCALE_STEPS - 1) * means).astype(np.int64)].T * n_known
    return _draw(placed.canvas, sums + grey[:, None] * n_missing, n_all, size)


def _light_of(scale: ColourScale) -> np.ndarray:
    """Light of a scale's steps, (256, 3), interpolated as plotly does."""
    pairs = plotly.colors.get_colorscale(scale) if isinstance(scale, str) else scale
    ends = np.array([ImageColor.getrgb(colour)[:3] for _, colour in pairs], dtype=np.float64)
    places, steps = [place for place, _ in pairs], np.linspace(0, 1, _SCALE_STEPS)
    return np.column_stack([np.interp(steps, places, ends[:, i]) for i in range(3)]) ** _GAMMA


def _draw(canvas: Canvas, sums: np.ndarray, counts: np.ndarray, size: float) -> Raster:
    """sums: (3, pixels) of light; counts: (pixels,) cells; size: of a cell, in pixels across."""
    planes = np.concatenate([sums, counts[None]]).reshape(4, canvas.height, canvas.width).astype(np.float32)
    picture = _picture(_spread(planes, size))
    return Raster(_encoded(picture), canvas.x0, canvas.x1, canvas.y0, canvas.y1)


def _spread(planes: np.ndarray, size: float) -> np.ndarray:
    """Every cell as a disc of so many pixels across: a single pixel would not be seen. planes: (4, h, w)."""
    reach = int(size / 2)
    _, height, width = planes.shape
    padded = np.pad(planes, ((0, 0), (reach, reach), (reach, reach)))
    found = np.zeros_like(planes)
    for down, right in _disc(size):
        found += padded[:, reach + down : reach + down + height, reach + right : reach + right + width]
    return found


def _disc(size: float) -> list[tuple[int, int]]:
    """Pixels of a disc around one in its middle."""
    reach = range(-int(size / 2), int(size / 2) + 1)
    return [(down, right) for down in reach for right in reach if math.hypot(down, right) <= size / 2]


def _picture(planes: np.ndarray) -> np.ndarray:
    """Colours and opacity of each pixel, (h, w, 4), 0 to 1. planes: (4, h, w), light summed over cells, and cells."""
    counts = planes[3]
    picture = np.zeros((*counts.shape, 4), dtype=np.float32)
    drawn = counts > 0.5
    n = counts[drawn]
    picture[drawn, :3] = ((planes[:3, drawn] / n) ** (1 / _GAMMA) / 255).T
    most = float(n.max(initial=1.0))
    growth = np.log(n) / math.log(most) if most > 1.5 else np.zeros_like(n)
    picture[drawn, 3] = FAINTEST + (STRONGEST - FAINTEST) * growth
    return picture


def _encoded(picture: np.ndarray) -> str:
    """A PNG as a data URI. picture: (h, w, 4), 0 to 1.

    Written here, since zlib alone, on lines as they are, takes a quarter of the time of a library that tries filters.
    """
    levels = np.rint(np.rint(picture * (_STEPS - 1)) * (255 / (_STEPS - 1))).astype(np.uint8)
    height, width, _ = levels.shape
    lines = np.zeros((height, 1 + 4 * width), dtype=np.uint8)  # a 0 before each line: no filter
    lines[:, 1:] = levels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)  # 8 bits of red, green, blue and opacity each
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.data, 4)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _chunk(name: bytes, content: bytes) -> bytes:
    checked = name + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
