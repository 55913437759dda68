"""What latent dimensions carry, as heat maps, and the genes that move along a dimension, as lines."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from semafo import inert, wording
from semafo.ui.charts import colours, style

TITLE_HEIGHT = 44
ROW_HEIGHT = 15
LINES_HEIGHT = 300
TEXT_UP_TO = 10  # factors; more leave no room for a number in each cell
TEXT_FROM = 0.1
UP, DOWN = colours.SIGNED[-1][1], colours.SIGNED[0][1]
_NAME_LENGTH = 18
_LABEL_PIXELS = 13


@dataclass(frozen=True, eq=False)
class Carried:
    """Mutual information of a run's dimensions with factors.

    Attributes
    ----------
    title, line, colour
        The run's name, a small line below it, and its colour.
    dimensions, factors
        Names of the rows, from the top, and of the columns.
    values
        (dimensions, factors) 0 to 1, NaN where undefined.
    n
        Cells with a value, by factor.
    """

    title: str
    line: str
    colour: str
    dimensions: Sequence[str]
    factors: Sequence[str]
    values: np.ndarray
    n: Sequence[int]


@dataclass(frozen=True, eq=False)
class Along:
    """Genes along one dimension of a run: values (genes, steps) log(1 + counts per 10 000), steps in sd.

    rises: (genes,) bool. Without genes `note` says why there are none.
    """

    title: str
    line: str
    colour: str
    steps: Sequence[float]
    genes: Sequence[str]
    values: np.ndarray
    rises: np.ndarray
    note: str = ""


def information_panels(panels: Sequence[Carried], *, narrow: bool = False) -> go.Figure:
    """One heat map a run, all on one colour scale from 0; rows in the order given."""
    columns = 1 if narrow else len(panels) if len(panels) <= 4 else 3
    names = round(5.8 * min(_NAME_LENGTH, max(len(name) for panel in panels for name in panel.factors))) + 10
    height = ROW_HEIGHT * max(len(panel.dimensions) for panel in panels)
    bottom = names + 52
    grid = style.panel_grid(len(panels), columns, panel=height, title=TITLE_HEIGHT + names, bottom=bottom, gap=0.05)
    for i, panel in enumerate(panels):
        style.panel_title(grid.figure, i, panel.title, [panel.line], panel.colour)
        grid.add(i, _heatmap(panel))
        _name_axes(grid.figure, i, panel)
    style.hide_empty_slots(grid, len(panels))
    largest = max((float(np.nanmax(panel.values)) for panel in panels if np.isfinite(panel.values).any()), default=0)
    bar = style.colour_bar("Share of the entropy", 300 if narrow else 380)  # the title is part of the length
    top = max(0.2, np.ceil(10 * largest) / 10)
    scale = {"cmin": 0, "cmax": top, "colorscale": colours.SEQUENTIAL, "colorbar": bar}
    margin = {"l": 34, "t": TITLE_HEIGHT, "b": bottom}
    return style.base(grid.figure, grid.height - names, margin=margin, coloraxis=scale)


def _heatmap(panel: Carried) -> go.Heatmap:
    return go.Heatmap(
        z=panel.values,
        x=inert.each(panel.factors),
        y=inert.each(panel.dimensions),
        customdata=np.broadcast_to([wording.count(n) for n in panel.n], panel.values.shape)[:, :, None],
        hovertemplate="%{y} · %{x}<br>%{z:.3f} of its entropy<br>n %{customdata[0]}<extra></extra>",
        coloraxis="coloraxis",
        xgap=1,
        ygap=1,
        hoverongaps=False,
        **_text(panel.values),
    )


def _text(values: np.ndarray) -> dict[str, object]:
    """Numbers of the cells that are not small, where there is room for them."""
    if values.shape[1] > TEXT_UP_TO:
        return {}
    numbers = [[f"{value:.2f}"[1:] if TEXT_FROM <= value < 0.995 else "" for value in row] for row in values]
    return {"text": numbers, "texttemplate": "%{text}", "textfont_size": 10}


def _name_axes(figure: go.Figure, index: int, panel: Carried) -> None:
    suffix = style.axis_suffix(index)
    short = [wording.shortened(name, _NAME_LENGTH) for name in panel.factors]
    shared = {"ticks": "", "showgrid": False, "zeroline": False, "tickfont_size": 11, "fixedrange": True}
    across = {
        "tickmode": "array",
        "tickvals": inert.each(panel.factors),
        "ticktext": inert.each(short),
        "tickangle": -90,
    }
    figure.layout[f"xaxis{suffix}"].update({**shared, **across, "type": "category"})
    down = {"tickmode": "array", "tickvals": inert.each(panel.dimensions), "ticktext": inert.each(panel.dimensions)}
    figure.layout[f"yaxis{suffix}"].update({**shared, **down, "type": "category", "autorange": "reversed"})


def traversal_panels(panels: Sequence[Along], *, narrow: bool = False) -> go.Figure:
    """One panel a run: a line a gene, all on one scale; rising genes named at the right, falling ones at the left."""
    columns = style.panels_in_a_row(len(panels), narrow)
    grid = style.panel_grid(len(panels), columns, panel=LINES_HEIGHT, title=TITLE_HEIGHT + 40, bottom=44, gap=0.03)
    top = max((float(panel.values.max()) for panel in panels if len(panel.genes)), default=1.0)
    for i, panel in enumerate(panels):
        style.panel_title(grid.figure, i, panel.title, [panel.line], panel.colour)
        if not len(panel.genes):
            style.panel_note(grid.figure, i, panel.note)
        for gene, values, rises in zip(panel.genes, panel.values, panel.rises, strict=True):
            grid.add(i, _line(gene, panel.steps, values, rises))
        for rises in (True, False):
            labels = _labels(panel, rises, gap=_LABEL_PIXELS * 1.1 * top / LINES_HEIGHT)
            if labels is not None:
                grid.add(i, labels)
    reach = 3.6
    ticks = {"tickmode": "array", "tickvals": [-2, -1, 0, 1, 2], "ticktext": ["−2", "−1", "0", "+1", "+2"]}
    grid.figure.update_xaxes(range=[-reach, reach], **ticks, showgrid=False, zeroline=False, fixedrange=True)
    grid.figure.update_yaxes(range=[-0.05 * top, 1.1 * top], gridcolor=colours.GRID, zeroline=False, fixedrange=True)
    for i in range(len(panels)):
        suffix = style.axis_suffix(i)
        grid.figure.layout[f"xaxis{suffix}"].title = {"text": "Standard deviations from the type's mean", "standoff": 4}
        grid.figure.layout[f"yaxis{suffix}"].showticklabels = i % columns == 0
        if i % columns == 0:
            grid.figure.layout[f"yaxis{suffix}"].title = {"text": "log(1 + counts per 10 000)", "standoff": 4}
    style.hide_empty_slots(grid, len(panels))
    margin = {"l": 48, "t": TITLE_HEIGHT, "b": 44}
    return style.base(grid.figure, grid.height - 40, margin=margin, showlegend=False)


def _line(gene: str, steps: Sequence[float], values: np.ndarray, rises: bool) -> go.Scatter:
    return go.Scatter(
        x=list(steps),
        y=values,
        name=inert.plotly(gene),
        mode="lines+markers",
        line={"color": UP if rises else DOWN, "width": 1.5, "dash": "solid" if rises else "dash"},
        marker_size=5,
        customdata=np.expm1(values),
        hovertemplate=f"<b>{inert.plotly(gene)}</b><br>%{{x:+g}} sd<br>%{{customdata:.2f}} counts per 10 000"
        "<extra></extra>",
    )


def _labels(panel: Along, rises: bool, gap: float) -> go.Scatter | None:
    """Names of the genes at the end where they are high, moved apart where they would cover one another."""
    chosen = np.flatnonzero(np.asarray(panel.rises, dtype=bool) == rises)
    if not len(chosen):
        return None
    end = -1 if rises else 0
    return go.Scatter(
        x=[panel.steps[end] + (0.12 if rises else -0.12)] * len(chosen),
        y=spread(panel.values[chosen, end], gap),
        text=[inert.plotly(wording.shortened(panel.genes[i], 12)) for i in chosen.tolist()],
        mode="text",
        textposition="middle right" if rises else "middle left",
        textfont={"size": 10, "color": UP if rises else DOWN},
        hoverinfo="skip",
    )


def spread(places: np.ndarray, gap: float) -> np.ndarray:
    """The places moved as little as needed to lie at least a gap apart, in their order, none below the lowest."""
    places = np.asarray(places, dtype=float)
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(places))
    moved = np.empty_like(places)
    moved[order] = np.maximum.accumulate(places[order] - steps) + steps
    return moved
