"""Points with intervals in rows: differences against zero, means of methods, recall of each type."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import plotly.graph_objects as go

from semafo import inert, wording
from semafo.ui.charts import colours, style

LANE = 15  # pixels of an estimate beside others in its row
ROW_HEIGHT, NARROW_ROW_HEIGHT = 28, 44
AXIS_HEIGHT = 52
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star")


@dataclass(frozen=True)
class Estimate:
    """A value and its interval in the unit of the axis, None where undefined. `is_clear` False draws it grey."""

    value: float | None
    low: float | None
    high: float | None
    colour: str
    name: str = ""
    hover: str = ""
    is_clear: bool = True
    symbol: str = "circle"


@dataclass(frozen=True)
class Row:
    """One line of the plot: its label at the left, its estimates, and the numbers as text at the right."""

    label: str
    estimates: tuple[Estimate, ...]
    text: str = ""
    group: str = ""


def forest(
    rows: Sequence[Row],
    axis: str,
    *,
    zero: float | None = None,
    span: tuple[float, float] | None = None,
    narrow: bool = False,
) -> go.Figure:
    """Rows from top to bottom, one scale for all.

    Parameters
    ----------
    axis
        Title of the axis, with its unit.
    zero
        Where a line says "no difference"; None draws none.
    span
        Ends of the axis; None fits them to the intervals.
    """
    heights = [_height(row, narrow) for row in rows]
    heads = _heads(rows)
    centres, bottom = _centres(heights, heads)
    figure = go.Figure()
    for row, centre in zip(rows, centres, strict=True):
        _draw_row(figure, row, centre, narrow)
    for index, title in heads.items():
        _side_text(
            figure, inert.FigureText(f"<b>{inert.plotly(title)}</b>"), centres[index] - heights[index] / 2 - 12, "left"
        )
    if zero is not None:
        _zero_lines(figure, zero, heads, heights, centres)
    wide = [row.label for row in rows] if not narrow else []
    left = _pixels(wide) + 14 if wide else 10
    right = 10 if narrow else _pixels([row.text for row in rows]) + 14
    figure.update_xaxes(
        title_text=inert.plotly(axis),
        title_standoff=6,
        range=span or _span(rows, zero),
        showgrid=False,
        zeroline=False,
        ticks="outside",
        ticklen=4,
        tickcolor=colours.GRID,
        showline=True,
        linecolor=colours.GRID,
        nticks=5 if narrow else 9,
        fixedrange=True,
    )
    figure.update_yaxes(range=[bottom, 0], visible=False, fixedrange=True)
    return style.base(
        figure,
        round(bottom) + AXIS_HEIGHT,
        margin={"l": left, "r": right, "t": 4, "b": AXIS_HEIGHT - 4},
        showlegend=False,
    )


def legend_line(names: Sequence[tuple[str, str, str]]) -> inert.Html:
    """Names with marker and colour as HTML, for above a plot: (name, colour, symbol) each."""
    signs = dict(zip(SYMBOLS, "●◆■▲✚★", strict=True))
    found = [
        inert.Html(
            f'<span style="white-space:nowrap"><span style="color:{inert.html(colour)}" aria-hidden="true">'
            f"{inert.html(signs[symbol])}</span> {inert.html(name)}</span>"
        )
        for name, colour, symbol in names
    ]
    return inert.html(*found, between=" &ensp; ")


def _zero_lines(
    figure: go.Figure, zero: float, heads: dict[int, str], heights: Sequence[float], centres: Sequence[float]
) -> None:
    """A line through the rows of each group, not through the groups' titles."""
    starts = sorted({0, *heads})
    for start, end in zip(starts, [*starts[1:], len(centres)], strict=True):
        if end > start:
            top, bottom = centres[start] - heights[start] / 2, centres[end - 1] + heights[end - 1] / 2
            line = {"color": colours.NEUTRAL, "width": 1.2}
            figure.add_shape(type="line", x0=zero, x1=zero, y0=top, y1=bottom, line=line, layer="below")


def _height(row: Row, narrow: bool) -> float:
    lanes = LANE * len(row.estimates) + 12
    return max(NARROW_ROW_HEIGHT, lanes + 20) if narrow else max(ROW_HEIGHT, lanes)


def _heads(rows: Sequence[Row]) -> dict[int, str]:
    """Titles of groups by the index of their first row."""
    found, start = {}, 0
    for title, members in groupby(rows, key=lambda row: row.group):
        if title:
            found[start] = title
        start += len(list(members))
    return found


def _centres(heights: Sequence[float], heads: dict[int, str]) -> tuple[list[float], float]:
    """Middle of each row in pixels from the top, and the bottom of the last."""
    centres, y = [], 0.0
    for i, height in enumerate(heights):
        y += 28 if i in heads else 0
        centres.append(y + height / 2)
        y += height
    return centres, max(y, 1.0)


def _draw_row(figure: go.Figure, row: Row, centre: float, narrow: bool) -> None:
    n = len(row.estimates)
    middle = centre + (10 if narrow else 0)  # below the label
    for i, estimate in enumerate(row.estimates):
        if estimate.value is not None:
            _draw(figure, estimate, middle + LANE * (i - (n - 1) / 2))
    if narrow:
        top = middle - LANE * n / 2 - 10
        _side_text(figure, row.label, top, "left")
        _side_text(figure, row.text, top, "right")
    else:
        _side_text(figure, row.label, centre, "before")
        _side_text(figure, row.text, centre, "after")


def _draw(figure: go.Figure, estimate: Estimate, y: float) -> None:
    colour = estimate.colour if estimate.is_clear else colours.NEUTRAL
    hover = (
        {"hovertemplate": f"{inert.plotly(estimate.hover)}<extra></extra>"} if estimate.hover else {"hoverinfo": "skip"}
    )
    if estimate.low is not None and estimate.high is not None:
        figure.add_scatter(
            x=[estimate.low, estimate.high],
            y=[y, y],
            mode="lines",
            line={"color": colour, "width": 2.2 if estimate.is_clear else 1.6},
            opacity=0.75,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=[estimate.value],
        y=[y],
        mode="markers",
        name=inert.plotly(estimate.name),
        marker={"color": colour, "size": 8.5, "symbol": estimate.symbol, "line_width": 0},
        cliponaxis=False,
        **hover,
    )


_PLACES = {
    "before": {"x": 0, "xanchor": "right", "xshift": -10},
    "after": {"x": 1, "xanchor": "left", "xshift": 10},
    "left": {"x": 0, "xanchor": "left"},
    "right": {"x": 1, "xanchor": "right"},
}


def _side_text(figure: go.Figure, text: str, y: float, place: str) -> None:
    if text:
        figure.add_annotation(
            text=inert.plotly(text), y=y, xref="paper", yanchor="middle", showarrow=False, **_PLACES[place]
        )


def _pixels(texts: Sequence[str]) -> int:
    """Width of the longest text, tags left out."""
    return round(6.3 * max((len(wording.plain(text)) for text in texts), default=0))


def _span(rows: Sequence[Row], zero: float | None) -> list[float]:
    """From the lowest to the highest end, the zero line among them, with a little room."""
    values = [v for row in rows for e in row.estimates for v in (e.value, e.low, e.high) if v is not None]
    values += [] if zero is None else [zero]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    room = 0.05 * (high - low) or 0.05
    return [low - room, high + room]
