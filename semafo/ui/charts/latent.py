"""Latent space: one panel a run, in one figure with one legend.

All panels are subplots of one figure because each scattergl figure holds two of the sixteen WebGL contexts that a
browser grants.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from semafo.ui import colours
from semafo.ui.charts import style
from semafo.ui.colours import Look

PANEL_HEIGHT, TITLE_HEIGHT = 340, 68
HOVER_TEXT_CELLS = 12_000  # text for every cell doubles what is sent: not beyond so many


@dataclass(frozen=True, eq=False)
class Panel:
    """One run's map.

    Parameters
    ----------
    xy
        (n, 2) coordinates of the cells shown; None where there is no map yet, and `note` says why.
    values
        (n,) names of categories, or numbers from 0 to 1.
    hollow
        (n,) cells drawn as rings; None draws none so.
    hover
        (n,) text of each cell.
    """

    title: str
    lines: tuple[str, ...]
    colour: str
    xy: np.ndarray | None = None
    values: np.ndarray | None = None
    hollow: np.ndarray | None = None
    hover: np.ndarray | None = None
    note: str = ""

    @property
    def n_cells(self) -> int:
        """Cells shown."""
        return 0 if self.xy is None else len(self.xy)


def latent_panels(panels: Sequence[Panel], looks: Mapping[str, Look] | None, *, narrow: bool = False) -> go.Figure:
    """Panels side by side, at most three a row; `looks` None means numbers on one colour scale."""
    columns = 1 if narrow else min(3, max(2, len(panels)))
    legend = style.legend_pixels(looks or (), narrow) or 56
    grid = style.panel_grid(len(panels), columns, panel=PANEL_HEIGHT, title=TITLE_HEIGHT, bottom=legend, gap=0.025)
    figure = grid.figure
    size = _marker_size(max((panel.n_cells for panel in panels), default=0))
    with_text = sum(panel.n_cells for panel in panels) <= HOVER_TEXT_CELLS
    shown: set[str] = set()
    for i, panel in enumerate(panels):
        lines = panel.lines or ("&nbsp;", "&nbsp;")  # as many as its neighbours have
        style.panel_title(figure, i, panel.title, lines, panel.colour)
        if panel.xy is None:
            style.panel_note(figure, i, panel.note)
            grid.add(i, _nothing())
            continue
        traces = _number_traces(panel, size) if looks is None else _category_traces(panel, looks, shown, size)
        for trace, mask in traces:
            if with_text and panel.hover is not None:
                trace.update(text=panel.hover[mask], hovertemplate="%{text}<extra></extra>")
            grid.add(i, trace)
    _axes(grid, len(panels))
    style.bottom_legend(figure)
    return style.base(figure, grid.height, margin={"t": TITLE_HEIGHT, "b": legend}, **_colour_axis(looks is None))


def _category_traces(
    panel: Panel, looks: Mapping[str, Look], shown: set[str], size: float
) -> list[tuple[go.Scattergl, np.ndarray]]:
    """A trace a category, and another for its hollow cells; each name is in the legend once."""
    values = panel.values.astype(str)
    hollow = np.zeros(len(values), dtype=bool) if panel.hollow is None else panel.hollow
    traces = []
    for name, look in looks.items():
        for ring in (True, False):
            mask = (values == name) & (hollow == ring)
            if not mask.any():
                continue
            trace = _trace(panel.xy[mask], name)
            # A filled sample in the legend, also where the first trace of the name is one of rings
            trace.update(legendgroup=name, showlegend=name not in shown)
            trace.update(marker={"color": look.colour, "symbol": look.symbol + "-open" * ring, "size": size})
            trace.update(marker_opacity=0.95 if ring else 0.8, marker_line_width=1.2 if ring else 0)
            shown.add(name)
            traces.append((trace, mask))
    return traces


def _number_traces(panel: Panel, size: float) -> list[tuple[go.Scattergl, np.ndarray]]:
    mask = np.ones(panel.n_cells, dtype=bool)
    trace = _trace(panel.xy, panel.title)
    trace.update(showlegend=False, marker={"color": panel.values.astype("float32"), "coloraxis": "coloraxis"})
    trace.update(marker_size=size, marker_opacity=0.85)
    return [(trace, mask)]


def _nothing() -> go.Scatter:
    """Without any trace a panel would not be drawn at all."""
    return go.Scatter(x=[0], y=[0], mode="markers", marker_opacity=0, showlegend=False, hoverinfo="skip")


def _trace(xy: np.ndarray, name: str) -> go.Scattergl:
    x, y = (np.ascontiguousarray(xy[:, i], dtype="float32") for i in (0, 1))
    return go.Scattergl(x=x, y=y, mode="markers", name=name, hovertemplate=f"{name}<extra></extra>")


def _axes(grid: style.Grid, n_panels: int) -> None:
    """Equal aspect, no ticks: a UMAP's axes have no meaning."""
    quiet = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": "", "title_text": ""}
    frame = {"showline": True, "mirror": True, "linecolor": colours.GRID, "linewidth": 1}
    grid.figure.update_xaxes(**quiet, **frame)
    grid.figure.update_yaxes(**quiet, **frame, automargin=False)
    for i in range(n_panels):
        suffix = style.axis_suffix(i)
        grid.figure.layout[f"yaxis{suffix}"].update(scaleanchor=f"x{suffix}", scaleratio=1)
    style.hide_empty_slots(grid, n_panels)


def _colour_axis(is_number: bool) -> dict[str, object]:
    if not is_number:
        return {}
    bar = style.colour_bar("Probability of the predicted type", 320)
    return {"coloraxis": {"cmin": 0, "cmax": 1, "colorscale": colours.CONFIDENCE, "colorbar": bar}}


def _marker_size(n_cells: int) -> float:
    for limit, size in ((1_000, 6.5), (4_000, 4.5), (20_000, 3.2)):
        if n_cells <= limit:
            return size
    return 2.2
