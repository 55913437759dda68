"""Where the parts of a replay stand: slider and buttons, maps at one scale, panels of terms, legend."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semafo.ui.charts import colours, style

MAP_HEIGHT, MAP_HEIGHT_OF_TWO_ROWS, MAP_TITLE = 300, 210, 46
TERM_HEIGHT, TERM_TITLE, GAP = 110, 30, 14
CONTROLS = {False: 74, True: 132}  # pixels above the maps, by whether the figure is narrow
PRIOR_SDS = 2  # radius of the circle that shows the prior
_SPEEDS = {"Play": 180, "Slowly": 600, "Fast": 60}  # milliseconds a frame
_QUIET = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": "", "fixedrange": True}
_FRAME = {"showline": True, "mirror": True, "linecolor": colours.GRID, "linewidth": 1}


@dataclass(frozen=True)
class Stage:
    """A stage of training, and where it begins in the curves' units."""

    name: str
    start: float


@dataclass(frozen=True)
class Box:
    """A panel's place: shares of the drawing area, from its left and from its lower edge."""

    x: tuple[float, float]
    y: tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """Places of all panels, maps first, and pixels of the whole figure and around the panels."""

    boxes: tuple[Box, ...]
    height: int
    top: int
    bottom: int


def plan(n_maps: int, n_terms: int, legend: int, *, narrow: bool) -> Plan:
    """Maps in rows of at most four, below them the terms; in a narrow figure one map and two terms a row."""
    columns = 1 if narrow else 3 if n_maps > 4 else max(2, n_maps)
    n_rows = math.ceil(n_maps / columns)
    height = MAP_HEIGHT_OF_TWO_ROWS if n_rows > 1 and not narrow else MAP_HEIGHT
    term_columns = 2 if narrow else n_terms
    rows = [(min(columns, n_maps - i * columns), columns, MAP_TITLE, height) for i in range(n_rows)]
    for i in range(math.ceil(n_terms / term_columns)):
        rows.append((min(term_columns, n_terms - i * term_columns), term_columns, TERM_TITLE + GAP, TERM_HEIGHT))
    total = sum(title + panel for _, _, title, panel in rows)
    boxes, above = [], 0
    for n, in_row, title, panel in rows:
        y = 1 - (above + title + panel) / total, 1 - (above + title) / total
        boxes += [Box(_across(i, in_row), y) for i in range(n)]
        above += title + panel
    top = CONTROLS[narrow]
    return Plan(tuple(boxes), total + top + legend, top, legend)


def _across(place: int, n: int, gap: float = 0.045) -> tuple[float, float]:
    width = (1 - gap * (n - 1)) / n
    return place * (width + gap), min(1.0, place * (width + gap) + width)


def map_axes(box: Box, place: int, reach: float) -> dict[str, Any]:
    """Axes of one map: no ticks, the same range for all, one unit as long across as up."""
    suffix = style.axis_suffix(place)
    span = [-reach, reach]
    return {
        f"xaxis{suffix}": {**_QUIET, **_FRAME, "domain": box.x, "anchor": f"y{suffix}", "range": span},
        f"yaxis{suffix}": {
            **_QUIET,
            **_FRAME,
            "domain": box.y,
            "anchor": f"x{suffix}",
            "range": span,
            "scaleanchor": f"x{suffix}",
            "scaleratio": 1,
        },
    }


def term_axes(box: Box, place: int, across: Sequence[float], up: Sequence[float] | None) -> dict[str, Any]:
    """Axes of the panel of one term, with a range that is the same in all frames."""
    suffix = style.axis_suffix(place)
    small = {"tickfont": {"size": 10}, "ticks": "", "zeroline": False, "fixedrange": True}
    return {
        f"xaxis{suffix}": {**small, "showgrid": False, "nticks": 4, "domain": box.x, "anchor": f"y{suffix}"}
        | {"range": list(across)},
        f"yaxis{suffix}": {**small, "gridcolor": colours.GRID, "nticks": 4, "domain": box.y, "anchor": f"x{suffix}"}
        | {"range": None if up is None else list(up)},
    }


