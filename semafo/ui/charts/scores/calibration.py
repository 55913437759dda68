"""Reliability of a confidence, and what is left where predictions below a threshold are called unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from semafo import inert
from semafo.ui.charts import colours, style

TITLE_HEIGHT = 62
PANEL_HEIGHT, NARROW_PANEL_HEIGHT = 250, 220
COVERAGE_HEIGHT = 300


@dataclass(frozen=True)
class Reliability:
    """Bins of one run (see `reliability_bins`), those after temperature scaling where there is a temperature."""

    title: str
    lines: tuple[str, ...]
    colour: str
    bins: Sequence[Mapping[str, Any]] = ()
    bins_scaled: Sequence[Mapping[str, Any]] | None = None
    note: str = ""


@dataclass(frozen=True)
class CoverageLine:
    """One run's rows of thresholds (see `coverage_curve`) and the row that is marked."""

    title: str
    colour: str
    rows: Sequence[Mapping[str, Any]]
    marked: Mapping[str, Any] = field(default_factory=dict)


def reliability_panels(panels: Sequence[Reliability], *, narrow: bool = False) -> go.Figure:
    """Accuracy against mean confidence, a panel a run; on the dotted line a confidence means what it says."""
    columns = style.panels_in_a_row(len(panels), narrow, least=2)
    size = NARROW_PANEL_HEIGHT if narrow else PANEL_HEIGHT
    grid = style.panel_grid(len(panels), columns, panel=size, title=TITLE_HEIGHT + 50, bottom=0, gap=0.05)
    for i, panel in enumerate(panels):
        style.panel_title(grid.figure, i, panel.title, panel.lines, panel.colour)
        grid.add(i, _diagonal())
        if panel.note:
            style.panel_note(grid.figure, i, panel.note)
        if panel.bins:
            grid.add(i, *_bins(panel.bins, panel.colour, "as predicted", is_scaled=False))
        if panel.bins_scaled:
            grid.add(i, *_bins(panel.bins_scaled, panel.colour, "scaled", is_scaled=True))
    shares = {"range": [-0.02, 1.04], "tickvals": [0, 0.5, 1], "showgrid": False, "zeroline": False, "ticks": ""}
    line = {"showline": True, "linecolor": colours.GRID, "fixedrange": True, "title_standoff": 4}
    grid.figure.update_xaxes(**shares, **line, title_text="Confidence")
    grid.figure.update_yaxes(**shares, **line)
    for i in range(0, len(panels), columns):
        grid.figure.layout[f"yaxis{style.axis_suffix(i)}"].title.text = "Accuracy"
    style.hide_empty_slots(grid, len(panels))
    return style.base(grid.figure, grid.height, margin={"t": TITLE_HEIGHT, "b": 50, "l": 44}, showlegend=False)


def _diagonal() -> go.Scatter:
    line = {"color": colours.NEUTRAL, "width": 1, "dash": "dot"}
    return go.Scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, hoverinfo="skip")


def _bins(bins: Sequence[Mapping[str, Any]], colour: str, kind: str, *, is_scaled: bool) -> tuple[go.Scatter, ...]:
    """A line through the bins; after scaling dashed, with rings, and without intervals, which would cover the first."""
    x, y = [b["confidence"] for b in bins], [b["accuracy"] for b in bins]
    trace = go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        name=inert.plotly(kind),
        line={"color": colour, "width": 1.4, "dash": "dash" if is_scaled else "solid"},
        marker={"color": colour, "size": 7, "symbol": "circle-open" if is_scaled else "circle"},
        customdata=[[b["low"], b["high"], b["n"], b["accuracy_low"], b["accuracy_high"]] for b in bins],
        hovertemplate=f"{inert.plotly(kind)}: confidence %{{customdata[0]:.2f}} to %{{customdata[1]:.2f}}, "
        "%{customdata[2]} cells<br>mean confidence %{x:.2f}<br>accuracy %{y:.2f} [%{customdata[3]:.2f}, "
        "%{customdata[4]:.2f}]<extra></extra>",
    )
    if is_scaled:
        return (trace,)
    whiskers: dict[str, list] = {"x": [], "y": []}
    for b in bins:
        whiskers["x"] += [b["confidence"], b["confidence"], None]
        whiskers["y"] += [b["accuracy_low"], b["accuracy_high"], None]
    return (
        go.Scatter(**whiskers, mode="lines", line={"color": colour, "width": 1.2}, opacity=0.5, hoverinfo="skip"),
        trace,
    )


def coverage_curves(lines: Sequence[CoverageLine], *, narrow: bool = False) -> go.Figure:
    """Accuracy of the cells that keep their prediction against their share, a line a run; the threshold is marked."""
    figure = go.Figure()
    for line in lines:
        kept = [row for row in line.rows if row["n_kept"]]
        figure.add_scatter(
            x=[row["coverage"] for row in kept],
            y=[row["accuracy"] for row in kept],
            mode="lines",
            line={"color": line.colour, "width": 1.8, "shape": "linear"},
            customdata=[[row["threshold"], row["n_kept"], row["low"], row["high"]] for row in kept],
            hovertemplate=f"{inert.plotly(line.title)}<br>unknown below %{{customdata[0]:.2f}}: %{{x:.0%}} kept, "
            "%{customdata[1]} cells<br>accuracy %{y:.3f} [%{customdata[2]:.2f}, %{customdata[3]:.2f}]<extra></extra>",
        )
        if line.marked.get("n_kept"):
            _mark(figure, line)
    quiet = {"showgrid": False, "zeroline": False, "ticks": "", "showline": True, "linecolor": colours.GRID}
    figure.update_xaxes(
        **quiet, title_text="Share of the cells that keep a type", tickformat=".0%", fixedrange=True, title_standoff=6
    )
    figure.update_yaxes(**quiet, title_text="Accuracy of those", fixedrange=True, nticks=5, title_standoff=8)
    height = COVERAGE_HEIGHT - 40 if narrow else COVERAGE_HEIGHT
    return style.base(figure, height, margin={"l": 60, "b": 44, "r": 16}, showlegend=False)


def _mark(figure: go.Figure, line: CoverageLine) -> None:
    row = line.marked
    figure.add_scatter(
        x=[row["coverage"]] * 2,
        y=[row["low"], row["high"]],
        mode="lines",
        line={"color": line.colour, "width": 1.6},
        opacity=0.6,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[row["coverage"]],
        y=[row["accuracy"]],
        mode="markers",
        marker={"color": line.colour, "size": 10},
        hoverinfo="skip",
    )
