"""What says which colour means what in a latent-space figure: legends, and the bars of colour scales."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from semafo import inert
from semafo.ui.charts import style
from semafo.ui.charts.colours import Look
from semafo.ui.charts.maps.colour_scale import Scale
from semafo.ui.charts.maps.panel import Panel

BAR_HEIGHT, ROW_HEIGHT = 66, 34  # pixels of a colour bar, and of a legend of one row
Place = tuple[tuple[float, float], tuple[float, float]]  # a panel's extent along x and y, as shares of the figure
LEGEND_HEIGHT, LEGEND_GAP = 190, 10  # the most that a legend takes before it scrolls, and its distance from the maps


class Key:
    """Legends stand at the bottom of the figure, one for each set of looks.

    One scale for the whole figure lies at the bottom; several stand over the first panels that they belong to.
    """

    def __init__(self, panels: Sequence[Panel], narrow: bool) -> None:
        self._looks: list[Mapping[str, Look]] = []
        self._scales: list[Scale] = []
        for panel in panels:
            if panel.looks and panel.looks not in self._looks:
                self._looks.append(panel.looks)
            if panel.scale is not None and panel.scale not in self._scales:
                self._scales.append(panel.scale)
        self._one_scale = len(self._scales) == 1 and not self._looks
        self._legends = [min(LEGEND_HEIGHT + LEGEND_GAP, style.legend_pixels(looks, narrow)) for looks in self._looks]
        if not self._looks and any(_has_missing(panel) for panel in panels):
            self._legends = [ROW_HEIGHT]
        needs_bar = self._one_scale or not (self._looks or self._scales)
        self._bar = BAR_HEIGHT if needs_bar else 0

    @property
    def pixels(self) -> int:
        """Height that it takes below the panels."""
        return sum(self._legends) + self._bar

    def axis(self, scale: Scale) -> str:
        """Name of a scale's colour axis."""
        return "coloraxis" + style.axis_suffix(self._scales.index(scale))

    def legend(self, looks: Mapping[str, Look]) -> str:
        """Name of the legend of some looks."""
        return "legend" + style.axis_suffix(self._looks.index(looks))

    def layout(self, panels: Sequence[Panel], height: int, places: Sequence[Place]) -> dict[str, Any]:
        """Legends and colour axes, by their names in a figure's layout. places: of the panels."""
        found: dict[str, Any] = {}
        top = self.pixels
        for i, pixels in enumerate(self._legends):
            top -= pixels
            found["legend" + style.axis_suffix(i)] = style.legend_rows(top / height, LEGEND_HEIGHT)
        for scale in self._scales:
            first = next(i for i, panel in enumerate(panels) if panel.scale == scale)
            bar = _bottom_bar(scale) if self._one_scale else _small_bar(places[first])
            values, texts = scale.ticks
            bar |= {"tickvals": values, "ticktext": texts}
            found[self.axis(scale)] = {"cmin": 0, "cmax": values[-1], "colorscale": scale.colours, "colorbar": bar}
        return found


def _has_missing(panel: Panel) -> bool:
    return panel.numbers is not None and bool(np.isnan(panel.numbers).any())


def name_once(traces: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each name is in its legend once, by a trace that is not faded where there is one.

    Returns traces without cells that show in the legend the colour of those which are pale on the maps.
    """
    best: dict[tuple, dict[str, Any]] = {}
    for trace in traces:
        if "legendgroup" not in trace:
            continue
        trace["showlegend"] = False
        name = (trace.get("legend"), trace["legendgroup"])
        if name not in best or (best[name].get("meta") == "faded" and trace.get("meta") != "faded"):
            best[name] = trace
    stand_ins = []
    for trace in best.values():
        if trace.get("meta") == "pale":
            marker = {**trace["marker"], "opacity": 0.85}
            stand_ins.append(
                {**trace, "type": "scatter", "x": [None], "y": [None], "marker": marker, "showlegend": True}
            )
            stand_ins[-1].pop("text", None)
        else:
            trace["showlegend"] = True
    return stand_ins


def _bottom_bar(scale: Scale) -> dict[str, object]:
    """A bar at the lower left, below its title: beside it, a long title would leave no room for the bar."""
    gap = inert.FigureText("<span style='font-size:5px'>&nbsp;</span>")  # which plotly does not leave
    text = inert.plotly(scale.title, gap, between="<br>")
    title = {"text": text, "side": "top", "font": {"size": style.TEXT_SIZE}}
    return {**style.colour_bar("", 300), "title": title, "xpad": 16, "ypad": 5}


def _small_bar(place: Place) -> dict[str, object]:
    """A bar between a panel's title and the panel."""
    (x, _), (_, y) = place
    bar = {"orientation": "h", "thickness": 8, "len": 150, "lenmode": "pixels", "outlinewidth": 0}
    corner = {"x": x, "xanchor": "left", "y": y, "yanchor": "bottom", "xpad": 0, "ypad": 4}
    return {**bar, **corner, "tickfont": {"size": 10}}
