"""Cells as points: the traces of one panel.

Cells are sorted by what they look like once, and each look is one trace of typed arrays. Cells that stand out are drawn
over the others.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from semafo import inert, wording
from semafo.ui.charts import colours
from semafo.ui.charts.colours import Look
from semafo.ui.charts.maps.colour_scale import Scale
from semafo.ui.charts.maps.panel import Frame, Panel

FADED = 0.09  # opacity of the cells that do not stand out
LARGER = 1.35  # size of those that do
PALE = 0.3  # opacity of the cells at the low end of a scale that counts something, and of cells below lines
LONGEST_NAME = 40  # characters in a legend; whole on hover
_SMALLEST, _LARGEST = 1.6, 7.0  # pixels


def size_of(n_cells: int) -> float:
    """Diameter of a point in pixels for so many cells in a panel: 6.5 for 700, 3 for 20 000, 2 for 100 000."""
    return float(np.clip(6.5 * (max(n_cells, 1) / 700) ** -0.23, _SMALLEST, _LARGEST))


def opacity_of(n_cells: int) -> float:
    """Opacity of a point for so many cells in a panel: 0.85 for 700, 0.5 for a million."""
    return float(np.clip(0.85 - 0.11 * np.log10(max(n_cells, 700) / 700), 0.5, 0.85))


def category_traces(
    panel: Panel, frame: Frame, looks: Mapping[str, Look], size: float, opacity: float
) -> list[dict[str, Any]]:
    """A trace for each category, another for its rings, and the same for those of its cells that are faded."""
    assert panel.xy is not None  # there are cells
    assert panel.codes is not None
    n = len(looks)
    kind = 2 * panel.codes.astype(np.int16) + 1  # odd: filled
    if panel.hollow is not None:
        kind -= panel.hollow
    if panel.lit is not None:
        kind += (2 * n * panel.lit).astype(np.int16)  # in the second half, and so above the others
    order = np.argsort(kind, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(kind, minlength=4 * n))])
    places, text = frame.drawn(panel.xy)[order], None if panel.hover is None else panel.hover[order]
    names, traces = list(looks), []
    for which in np.flatnonzero(np.diff(ends)):
        is_lit, rest = divmod(int(which), 2 * n)
        name, ring = names[rest // 2], rest % 2 == 0
        cells = slice(ends[which], ends[which + 1])
        trace = _trace(places[cells], name, None if text is None else text[cells])
        faded = panel.lit is not None and not is_lit
        trace["legendgroup"], trace["legendrank"] = name, 1001 + rest // 2
        stands_out = panel.lit is not None and is_lit
        strength = FADED if faded else 1 if stands_out or not panel.contours else PALE
        trace["marker"] = _marker(looks[name], ring, size * (LARGER if stands_out else 1), opacity * strength)
        traces.append({**trace, "meta": "faded" if faded else "pale"} if strength < 1 else trace)
    return traces


def number_traces(
    panel: Panel, frame: Frame, scale: Scale, axis: str, size: float, opacity: float
) -> list[dict[str, Any]]:
    """Cells on a colour scale, the highest above the others, and below them those without a number, in grey."""
    assert panel.xy is not None  # there are cells
    assert panel.numbers is not None
    steps, known = np.zeros(panel.n_cells, dtype=np.uint8), np.isfinite(panel.numbers)
    steps[known] = scale.steps(panel.numbers[known])
    lit = np.ones(panel.n_cells, dtype=bool) if panel.lit is None else panel.lit
    rank = steps.astype(np.int16) + 1  # 0: missing, at the bottom
    rank[~known] = 0
    order = np.argsort(rank + 200 * lit.astype(np.int16), kind="stable")
    parts = []
    level = np.where(known, 1 + (steps > 0) if scale.pale_low else 2, 0)[order]  # missing, pale, seen
    for is_lit in (False, True):
        for which, strength in ((0, 0.5), (1, PALE), (2, 1.0)):
            cells = order[(lit[order] == is_lit) & (level == which)]
            if len(cells):
                seen = opacity * strength * (1 if is_lit else FADED)
                drawn = frame.drawn(panel.xy[cells])
                parts.append(_numbers(panel, drawn, cells, steps[cells] if which else None, scale, axis, size, seen))
    return parts


def _numbers(
    panel: Panel,
    drawn: np.ndarray,
    cells: np.ndarray,
    steps: np.ndarray | None,
    scale: Scale,
    axis: str,
    size: float,
    opacity: float,
) -> dict[str, Any]:
    text = None if panel.hover is None else panel.hover[cells]
    name = scale.without if steps is None else panel.title
    trace = _trace(drawn, name, text)
    if steps is None:
        marker = {"color": colours.NEUTRAL, "size": size, "opacity": opacity}
        return {**trace, "marker": marker, "legendgroup": name, "legendrank": 2000}
    return {
        **trace,
        "showlegend": False,
        "marker": {"color": steps, "coloraxis": axis, "size": size, "opacity": opacity},
    }


def contour_traces(panel: Panel, frame: Frame) -> list[dict[str, Any]]:
    """Lines of equal density above the points. A lasso passes over them."""
    quiet = {"type": "scattergl", "mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    traces = []
    for colour, corners in panel.contours:
        x, y = np.ascontiguousarray(frame.exactly(corners).T, dtype=np.float32)
        traces.append({**quiet, "x": x, "y": y, "line": {"color": colour, "width": 1.4}})
    return traces


def nothing() -> dict[str, Any]:
    """Without any trace a panel would not be drawn at all."""
    hidden = {"marker": {"opacity": 0}, "showlegend": False, "hoverinfo": "skip"}
    return {"type": "scatter", "x": [0], "y": [0], "mode": "markers", **hidden}


def _marker(look: Look, ring: bool, size: float, opacity: float) -> dict[str, Any]:
    """Rings are open symbols with a line: the legend still shows a filled sample where the first trace has rings."""
    line = {"width": 1.2 if ring else 0}
    symbol, opacity = look.symbol + "-open" * ring, min(1.0, opacity * (1.15 if ring else 1))
    return {"color": look.colour, "symbol": symbol, "size": size, "opacity": opacity, "line": line}


def _trace(places: np.ndarray, name: str, text: np.ndarray | None) -> dict[str, Any]:
    x, y = (np.ascontiguousarray(places[:, axis]) for axis in (0, 1))
    short = inert.plotly(wording.shortened(name, LONGEST_NAME))
    trace = {"type": "scattergl", "x": x, "y": y, "mode": "markers", "name": short}
    if text is None:
        return {**trace, "hovertemplate": f"{inert.plotly(name)}<extra></extra>"}
    return {**trace, "text": text, "hovertemplate": "%{text}<extra></extra>"}
