"""What all figures share: margins, panels and their titles, colour bars, room for the legend."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from semafo import inert, wording
from semafo.ui.charts import colours

WIDE, NARROW = 1060, 340  # pixels that a figure is likely to have
TITLE_SIZE, TEXT_SIZE = 13, 12
LONGEST_TITLE = 44  # characters above a panel; whole on hover


def base(figure: go.Figure, height: int, **layout: Any) -> go.Figure:
    """Set what every figure has: height, quiet margins, no dragging by accident."""
    margin = {"l": 8, "r": 8, "t": 8, "b": 8, "pad": 0, **layout.pop("margin", {})}
    figure.update_layout(height=height, margin=margin, dragmode="pan", hovermode="closest", **layout)
    figure.update_layout(font_size=TEXT_SIZE, legend_font_size=TEXT_SIZE)
    return figure


@dataclass(frozen=True, eq=False)
class PanelGrid:
    """A figure of equal panels, filled row by row. Slots beyond the last panel stay empty."""

    figure: go.Figure
    columns: int
    rows: int
    height: int

    def add(self, index: int, *traces: object) -> None:
        """Draw into the nth panel."""
        for trace in traces:
            self.figure.add_trace(trace, row=index // self.columns + 1, col=index % self.columns + 1)


def panels_in_a_row(n: int, narrow: bool, least: int = 1) -> int:
    """At most three, and four in two rows of two; on a telephone one."""
    return 1 if narrow else 2 if n == 4 else min(3, max(least, n))


def panel_grid(n: int, columns: int, *, panel: int, title: int, bottom: int, gap: float) -> PanelGrid:
    """Empty panels `panel` pixels high, each with `title` pixels above it, and `bottom` pixels below them all.

    `gap` is the room between neighbours as a share of the width.
    """
    rows = max(1, math.ceil(n / columns))
    height = rows * (panel + title) + bottom
    vertical = title / (height - bottom - title) if rows > 1 else 0
    figure = make_subplots(rows=rows, cols=columns, horizontal_spacing=gap, vertical_spacing=vertical)
    return PanelGrid(figure, columns, rows, height)


def hide_empty_slots(grid: PanelGrid, n: int) -> None:
    """No axes where there is no panel."""
    for i in range(n, grid.rows * grid.columns):
        suffix = axis_suffix(i)
        grid.figure.layout[f"xaxis{suffix}"].visible = grid.figure.layout[f"yaxis{suffix}"].visible = False


def colour_bar(title: str, length: int = 260) -> dict[str, object]:
    """A colour scale that lies at the lower left, `length` pixels long."""
    return {
        "orientation": "h",
        "title": {"text": f"{inert.plotly(title)}&nbsp;&nbsp;&nbsp;", "side": "right"},  # room for the first number
        "thickness": 10,
        "len": length,
        "lenmode": "pixels",
        "x": 0,
        "xanchor": "left",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
        "outlinewidth": 0,
    }


def axis_suffix(index: int) -> str:
    """Suffix of the axes of the nth panel: '', '2', '3' …"""
    return "" if index == 0 else str(index + 1)


def panel_title(
    figure: go.Figure, index: int, title: str, lines: Iterable[str] = (), colour: str | None = None
) -> None:
    """Title of a panel at its upper left: a swatch of the run's colour, its name, and small lines below."""
    figure.add_annotation(**title_text(index, title, lines, colour))


def title_text(index: int, title: str, lines: Iterable[str] = (), colour: str | None = None) -> dict[str, object]:
    """The annotation that is a panel's title."""
    short = wording.shortened(title, LONGEST_TITLE)
    name = inert.FigureText(f"<b>{inert.plotly(short)}</b>")
    parts = [colours.mark(colour), " ", name] if colour else [name]
    parts += [inert.FigureText(f"<br><span style='font-size:11px'>{inert.plotly(line)}</span>") for line in lines]
    suffix = axis_suffix(index)
    return {
        "text": inert.plotly(*parts),
        **({} if short == title else {"hovertext": inert.plotly(title)}),
        "x": 0,
        "y": 1,
        "xref": f"x{suffix} domain",
        "yref": f"y{suffix} domain",
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 6,
        "align": "left",
        "showarrow": False,
        "font": {"size": TITLE_SIZE},
    }


def panel_note(figure: go.Figure, index: int, text: str) -> None:
    """A quiet sentence in the middle of a panel that has nothing to draw."""
    figure.add_annotation(**note_text(index, text))


def note_text(index: int, text: str) -> dict[str, object]:
    """The annotation that says why a panel is empty."""
    suffix = axis_suffix(index)
    return {
        "text": f"<span style='color:{colours.NEUTRAL}'>{inert.plotly(text)}</span>",
        "x": 0.5,
        "y": 0.5,
        "xref": f"x{suffix} domain",
        "yref": f"y{suffix} domain",
        "showarrow": False,
        "font": {"size": TEXT_SIZE},
    }


def legend_pixels(names: Iterable[str], narrow: bool) -> int:
    """Height that a legend below the figure takes."""
    width = NARROW if narrow else WIDE
    names = list(names)
    if not names:
        return 0
    entry = max(len(name) for name in names) * 6.6 + 46  # plotly gives all entries the width of the longest
    per_row = max(1, math.floor(width / entry))
    return 14 + 20 * math.ceil(len(names) / per_row)


def bottom_legend(figure: go.Figure) -> None:
    """Put the legend below the figure, in rows."""
    figure.update_layout(legend=legend_rows())


def legend_rows(bottom: float = 0.0, most: int | None = None) -> dict[str, object]:
    """A legend in rows, its lower edge at a share of the figure's height. Above `most` pixels it scrolls."""
    return {
        "orientation": "h",
        "xref": "container",
        "yref": "container",
        "x": 0,
        "xanchor": "left",
        "y": bottom,
        "yanchor": "bottom",
        "itemsizing": "constant",
        "tracegroupgap": 0,
        "title": {"text": ""},
        **({"maxheight": most} if most else {}),
    }


def letter(text: str, top: float, left: int) -> dict[str, object]:
    """The annotation that names a part of a figure in a paper. top: share of the height; left: pixels of the margin."""
    at = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": 4 - left, "yref": "paper", "y": top, "yanchor": "top"}
    return {**at, "text": f"<b>{inert.plotly(text)}</b>", "showarrow": False, "font": {"size": 18}}


def enlarged(value: Any, factor: float, is_text: bool = False) -> Any:
    """A figure's plain values with texts `factor` times as large; sizes of anything but texts stay.

    is_text: whether the value is the look of a text.
    """
    if factor == 1:
        return value
    if isinstance(value, dict):
        return {
            key: factor * part if is_text and key == "size" else enlarged(part, factor, key.endswith("font"))
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [enlarged(part, factor) for part in value]
    if isinstance(value, str) and "font-size:" in value:
        return re.sub(r"font-size:(\d+)px", lambda found: f"font-size:{factor * int(found[1]):.0f}px", value)
    return value