def prior_circle(place: int, middle: np.ndarray, radius: float) -> dict[str, Any]:
    """Two standard deviations of the prior N(0, I), in the units of a map. middle: (2,)."""
    suffix = style.axis_suffix(place)
    ends = {"x0": middle[0] - radius, "x1": middle[0] + radius, "y0": middle[1] - radius, "y1": middle[1] + radius}
    return _dotted({"xref": f"x{suffix}", "yref": f"y{suffix}", **ends}, "circle")


def upright(place: int, x: float) -> dict[str, Any]:
    """Where a stage begins, in a panel of terms."""
    suffix = style.axis_suffix(place)
    return _dotted({"xref": f"x{suffix}", "yref": f"y{suffix} domain", "x0": x, "x1": x, "y0": 0, "y1": 1})


def level(place: int, y: float) -> dict[str, Any]:
    """A value to compare with, in a panel of terms."""
    suffix = style.axis_suffix(place)
    return _dotted({"xref": f"x{suffix} domain", "yref": f"y{suffix}", "x0": 0, "x1": 1, "y0": y, "y1": y})


def _dotted(ends: dict[str, Any], kind: str = "line") -> dict[str, Any]:
    line = {"color": colours.NEUTRAL, "width": 1, "dash": "dot"}
    return {"type": kind, "layer": "below", "line": line, **ends}


def controls(n_moments: int, where: Plan, *, narrow: bool) -> dict[str, Any]:
    """A slider over all moments, and buttons that play them at three speeds."""
    drawn = where.height - where.top - where.bottom
    top = 1 + (where.top - 6) / drawn
    now: dict[str, Any] = {"mode": "immediate", "transition": {"duration": 0}}
    steps = [
        {"label": "", "method": "animate", "args": [[str(k)], {**now, "frame": {"duration": 0, "redraw": True}}]}
        for k in range(n_moments)  # labels would be measured at each frame; the note names the moment
    ]
    play = [
        {"label": name, "method": "animate", "args": [None, {**now, "fromcurrent": True, "frame": frame}]}
        for name, frame in ((n, {"duration": pace, "redraw": True}) for n, pace in _SPEEDS.items())
    ]
    stop = {**now, "frame": {"duration": 0, "redraw": False}}
    pause = {"label": "Pause", "method": "animate", "args": [[None], stop]}
    buttons = {
        **{"type": "buttons", "direction": "right", "showactive": False, "buttons": [*play, pause]},
        **{"x": 0, "xanchor": "left", "y": top, "yanchor": "top", "pad": {"t": 12, "r": 0, "b": 0, "l": 0}},
        **{"bordercolor": colours.FAINT, "font": {"size": 12}},
    }
    left = _slider_left(narrow)
    slider = {
        **{"active": len(steps) - 1, "steps": steps, "x": left, "len": 1 - left, "y": top - (52 / drawn) * narrow},
        **{"yanchor": "top", "pad": {"t": 26, "b": 0, "l": 4, "r": 4}, "currentvalue": {"visible": False}},
        **{"ticklen": 0, "minorticklen": 0},
        **{"bgcolor": colours.FAINT, "activebgcolor": colours.ACCENT, "bordercolor": colours.FAINT, "borderwidth": 1},
        **{"transition": {"duration": 0}},
    }
    return {"updatemenus": [buttons], "sliders": [slider]}


def moment_note(where: Plan, *, narrow: bool) -> dict[str, Any]:
    """Stage and epoch, over the slider; the text changes from frame to frame."""
    drawn = where.height - where.top - where.bottom
    y = 1 + (where.top - 2 - 52 * narrow) / drawn
    place = {"x": _slider_left(narrow), "y": y, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top"}
    return {**place, "showarrow": False, "align": "left", "font": {"size": style.TITLE_SIZE}, "text": ""}


def _slider_left(narrow: bool) -> float:
    return 0.0 if narrow else 0.34
