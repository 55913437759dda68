"""Confusion matrices of the comparison: rows are observed types, columns predicted ones, dots in the types' colours.

The dots at the left and below stand for the types, as a legend does, and take clicks; so does an invisible marker in
the middle of each cell with counts, since a heat map cannot be clicked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semafo import inert, wording
from semafo.ui.charts import style
from semafo.ui.charts.colours import Look
from semafo.ui.charts.comparison.layout import Layout
from semafo.ui.charts.scores.confusion import OUTLINE, normalised

DOTS = 0.95  # rows and columns of room that the dots take
_SMALLEST_TEXT, _SMALLEST_NUMBER = 11.0, 19.0  # pixels of a row that a name, and of a cell that a number, needs
_CELL, _TYPE = 0, 1  # what a click's numbers begin with


@dataclass(frozen=True)
class MatrixCell:
    """A cell of one block's matrix: places of block, observed and predicted type."""

    block: int
    observed: int
    predicted: int


@dataclass(frozen=True)
class TypeDot:
    """A type, by its place."""

    place: int


def clicked(points: Sequence[Mapping[str, Any]]) -> MatrixCell | TypeDot | None:
    """What was clicked last in the matrices; None where nothing was. points: of Streamlit's selection state."""
    for point in reversed(points):
        numbers = point.get("customdata")
        if isinstance(numbers, Sequence) and len(numbers) > 1 and numbers[0] == _TYPE:
            return TypeDot(int(numbers[1]))
        if isinstance(numbers, Sequence) and len(numbers) > 3:
            return MatrixCell(*map(int, numbers[1:4]))
    return None


def matrix_traces(
    i: int, counts: np.ndarray | None, types: Mapping[str, Look], by: str, pixels: float, first_axis: int
) -> list[dict[str, Any]]:
    """Heat map, targets and dots of the ith block. counts: (types, types), None draws the dots alone.

    pixels: height of the matrix; first_axis: number of the first block's axes.
    """
    suffix = style.axis_suffix(first_axis + i)
    on = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}", "showlegend": False}
    dots = {**on, **_dots(types, pixels)}
    if counts is None:
        return [dots]
    z = normalised(counts, by)
    heat = {
        **on,
        "type": "heatmap",
        "z": _plain(z),
        "coloraxis": "coloraxis99",
        "xgap": 1,
        "ygap": 1,
        "hoverinfo": "skip",
    }
    cell = pixels / (len(types) + DOTS)
    if cell >= _SMALLEST_NUMBER:
        shown = {"texttemplate": "%{text}", "textfont": {"size": 10 if cell >= 26 else 9}, "hoverongaps": False}
        heat |= {"text": [[_number(v, by) for v in row] for row in z], **shown}
    return [heat, {**on, **_targets(i, counts, list(types), cell)}, dots]


