"""Latent space: one panel a run, in one figure with one legend.

All panels are subplots of one figure because each scattergl figure holds two of the sixteen WebGL contexts that a
browser grants. Cells are sorted by category once, and positions are sent as whole numbers of two bytes: finer than any
screen, half of what floats take.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semafo.ui import colours
from semafo.ui.charts import style
from semafo.ui.charts.settled import SettledFigure
from semafo.ui.colours import Look

PANEL_HEIGHT, TITLE_HEIGHT = 340, 68
HOVER_TEXT_CELLS = 12_000  # text for every cell doubles what is sent: not beyond so many
STEPS = 32_000  # whole numbers from the middle of a map to its edge
PERCENT = 100  # confidence is sent in whole hundredths, a byte each


@dataclass(frozen=True, eq=False)
class Panel:
    """One run's map.

    Parameters
    ----------
    xy
        (n, 2) coordinates of the cells shown; None where there is no map yet, and `note` says why.
    codes
        (n,) whole numbers: each cell's category by its place among the looks.
    numbers
        (n,) numbers from 0 to 1, where cells are coloured by a number.
    hollow
        (n,) cells drawn as rings; None draws none so.
    hover
        (n,) text of each cell.
    """

    title: str
    lines: tuple[str, ...]
    colour: str
    xy: np.ndarray | None = None
    codes: np.ndarray | None = None
    numbers: np.ndarray | None = None
    hollow: np.ndarray | None = None
    hover: np.ndarray | None = None
    note: str = ""

    @property
    def n_cells(self) -> int:
        """Cells shown."""
        return 0 if self.xy is None else len(self.xy)


def latent_panels(
    panels: Sequence[Panel], looks: Mapping[str, Look] | None, *, narrow: bool = False, together: bool = False
) -> SettledFigure:
    """Panels side by side, at most three a row.

    Parameters
    ----------
    looks
        Name and look of each category, in the order of the legend; None means numbers on one colour scale.
    together
        Whether the maps are aligned: all panels then share one scale, and move and zoom as one.
    """
    columns = 1 if narrow else min(3, max(2, len(panels)))
    legend = style.legend_pixels(looks or (), narrow) or 56
    grid = style.panel_grid(len(panels), columns, panel=PANEL_HEIGHT, title=TITLE_HEIGHT, bottom=legend, gap=0.025)
    figure = grid.figure
    size = _marker_size(max((panel.n_cells for panel in panels), default=0))
    positions = _positions(panels, together)
    traces: list[dict[str, Any]] = []
    named: set[str] = set()
    for i, panel in enumerate(panels):
        lines = panel.lines or ("&nbsp;", "&nbsp;")  # as many as its neighbours have
        style.panel_title(figure, i, panel.title, lines, panel.colour)
        if panel.xy is None:
            style.panel_note(figure, i, panel.note)
            found = [_nothing()]
        elif looks is None:
            found = [_number_trace(panel, positions[i], size)]
        else:
            found = _category_traces(panel, positions[i], looks, named, size)
        suffix = style.axis_suffix(i)
        traces += [{**trace, "xaxis": f"x{suffix}", "yaxis": f"y{suffix}"} for trace in found]
    _axes(grid, len(panels), together)
    style.bottom_legend(figure)
    style.base(figure, grid.height, margin={"t": TITLE_HEIGHT, "b": legend}, **_colour_axis(looks is None))
    return SettledFigure(data=traces, layout=figure.layout)


def _positions(panels: Sequence[Panel], together: bool) -> list[np.ndarray | None]:
    """Coordinates as whole numbers around 0, (n, 2) int16; on one scale where the maps belong together."""
    maps = [panel.xy for panel in panels if panel.n_cells]
    shared = _scale(maps) if together and maps else None
    return [_whole(panel.xy, *(shared or _scale([panel.xy]))) if panel.n_cells else panel.xy for panel in panels]


def _scale(maps: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
    """Middle (2,) and steps a unit that fit all these maps, the same in both directions."""
    low = np.min([xy.min(axis=0) for xy in maps], axis=0)
    high = np.max([xy.max(axis=0) for xy in maps], axis=0)
    return (low + high) / 2, 2 * STEPS / (float((high - low).max()) or 1.0)


def _whole(xy: np.ndarray, middle: np.ndarray, steps: float) -> np.ndarray:
    return np.rint((xy - middle) * steps).astype(np.int16)


def _category_traces(
    panel: Panel, xy: np.ndarray, looks: Mapping[str, Look], named: set[str], size: float
) -> list[dict[str, Any]]:
    """A trace a category, and another for its hollow cells; each name is in the legend once."""
    kind = 2 * panel.codes.astype(np.int16) + 1  # odd: filled
    if panel.hollow is not None:
        kind -= panel.hollow
    order = np.argsort(kind, kind="stable")
    ends = np.cumsum(np.bincount(kind, minlength=2 * len(looks)))
    x, y = (np.ascontiguousarray(xy[order, axis]) for axis in (0, 1))
    text = None if panel.hover is None else panel.hover[order]
    traces = []
    for code, (name, look) in enumerate(looks.items()):
        for ring in (True, False):
            end = ends[2 * code + (not ring)]
            cells = slice(ends[2 * code - ring] if code or not ring else 0, end)
            if cells.start == end:
                continue
            trace = _trace(x[cells], y[cells], name, None if text is None else text[cells])
            trace["legendgroup"], trace["showlegend"] = name, name not in named
            trace["marker"] = _marker(look, ring, size)
            named.add(name)
            traces.append(trace)
    return traces


def _marker(look: Look, ring: bool, size: float) -> dict[str, Any]:
    """Rings are open symbols with a line: the legend still shows a filled sample where the first trace has rings."""
    line = {"width": 1.2 if ring else 0}
    symbol, opacity = look.symbol + "-open" * ring, 0.95 if ring else 0.8
    return {"color": look.colour, "symbol": symbol, "size": size, "opacity": opacity, "line": line}


def _number_trace(panel: Panel, xy: np.ndarray, size: float) -> dict[str, Any]:
    trace = _trace(*(np.ascontiguousarray(xy[:, axis]) for axis in (0, 1)), panel.title, panel.hover)
    hundredths = np.rint(PERCENT * np.clip(panel.numbers, 0, 1)).astype(np.uint8)
    marker = {"color": hundredths, "coloraxis": "coloraxis", "size": size, "opacity": 0.85}
    return {**trace, "showlegend": False, "marker": marker}


def _nothing() -> dict[str, Any]:
    """Without any trace a panel would not be drawn at all."""
    hidden = {"marker": {"opacity": 0}, "showlegend": False, "hoverinfo": "skip"}
    return {"type": "scatter", "x": [0], "y": [0], "mode": "markers", **hidden}


def _trace(x: np.ndarray, y: np.ndarray, name: str, text: np.ndarray | None) -> dict[str, Any]:
    trace = {"type": "scattergl", "x": x, "y": y, "mode": "markers", "name": name}
    if text is None:
        return {**trace, "hovertemplate": f"{name}<extra></extra>"}
    return {**trace, "text": text, "hovertemplate": "%{text}<extra></extra>"}


def _axes(grid: style.Grid, n_panels: int, together: bool) -> None:
    """Equal aspect, no ticks: a UMAP's axes have no meaning."""
    quiet = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": "", "title_text": ""}
    frame = {"showline": True, "mirror": True, "linecolor": colours.GRID, "linewidth": 1}
    grid.figure.update_xaxes(**quiet, **frame)
    grid.figure.update_yaxes(**quiet, **frame, automargin=False)
    for i in range(n_panels):
        suffix = style.axis_suffix(i)
        x, y = grid.figure.layout[f"xaxis{suffix}"], grid.figure.layout[f"yaxis{suffix}"]
        if together and i:
            x.matches, y.matches = "x", "y"
        else:
            y.update(scaleanchor=f"x{suffix}", scaleratio=1)
    style.hide_empty_slots(grid, n_panels)


def _colour_axis(is_number: bool) -> dict[str, object]:
    if not is_number:
        return {}
    bar = style.colour_bar("Probability of the predicted type", 320)
    ticks = {"tickvals": [0, PERCENT / 2, PERCENT], "ticktext": ["0", "0.5", "1"]}
    scale = {"cmin": 0, "cmax": PERCENT, "colorscale": colours.CONFIDENCE}
    return {"coloraxis": {**scale, "colorbar": {**bar, **ticks}}}


def _marker_size(n_cells: int) -> float:
    for limit, size in ((1_000, 6.5), (4_000, 4.5), (20_000, 3.2)):
        if n_cells <= limit:
            return size
    return 2.2
