"""Cells that one of two runs alone gets right, by type: bars to the left and to the right of a common line."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from semafo import inert, wording
from semafo.ui.charts import colours, style

ROW_HEIGHT = 26
HEAD = 30
NAME_LENGTH, NARROW_NAME_LENGTH = 30, 18
_LEFT, _RIGHT = -1, 1


@dataclass(frozen=True)
class FlipRow:
    """Numbers of cells of one type that only the left, or only the right run gets right, and what the hover says."""

    label: str
    left: int
    right: int
    left_hover: str = ""
    right_hover: str = ""


def flip_bars(
    rows: Sequence[FlipRow], left: tuple[str, str], right: tuple[str, str], *, narrow: bool = False
) -> go.Figure:
    """One row a type, from top to bottom; both sides on one scale of cells. left, right: name and colour of a run."""
    limit = NARROW_NAME_LENGTH if narrow else NAME_LENGTH
    names = [wording.shortened(row.label, limit) for row in rows]
    most = max((max(row.left, row.right) for row in rows), default=0) or 1
    figure = go.Figure()
    _bars(figure, names, [row.left for row in rows], [row.left_hover for row in rows], left[1], _LEFT)
    _bars(figure, names, [row.right for row in rows], [row.right_hover for row in rows], right[1], _RIGHT)
    for (name, colour), side in ((left, _LEFT), (right, _RIGHT)):
        _head(figure, f"only {wording.shortened(name, limit)} right", colour, side)
    reach = 1.22 * most
    figure.update_xaxes(visible=False, range=[-reach, reach], fixedrange=True)
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(rows))),
        ticktext=inert.each(names),
        range=[len(rows) - 0.4, -0.6],
        ticks="",
        showgrid=False,
        fixedrange=True,
        tickfont_size=11,
    )
    figure.add_vline(x=0, line={"color": colours.NEUTRAL, "width": 1.2})
    margin = {"l": round(6.4 * max(map(len, names), default=0)) + 14, "t": HEAD, "b": 4}
    height = HEAD + ROW_HEIGHT * max(len(rows), 1) + 8
    return style.base(figure, height, margin=margin, barmode="overlay", bargap=0.35, showlegend=False)


def _bars(
    figure: go.Figure, names: Sequence[str], counts: Sequence[int], hovers: Sequence[str], colour: str, side: int
) -> None:
    figure.add_bar(
        y=list(range(len(names))),
        x=[side * count for count in counts],
        orientation="h",
        marker={"color": colour, "opacity": 0.75, "line_width": 0},
        text=[wording.count(count) if count else "" for count in counts],
        textposition="outside",
        textfont_size=11,
        cliponaxis=False,
        hovertext=inert.each(hovers),
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _head(figure: go.Figure, text: str, colour: str, side: int) -> None:
    """Which run a side is about, next to the line that both start from."""
    parts = (text, colours.mark(colour)) if side == _LEFT else (colours.mark(colour), text)
    figure.add_annotation(
        text=inert.plotly(*parts, between=" "),
        x=0,
        y=1,
        xref="x",
        yref="y domain",
        xanchor="right" if side == _LEFT else "left",
        xshift=8 * side,
        yanchor="bottom",
        yshift=6,
        showarrow=False,
    )
