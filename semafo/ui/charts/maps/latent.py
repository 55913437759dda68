"""Latent space: one panel a run or a colouring, in one figure.

All panels are subplots of one figure because each scattergl figure holds two of the sixteen WebGL contexts that a
browser grants. All panels zoom and move as one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from semafo import inert
from semafo.ui.charts import colours, style
from semafo.ui.charts.colours import Look
from semafo.ui.charts.maps import points
from semafo.ui.charts.maps.colour_scale import PROBABILITY
from semafo.ui.charts.maps.legend import Key, Place, name_once
from semafo.ui.charts.maps.panel import STEPS, Frame, Panel
from semafo.ui.charts.plain_figure import PlainFigure
from semafo.ui.charts.settled_figure import SettledFigure

PANEL_HEIGHT, PANEL_HEIGHT_IN_ROWS, TITLE_HEIGHT = 340, 272, 68  # two rows fit on a laptop's screen
GAP = 0.025  # between neighbours, as a share of the width
HOVER_TEXT_CELLS = 12_000  # text for every cell doubles what is sent: not beyond so many
ROOM, ROOM_FOR_LINES = 1.05, 1.14  # what is shown, by the size of the map
ON_IMAGE = 2.4  # pixels of a point on a picture of all cells
Window = tuple[float, float, float, float]  # x0, x1, y0, y1 in the figure's coordinates
EXPLORE, SELECT = "explore", "select"


def latent_panels(
    panels: Sequence[Panel],
    looks: Mapping[str, Look] | None,
    *,
    narrow: bool = False,
    together: bool = False,
    window: Window | None = None,
    mode: str = EXPLORE,
    revision: str = "",
) -> SettledFigure:
    """Panels side by side.

    Parameters
    ----------
    looks
        Name and look of each category, in the order of the legend, for panels that have none of their own; None means
        numbers on one colour scale.
    together
        Whether panels without a frame of their own share one scale: the maps are aligned.
    window
        Piece of all panels that is shown, in the figure's coordinates (see `Frame`); None shows everything.
    mode
        `EXPLORE`: dragging moves the maps; `SELECT`: dragging draws a lasso.
    revision
        While it stays the same, what a person zoomed to stays when the figure changes.
    """
    panels = [dressed(panel, looks) for panel in framed(panels, together)]
    key = Key(panels, narrow)
    columns = style.panels_in_a_row(len(panels), narrow, least=2)
    rows = max(1, math.ceil(len(panels) / columns))
    panel_height = PANEL_HEIGHT if narrow or rows == 1 else PANEL_HEIGHT_IN_ROWS
    height = rows * (panel_height + TITLE_HEIGHT) + key.pixels
    places = _places(len(panels), columns, panel_height, height - key.pixels - TITLE_HEIGHT)
    size = points.size_of(max((panel.n_cells for panel in panels), default=0))
    traces = [trace for i, panel in enumerate(panels) for trace in on_axes(i, panel_traces(panel, key, size))]
    traces += name_once(traces)
    layout = {
        "height": height,
        # The key has its room already: left to itself, plotly would take more of it from the maps.
        "margin": {"l": 8, "r": 8, "t": TITLE_HEIGHT, "b": key.pixels, "pad": 0, "autoexpand": False},
        "hovermode": "closest",
        "dragmode": "lasso" if mode == SELECT else "pan",
        "uirevision": revision or None,
        "font": {"size": style.TEXT_SIZE},
        "annotations": [text for i, panel in enumerate(panels) for text in panel_texts(i, panel)],
        "images": [image for i, panel in enumerate(panels) for image in panel_images(i, panel)],
        **map_axes(panels, places, window),
        **key.layout(panels, height, places),
    }
    return PlainFigure(traces, layout)


def _places(n: int, columns: int, panel_height: int, height: int) -> list[Place]:
    """Where the panels stand, as shares of the figure's width and height without its margins."""
    width, panel, title = (1 - GAP * (columns - 1)) / columns, panel_height / height, TITLE_HEIGHT / height
    found = []
    for i in range(n):
        left, top = (i % columns) * (width + GAP), 1 - (i // columns) * (panel + title)
        found.append(((left, left + width), (max(0.0, top - panel), top)))
    return found


def on_axes(index: int, traces: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Traces on the axes of the nth panel."""
    suffix = style.axis_suffix(index)
    return [{**trace, "xaxis": f"x{suffix}", "yaxis": f"y{suffix}"} for trace in traces]


def framed(panels: Sequence[Panel], together: bool) -> list[Panel]:
    """Panels with a frame each; `together`: those without one share it."""
    maps = [panel.xy for panel in panels if panel.xy is not None and len(panel.xy) and panel.frame is None]
    shared = Frame.around(maps) if together and maps else None
    return [
        replace(panel, frame=shared or Frame.around([panel.xy]))
        if panel.xy is not None and len(panel.xy) and panel.frame is None
        else panel
        for panel in panels
    ]


def dressed(panel: Panel, looks: Mapping[str, Look] | None) -> Panel:
    """A panel with its own looks or scale."""
    if panel.numbers is not None:
        return replace(panel, looks=None, scale=panel.scale or PROBABILITY)
    return replace(panel, looks=looks if panel.looks is None else panel.looks, scale=None)


def panel_traces(panel: Panel, key: Key, size: float) -> list[dict[str, Any]]:
    """Points of a panel and its lines of equal density."""
    if panel.xy is None or panel.frame is None:
        return [points.nothing()]
    if panel.image is not None:
        size = ON_IMAGE
    opacity = points.opacity_of(panel.n_cells)
    if panel.scale is not None:
        found = points.number_traces(panel, panel.frame, panel.scale, key.axis(panel.scale), size, opacity)
    else:
        found = points.category_traces(panel, panel.frame, panel.looks or {}, size, opacity)
    legend = {} if panel.looks is None else {"legend": key.legend(panel.looks)}
    return [{**trace, **legend} for trace in found] + points.contour_traces(panel, panel.frame) or [points.nothing()]


def panel_images(index: int, panel: Panel) -> list[dict[str, Any]]:
    """Pictures of all cells below a panel's points."""
    suffix, found = style.axis_suffix(index), []
    for raster, opacity in ((panel.image, 1.0 if panel.lit_image is None else 0.15), (panel.lit_image, 1.0)):
        if raster is None or panel.frame is None:
            continue
        (x0, y0), (x1, y1) = panel.frame.exactly([(raster.x0, raster.y0), (raster.x1, raster.y1)]).tolist()
        place = {"xref": f"x{suffix}", "yref": f"y{suffix}", "xanchor": "left", "yanchor": "top", "layer": "below"}
        area = {"x": x0, "y": y1, "sizex": x1 - x0, "sizey": y1 - y0, "sizing": "stretch"}
        found.append({"source": raster.png, "opacity": opacity, **place, **area})
    return found


def panel_texts(index: int, panel: Panel) -> list[dict[str, Any]]:
    """A panel's title, what its directions are, and the names on the map."""
    suffix = style.axis_suffix(index)
    lines = panel.lines or (inert.FigureText("&nbsp;"), inert.FigureText("&nbsp;"))  # as many as its neighbours have
    found = [style.title_text(index, panel.title, lines, panel.colour)]
    if panel.xy is None or panel.frame is None:
        return [*found, style.note_text(index, panel.note)]
    if panel.corner:
        place = {"x": 0, "y": 0, "xref": f"x{suffix} domain", "yref": f"y{suffix} domain", "xshift": 4, "yshift": 2}
        look = {"xanchor": "left", "yanchor": "bottom", "showarrow": False, "font": {"size": 10}, "opacity": 0.7}
        found.append({"text": inert.plotly(panel.corner), **place, **look})
    for text, *middle in panel.labels:
        [(x, y)] = panel.frame.exactly([middle]).tolist()
        look = {"showarrow": False, "captureevents": False, "font": {"size": 11, "weight": 600, "shadow": "auto"}}
        found.append({"text": inert.plotly(text), "x": x, "y": y, "xref": f"x{suffix}", "yref": f"y{suffix}", **look})
    return found


def map_axes(panels: Sequence[Panel], places: Sequence[Place], window: Window | None) -> dict[str, Any]:
    """Equal aspect, no ticks: a map's axes have no meaning. All panels show the same piece of the figure."""
    quiet = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": "", "title": {"text": ""}}
    frame = {"showline": True, "mirror": True, "linecolor": colours.GRID, "linewidth": 1}
    x0, x1, y0, y1 = window or _everything(panels)
    axes = {}
    for i, (across, up) in enumerate(places):
        suffix = style.axis_suffix(i)
        x: dict[str, Any] = {"matches": "x"} if i else {}
        y: dict[str, Any] = {"matches": "y"} if i else {"scaleanchor": "x", "scaleratio": 1}
        x |= {"domain": across, "anchor": f"y{suffix}", "range": [x0, x1]}
        y |= {"domain": up, "anchor": f"x{suffix}", "range": [y0, y1]}
        axes[f"xaxis{suffix}"], axes[f"yaxis{suffix}"] = {**quiet, **frame, **x}, {**quiet, **frame, **y}
    return axes


def _everything(panels: Sequence[Panel]) -> Window:
    """The piece of the figure that holds every panel's map, with some room around."""
    halves = [panel.frame.half for panel in panels if panel.frame is not None] or [(STEPS, STEPS)]
    room = ROOM_FOR_LINES if any(panel.contours for panel in panels) else ROOM
    x, y = (room * max(half[axis] for half in halves) or STEPS for axis in (0, 1))
    return -x, x, -y, y
