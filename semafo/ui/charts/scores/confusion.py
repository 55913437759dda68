"""Confusion matrices side by side, and the difference of two. Rows are observed types, columns predicted ones.

A heat map cannot be clicked: an invisible marker in the middle of each cell with counts takes the click in its place.
The markers of all panels are one trace over the whole figure, since every subplot keeps a selection of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from semafo import inert, wording
from semafo.ui.charts import colours, style

BY_ROW, BY_COLUMN, COUNTS = "row", "column", "counts"
NAME_LENGTH = 24
TITLE_HEIGHT = 44
OUTLINE = "#E69F00"  # of the selected cell: stands out from every shade of the scale, on a white and a dark ground
N_PLACES = 3  # panel, row, column: the first numbers of what a click carries
TEXT_UP_TO = 10  # types; more leave no room for a number in each cell


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """Counts (types, types) of one run. None where there is none yet, and `note` says why."""

    title: str
    line: str
    colour: str
    counts: np.ndarray | None
    note: str = ""


def normalised(counts: np.ndarray, by: str) -> np.ndarray:
    """Counts as they are, as shares of the observed type (row) or of the predicted type (column).

    A row or column without cells has no shares: NaN.
    """
    counts = np.asarray(counts, dtype=float)
    if by == COUNTS:
        return counts
    total = counts.sum(axis=1 if by == BY_ROW else 0, keepdims=True)
    return np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)


def confusion_panels(
    matrices: Sequence[ConfusionMatrix],
    types: Sequence[str],
    by: str,
    *,
    narrow: bool = False,
    outlined: tuple[int, int, int] | None = None,
) -> go.Figure:
    """One panel a run, all on one scale and in one order of types. `clicked` reads a click on a cell.

    outlined: the cell that is selected from the start: places of panel, observed and predicted type.
    """
    grid, margin, panel = _grid(len(matrices), types, narrow)
    figure = grid.figure
    for i, matrix in enumerate(matrices):
        style.panel_title(figure, i, matrix.title, [matrix.line] if matrix.line else [], matrix.colour)
        if matrix.counts is None:
            style.panel_note(figure, i, matrix.note)
            z = np.full((len(types), len(types)), np.nan)
        else:
            z = normalised(matrix.counts, by)
        grid.add(i, _heatmap(z, types, _cell_text(z, by, len(types))).update(hoverinfo="skip"))
    present = [matrix.counts.max() for matrix in matrices if matrix.counts is not None]
    top = max([1, *present]) if by == COUNTS else 1
    scale = {"cmin": 0, "cmax": top, "colorscale": colours.SEQUENTIAL, "colorbar": style.colour_bar(_BAR_TITLES[by])}
    _axes(grid, types, len(matrices))
    _add_targets(grid, matrices, types, panel / len(types), outlined)
    return style.base(figure, grid.height, margin=margin, coloraxis=scale, hoverdistance=1, showlegend=False)


def clicked(points: Sequence[Mapping[str, Any]]) -> tuple[int, int, int] | None:
    """Panel, observed type and predicted type of the cell that was clicked last, as places; None where none was.

    points: the points of Streamlit's selection state.
    """
    places = [point.get("customdata") for point in points]
    found = [place for place in places if isinstance(place, Sequence) and len(place) > N_PLACES - 1]
    if not found:
        return None
    panel, observed, predicted = (int(place) for place in found[-1][:N_PLACES])
    return panel, observed, predicted


def confusion_difference(
    first: ConfusionMatrix, second: ConfusionMatrix, types: Sequence[str], by: str, narrow: bool = False
) -> go.Figure:
    """Second minus first, centred on 0. Both have counts."""
    assert first.counts is not None
    assert second.counts is not None
    grid, margin, _ = _grid(1, types, narrow)
    figure, margin = grid.figure, {**margin, "t": TITLE_HEIGHT + 16}
    z = np.nan_to_num(normalised(second.counts, by)) - np.nan_to_num(normalised(first.counts, by))
    style.panel_title(figure, 0, f"{second.title} minus {first.title}", [f"{second.line}", f"against {first.line}"])
    trace = _heatmap(z, types, _cell_text(z, by, len(types), signed=True))
    value = "%{z:+.0f} cells" if by == COUNTS else "%{z:+.2f}"
    trace.update(hovertemplate="Observed %{y}<br>Predicted %{x}<br>" + value + "<extra></extra>")
    grid.add(0, trace)
    reach = max(float(np.abs(z).max()), 1e-9)
    bar = style.colour_bar("Difference")
    scale = {"cmin": -reach, "cmax": reach, "cmid": 0, "colorscale": colours.DIVERGING, "colorbar": bar}
    _axes(grid, types, 1)
    return style.base(figure, grid.height + 16, margin=margin, coloraxis=scale)


_BAR_TITLES = {BY_ROW: "Share of the observed type", BY_COLUMN: "Share of the predicted type", COUNTS: "Cells"}


def _grid(n: int, types: Sequence[str], narrow: bool) -> tuple[style.PanelGrid, dict[str, int], int]:
    """Empty panels, margins, and the height of a panel in pixels. Names of types stand at the left and the bottom."""
    columns = style.panels_in_a_row(n, narrow)
    names = round(6.2 * max(len(wording.shortened(t, 16 if narrow else NAME_LENGTH)) for t in types)) + 10
    panel = 250 if narrow else max(250, min(520, (style.WIDE - names) // max(columns, 2)))
    bottom = names + 56
    grid = style.panel_grid(n, columns, panel=panel, title=TITLE_HEIGHT, bottom=bottom, gap=0.02)
    return grid, {"l": names, "t": TITLE_HEIGHT, "b": bottom}, panel


def _heatmap(z: np.ndarray, types: Sequence[str], numbers: np.ndarray | None) -> go.Heatmap:
    trace = go.Heatmap(
        z=z, x=inert.each(types), y=inert.each(types), coloraxis="coloraxis", xgap=1, ygap=1, hoverongaps=False
    )
    if numbers is not None:
        trace.update(text=numbers, texttemplate="%{text}", textfont_size=10)
    return trace


def _add_targets(
    grid: style.PanelGrid,
    matrices: Sequence[ConfusionMatrix],
    types: Sequence[str],
    size: float,
    outlined: tuple[int, int, int] | None,
) -> None:
    """What takes clicks and says what is there; seen only as the outline of the cell that is selected."""
    figure, parts, centres, hover = grid.figure, [], [], []
    for panel, matrix in enumerate(matrices):
        if matrix.counts is not None:
            row, column = np.nonzero(matrix.counts)
            parts.append(np.column_stack([np.full(len(row), panel), row, column]))
            centres.append(_centres(figure, panel, row, column, len(types)))
            hover += [_hover(matrix.counts, types, *cell) for cell in zip(row.tolist(), column.tolist(), strict=True)]
    if not parts:
        return
    places, (x, y) = np.concatenate(parts), np.concatenate(centres).T
    chosen = np.flatnonzero((places == outlined).all(axis=1)) if outlined else np.array([], dtype=np.intp)
    suffix = style.axis_suffix(grid.rows * grid.columns)
    whole = {"visible": False, "range": [0, 1], "fixedrange": True}
    figure.update_layout(
        {
            "plot_bgcolor": "rgba(0, 0, 0, 0)",  # the ground of the axes on top would hide the panels
            f"xaxis{suffix}": {**whole, "domain": [0, 1], "anchor": f"y{suffix}"},
            f"yaxis{suffix}": {**whole, "domain": [0, 1], "anchor": f"x{suffix}"},
        }
    )
    outline = {"symbol": "square-open", "size": max(4.0, size - 3), "color": OUTLINE, "opacity": 0}
    figure.add_scatter(
        x=x.tolist(),
        y=y.tolist(),
        xaxis=f"x{suffix}",
        yaxis=f"y{suffix}",
        mode="markers",
        marker={**outline, "line_width": 2.5},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0}},
        selectedpoints=list(chosen) if len(chosen) else None,
        customdata=places.tolist(),
        hovertext=inert.each(hover),
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _centres(figure: go.Figure, panel: int, row: np.ndarray, column: np.ndarray, n: int) -> np.ndarray:
    """Middles of a panel's cells as shares of the figure's plotting area, (cells, 2); rows go down."""
    suffix = style.axis_suffix(panel)
    (left, right), (bottom, top) = (figure.layout[f"{axis}axis{suffix}"].domain for axis in "xy")
    return np.column_stack([left + (right - left) * (column + 0.5) / n, top - (top - bottom) * (row + 0.5) / n])


def _cell_text(z: np.ndarray, by: str, n_types: int, signed: bool = False) -> np.ndarray | None:
    """Number of each cell, nothing where it would be 0; None where there are too many cells to write in."""
    if n_types > TEXT_UP_TO:
        return None
    digits = 0 if by == COUNTS else 2
    sign = "+" if signed else ""
    smallest = 0.5 * 10**-digits
    return np.array([[f"{v:{sign}.{digits}f}" if abs(v) >= smallest else "" for v in row] for row in z])


def _hover(counts: np.ndarray, types: Sequence[str], row: int, column: int) -> inert.FigureText:
    """What is in a cell, and which share of the observed and of the predicted type that is."""
    n, of_row, of_column = (int(v) for v in (counts[row, column], counts[row].sum(), counts[:, column].sum()))
    return inert.FigureText(
        f"Observed {inert.plotly(types[row])}<br>Predicted {inert.plotly(types[column])}<br>"
        f"{wording.cells(n)}: {wording.percent(n / of_row, 1)} of {wording.count(of_row)} observed,<br>"
        f"{wording.percent(n / of_column, 1)} of {wording.count(of_column)} predicted"
    )


def _axes(grid: style.PanelGrid, types: Sequence[str], n_panels: int) -> None:
    ticks = {
        "tickmode": "array",
        "tickvals": list(types),
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
        "ticklabelstandoff": 4,
    }
    figure, columns, n = grid.figure, grid.columns, len(types)
    ticks |= {"type": "category", "categoryorder": "array", "categoryarray": list(types)}
    short = [wording.shortened(name, 16 if columns == 1 and n_panels > 1 else NAME_LENGTH) for name in types]
    figure.update_xaxes(**ticks, ticktext=inert.each(short), tickangle=-90, showticklabels=False, tickfont_size=11)
    figure.update_xaxes(range=[-0.5, n - 0.5])
    figure.update_yaxes(
        **ticks, ticktext=inert.each(short), range=[n - 0.5, -0.5], showticklabels=False, tickfont_size=11
    )
    for i in range(n_panels):
        suffix = style.axis_suffix(i)
        figure.layout[f"yaxis{suffix}"].showticklabels = i % columns == 0
        figure.layout[f"xaxis{suffix}"].showticklabels = i + columns >= n_panels
    style.hide_empty_slots(grid, n_panels)
