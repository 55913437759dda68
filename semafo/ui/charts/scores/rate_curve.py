"""Scores against the labelled rate: one line a method with its interval, baselines dashed, reported points hollow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from semafo import inert
from semafo.ui.charts import colours, style

HEIGHT = 420
_MANY_TIMES = 10  # the lowest rate, beyond which the axis is by powers
_DASHES = ("dash", "dot", "dashdot", "longdash")


@dataclass(frozen=True)
class Line:
    """A method over labelled rates. `rates`, `means`, `lows` and `highs` are 0 to 1; an end is None where undefined."""

    name: str
    rates: Sequence[float]
    means: Sequence[float]
    lows: Sequence[float | None]
    highs: Sequence[float | None]
    hovers: Sequence[str]
    colour: str = colours.NEUTRAL
    is_baseline: bool = False


def rate_curves(
    lines: Sequence[Line],
    axis: str,
    reported: Mapping[str, Mapping[float, float]] | None = None,
    *,
    narrow: bool = False,
) -> go.Figure:
    """Draw the lines from few labels to many.

    Parameters
    ----------
    axis
        Name of the score.
    reported
        Scores that others reported, by method and rate: hollow points in the method's colour.
    """
    figure = go.Figure()
    n_baselines = 0
    for line in lines:
        dash = _DASHES[n_baselines % len(_DASHES)] if line.is_baseline else "solid"
        n_baselines += line.is_baseline
        figure.add_trace(_trace(line, dash))
    of_method = {line.name: line.colour for line in lines if not line.is_baseline}
    for method, points in (reported or {}).items():
        if method in of_method:
            figure.add_trace(_reported(method, points, of_method[method]))
    style.base(figure, HEIGHT, margin={"l": 56, "b": 52 + style.legend_pixels([line.name for line in lines], narrow)})
    figure.update_xaxes(title_text="Labelled rate", gridcolor=colours.GRID, **_rate_axis(lines))
    figure.update_yaxes(title_text=inert.plotly(axis), gridcolor=colours.GRID, zeroline=False)
    style.bottom_legend(figure)
    return figure


def _rate_axis(lines: Sequence[Line]) -> dict[str, object]:
    """By powers where few labels would be crowded: rates from 1 % to 50 %, say. A rate of 0 has no place there."""
    rates = sorted({round(rate, 3) for line in lines for rate in line.rates})
    if len(rates) < 2 or rates[0] <= 0 or rates[-1] < _MANY_TIMES * rates[0]:
        return {"tickformat": ".0%", "rangemode": "tozero"}
    apart = [rate for i, rate in enumerate(rates) if not i or rate > 1.15 * rates[i - 1]]  # splits differ a little
    return {"type": "log", "tickvals": apart, "ticktext": [f"{100 * rate:.3g} %" for rate in apart]}


def _trace(line: Line, dash: str) -> go.Scatter:
    above = [0 if high is None else high - mean for mean, high in zip(line.means, line.highs, strict=True)]
    below = [0 if low is None else mean - low for mean, low in zip(line.means, line.lows, strict=True)]
    return go.Scatter(
        x=list(line.rates),
        y=list(line.means),
        name=inert.plotly(line.name),
        mode="lines" if line.is_baseline and len(line.rates) > 1 else "lines+markers",
        line={"color": line.colour, "width": 1.5 if line.is_baseline else 2.5, "dash": dash},
        marker={"size": 5 if line.is_baseline else 8},
        error_y={"array": above, "arrayminus": below, "thickness": 1.2, "width": 4, "visible": not line.is_baseline},
        customdata=inert.each(line.hovers),
        hovertemplate="%{customdata}<extra></extra>",
    )


def _reported(method: str, points: Mapping[float, float], colour: str) -> go.Scatter:
    return go.Scatter(
        x=list(points),
        y=list(points.values()),
        name=inert.plotly(f"{method}, as reported"),
        mode="markers",
        marker={"symbol": "circle-open", "size": 9, "color": colour, "line": {"width": 1.5}},
        hovertemplate=f"{inert.plotly(method)} as reported by Gong et al. 2024, one seed: %{{y:.4f}} at %{{x:.1%}}"
        "<extra></extra>",
    )
