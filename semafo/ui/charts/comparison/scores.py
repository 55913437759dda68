"""Label scores below the matrices: accuracy and balanced accuracy of each method with interval, on one axis for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from semafo import inert, wording
from semafo.ui.charts import colours, style
from semafo.ui.charts.comparison.layout import Layout

STEP = 0.05  # ends of the axis are multiples of it


@dataclass(frozen=True)
class LabelScore:
    """One score of a method, 0 to 1, higher is better.

    Attributes
    ----------
    title
        Name of the score.
    value, low, high
        The score and its 95 % interval; None where undefined.
    baseline, baseline_name
        The same score of the best baseline on the same cells.
    note
        What is said on hover besides: of how many cells or seeds it is.
    """

    title: str
    value: float | None
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    baseline_name: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        """`0.862 [0.84, 0.88]`, as far as it is known."""
        interval = "" if self.low is None else f" [{self.low:.2f}, {self.high:.2f}]"
        return wording.UNDEFINED if self.value is None else f"{self.value:.3f}{interval}"


def span(scores: Sequence[Sequence[LabelScore]]) -> tuple[float, float]:
    """Ends of the axis: multiples of `STEP` around all values, intervals and baselines."""
    values = [v for each in scores for s in each for v in (s.value, s.low, s.high, s.baseline) if v is not None]
    if not values:
        return 0.0, 1.0
    low, high = STEP * (min(values) // STEP), -STEP * (-max(values) // STEP)
    return max(0.0, round(low - STEP / 2, 3)), min(1.02, round(high + STEP / 2, 3))


def score_traces(scores: Sequence[LabelScore], colour: str, axes: tuple[str, str]) -> list[dict[str, Any]]:
    """Points with intervals from top to bottom, and a stroke where the best baseline is."""
    on = {"type": "scatter", "xaxis": axes[0], "yaxis": axes[1], "showlegend": False}
    found: list[dict[str, Any]] = []
    for row, score in enumerate(scores):
        lines = [f"{score.title} {score.text}", *([score.note] if score.note else [])]
        said = inert.plotly(*lines, between="<br>")
        if score.baseline is not None:
            stroke = {"symbol": "line-ns", "size": 15, "line": {"color": colours.NEUTRAL, "width": 2}}
            name = inert.plotly(f"{score.baseline_name}: {score.title.lower()}")
            text = f"{inert.plotly(name)} {score.baseline:.3f}<extra></extra>"
            found.append({**on, "x": [score.baseline], "y": [row], "marker": stroke, "hovertemplate": text})
        if score.low is not None:
            line = {"color": colour, "width": 2.2}
            ends = {"x": [score.low, score.high], "y": [row, row], "mode": "lines", "line": line, "opacity": 0.75}
            found.append({**on, **ends, "hoverinfo": "skip"})
        if score.value is not None:
            marker = {"color": colour, "size": 8.5}
            hover = {"hovertemplate": f"{inert.plotly(said)}<extra></extra>", "cliponaxis": False}
            found.append({**on, "x": [score.value], "y": [row], "mode": "markers", "marker": marker, **hover})
    return found


def score_axes(
    scores: Sequence[Sequence[LabelScore]], layout: Layout, first_axis: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Axes of all blocks, with one range for all, and the scores' names left of the first block of each row.

    first_axis: number of the first block's axes in the figure.
    """
    titles = next(([score.title for score in each] for each in scores if each), [])
    low, high = span(scores)
    axes: dict[str, Any] = {}
    texts: list[dict[str, Any]] = []
    look = {"showgrid": True, "gridcolor": colours.GRID, "zeroline": False, "fixedrange": True, "ticks": ""}
    for i in range(layout.n):
        suffix = style.axis_suffix(first_axis + i)
        across, up = layout.place("scores", i)
        x = {**look, "domain": list(across), "anchor": f"y{suffix}", "range": [low, high], "nticks": 5}
        y = {**look, "domain": list(up), "anchor": f"x{suffix}", "range": [len(titles) - 0.5, -0.5], "showgrid": False}
        axes[f"xaxis{suffix}"] = {**x, "tickfont": {"size": 10}, "tickformat": ".2~f"}
        axes[f"yaxis{suffix}"] = {**y, "showticklabels": False}
        if layout.is_first(i):
            at = {"xref": "paper", "x": 0, "xanchor": "right", "xshift": -10, "yref": f"y{suffix}", "showarrow": False}
            texts += [{**at, "y": row, "text": title, "font": {"size": 11}} for row, title in enumerate(titles)]
    return axes, texts
