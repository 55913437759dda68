"""Where the parts of the comparison stand: blocks side by side, one a method, each of bands from top to bottom."""

import math
from dataclasses import dataclass, replace

from semafo.ui.charts.maps.legend import Place

MOST_IN_A_ROW = 4
_SMALL_WALL = 640  # pixels of a row on a projector of 1280 × 720
GAP = 0.02  # between neighbours, as a share of the width


@dataclass(frozen=True)
class Bands:
    """Heights in pixels of what a block has, from its top."""

    title: int = 68
    map: int = 280
    gap: int = 8
    matrix: int = 280
    room: int = 10
    scores: int = 56
    ticks: int = 34

    @property
    def block(self) -> int:
        """Height of a whole block."""
        return self.title + self.map + self.gap + self.matrix + self.room + self.scores + self.ticks

    @property
    def tops(self) -> dict[str, int]:
        """Pixels from a block's top to the top of each band that is drawn in."""
        of_matrix = self.title + self.map + self.gap
        return {"map": self.title, "matrix": of_matrix, "scores": of_matrix + self.matrix + self.room}


@dataclass(frozen=True)
class Layout:
    """Blocks of a comparison.

    Attributes
    ----------
    n, columns
        Blocks, and how many of them stand in a row; slots beyond the last stay empty.
    bands
        Heights within a block.
    left
        Pixels for names at the left: the same whatever they are, so that nothing moves once they are known.
    enlarged
        How many times as large as usual texts are.
    """

    n: int
    columns: int
    bands: Bands
    left: int = 152
    enlarged: float = 1.0

    @classmethod
    def of(cls, n: int, narrow: bool = False, cramped: bool = False, height: int | None = None) -> "Layout":
        """At most four in a row, five and six in two rows of three; on a telephone one below the other.

        cramped
            Whether two stand in a row at most.
        height
            Pixels that one row has on a wall, where everything is larger; None is a page that scrolls.
        """
        if height is not None:
            times = min(2.0, max(1.2, 1.3 * height / _SMALL_WALL))
            large = Bands(title=round(68 * times), map=0, matrix=0, scores=round(54 * times), ticks=round(32 * times))
            side = max(160, (height - large.block) // 2)
            bands = replace(large, map=side, matrix=side)
            return cls(n, max(2, n), bands, left=round(152 * times), enlarged=times)
        if narrow:
            return cls(n, 1, Bands(map=250, matrix=230), left=100)
        if cramped:
            return cls(n, 2, Bands(map=230, matrix=230), left=110)
        columns = max(2, n if n <= MOST_IN_A_ROW else 3)
        side = {2: 300, 3: 280}.get(columns, 240)
        return cls(n, columns, Bands(map=side, matrix=side))

    @property
    def rows(self) -> int:
        """Rows of blocks."""
        return max(1, math.ceil(self.n / self.columns))

    @property
    def name_length(self) -> int:
        """Characters of a name that fit at the left."""
        return int((self.left - 14) / (6.2 * self.enlarged))

    @property
    def height(self) -> int:
        """Pixels of all blocks."""
        return self.rows * self.bands.block

    def place(self, band: str, i: int) -> Place:
        """Where a band of the ith block stands, as shares of the plotting area's width and height."""
        width = (1 - GAP * (self.columns - 1)) / self.columns
        left = (i % self.columns) * (width + GAP)
        top = (i // self.columns) * self.bands.block + self.bands.tops[band]
        return (left, left + width), (1 - (top + getattr(self.bands, band)) / self.height, 1 - top / self.height)

    def is_first(self, i: int) -> bool:
        """Whether the ith block is the first of its row: names stand at its left."""
        return i % self.columns == 0