def matrix_axes(types: Sequence[str], layout: Layout, first_axis: int) -> dict[str, Any]:
    """Axes of all blocks; names of types stand left of the first block of each row."""
    n, short = len(types), [inert.plotly(wording.shortened(name, layout.name_length)) for name in types]
    look = {"showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True}
    has_room = layout.bands.matrix / (n + DOTS) >= _SMALLEST_TEXT
    axes: dict[str, Any] = {}
    for i in range(layout.n):
        suffix = style.axis_suffix(first_axis + i)
        across, up = layout.place("matrix", i)
        named = layout.is_first(i) and has_room
        ticks = {"tickvals": list(range(n)), "ticktext": short, "tickfont": {"size": 11}, "showticklabels": named}
        x = {"domain": list(across), "anchor": f"y{suffix}", "range": [-0.5 - DOTS, n - 0.5], "showticklabels": False}
        y = {"domain": list(up), "anchor": f"x{suffix}", "range": [n - 0.5 + DOTS, -0.5], **ticks}
        axes[f"xaxis{suffix}"], axes[f"yaxis{suffix}"] = {**look, **x}, {**look, **y}
    return axes


def outlines(chosen: MatrixCell | TypeDot | None, n_types: int, layout: Layout, first_axis: int) -> list[dict]:
    """Rectangles around the selected cell, or around the row and the column of the selected type in every block."""
    if chosen is None:
        return []
    line = {"type": "rect", "line": {"color": OUTLINE, "width": 2.2}}
    if isinstance(chosen, MatrixCell):
        suffix = style.axis_suffix(first_axis + chosen.block)
        return [{**line, "xref": f"x{suffix}", "yref": f"y{suffix}", **_box(chosen.predicted, chosen.observed)}]
    found = []
    for i in range(layout.n):
        suffix = style.axis_suffix(first_axis + i)
        across = {"x0": -0.5, "x1": n_types - 0.5, "y0": chosen.place - 0.5, "y1": chosen.place + 0.5}
        down = {"y0": -0.5, "y1": n_types - 0.5, "x0": chosen.place - 0.5, "x1": chosen.place + 0.5}
        found += [{**line, "xref": f"x{suffix}", "yref": f"y{suffix}", **box} for box in (across, down)]
    return found


def _box(column: int, row: int) -> dict[str, float]:
    return {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}


def _dots(types: Mapping[str, Look], pixels: float) -> dict[str, Any]:
    n, looks = len(types), list(types.values())
    size = float(np.clip(0.62 * pixels / (n + DOTS), 4, 11))
    marker = {"color": [look.colour for look in looks] * 2, "symbol": [look.symbol for look in looks] * 2, "size": size}
    middle = 0.5 + DOTS / 2
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [-middle] * n + list(range(n)),
        "y": [*range(n), *[n - 1 + middle] * n],
        "marker": marker,
        "customdata": [[_TYPE, place] for place in range(n)] * 2,
        "hovertext": [inert.plotly(f"{kind} {name}") for kind in ("Observed", "Predicted") for name in types],
        "hovertemplate": "%{hovertext}<extra></extra>",
        **_as_before(1),
    }


def _targets(i: int, counts: np.ndarray, types: Sequence[str], size: float) -> dict[str, Any]:
    rows, columns = np.nonzero(counts)
    cells = list(zip(rows.tolist(), columns.tolist(), strict=True))
    return {
        "type": "scatter",
        "mode": "markers",
        "x": columns.tolist(),
        "y": rows.tolist(),
        "marker": {"symbol": "square", "size": max(4.0, size - 2), "opacity": 0},
        "customdata": [[_CELL, i, row, column] for row, column in cells],
        "hovertext": [_said(counts, types, row, column) for row, column in cells],
        "hovertemplate": "%{hovertext}<extra></extra>",
        **_as_before(0),
    }


def _as_before(opacity: float) -> dict[str, Any]:
    """A click changes nothing about the markers by itself: what stands out is drawn by the server."""
    return {"selected": {"marker": {"opacity": opacity}}, "unselected": {"marker": {"opacity": opacity}}}


def _plain(z: np.ndarray) -> list[list[float | None]]:
    """Rows of numbers, None where there is none."""
    return [[None if np.isnan(v) else round(v, 4) for v in row] for row in z.tolist()]


def _number(value: float, by: str) -> str:
    """`.87`, `1`, `12`: short enough for a small cell; nothing for what rounds to nothing."""
    if by == "counts":
        return f"{value:.0f}" if value >= 0.5 else ""
    return "" if not value >= 0.005 else f"{value:.2f}".lstrip("0") if value < 0.995 else "1"


def _said(counts: np.ndarray, types: Sequence[str], row: int, column: int) -> inert.FigureText:
    """What is in a cell, and which share of the observed and of the predicted type that is."""
    n, of_row, of_column = (float(v) for v in (counts[row, column], counts[row].sum(), counts[:, column].sum()))
    return inert.FigureText(
        f"Observed {inert.plotly(types[row])}<br>Predicted {inert.plotly(types[column])}<br>"
        f"{inert.plotly(_cells(n))}: {wording.percent(n / of_row, 1)} of {inert.plotly(_count(of_row))} observed,<br>"
        f"{wording.percent(n / of_column, 1)} of {inert.plotly(_count(of_column))} predicted"
    )


def _count(n: float) -> str:
    """Whole numbers as such, means over seeds with a digit."""
    return wording.count(int(n)) if n == int(n) else f"{n:.1f}"


def _cells(n: float) -> str:
    return wording.cells(int(n)) if n == int(n) else f"{n:.1f} cells"
