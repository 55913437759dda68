"""An annotation as pictures: predicted types, confidence, and the marker genes of the types as dots."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from semafo import inert, wording
from semafo.ui.charts import colours, style
from semafo.ui.charts.colours import Look

ROW_HEIGHT = 26
LARGEST_DOT = 18  # pixels across, of a gene that every cell expresses
_BINS = 25


def predicted_bars(labels: pd.Series, looks: Mapping[str, Look], unknown: str, *, narrow: bool = False) -> go.Figure:
    """Cells of each label, the most frequent first; those below the threshold last, in grey."""
    sizes = {str(name): int(n) for name, n in labels.value_counts().items()}
    order = sorted(sizes, key=lambda name: name == unknown)
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(order))),
        x=[sizes[name] for name in order],
        orientation="h",
        marker_color=[looks[name].colour if name in looks else colours.NEUTRAL for name in order],
        text=[f"{wording.count(sizes[name])} · {wording.percent(sizes[name] / len(labels))}" for name in order],
        textposition="outside",
        cliponaxis=False,
        customdata=inert.each(order),
        hovertemplate="%{customdata}: %{x} cells<extra></extra>",
    )
    figure.update_xaxes(visible=False, range=[0, 1.25 * max(sizes.values())], fixedrange=True)
    names = [wording.shortened(name, 16 if narrow else 26) for name in order]
    figure.update_yaxes(autorange="reversed", ticks="", fixedrange=True, automargin=True)
    figure.update_yaxes(tickmode="array", tickvals=list(range(len(order))), ticktext=inert.each(names))
    return style.base(figure, max(160, 24 + ROW_HEIGHT * len(order)), margin={"r": 40}, bargap=0.3)


def confidence_histogram(confidence: np.ndarray, threshold: float) -> go.Figure:
    """Cells by the probability of their predicted type; those below the threshold in grey."""
    return _histogram(confidence, threshold, "Confidence", _BINS)


def mapping_histogram(scores: np.ndarray, threshold: float) -> go.Figure:
    """Query cells by their mapping score; those beyond the reference in grey. Bins end where the threshold does."""
    return _histogram(scores, threshold, "Mapping score", round(1 / threshold))


def _histogram(shares: np.ndarray, threshold: float, title: str, n_bins: int) -> go.Figure:
    edges = np.linspace(0, 1, n_bins + 1)
    figure = go.Figure()
    for chosen, colour in ((shares >= threshold, colours.ACCENT), (shares < threshold, colours.NEUTRAL)):
        counts, _ = np.histogram(shares[chosen], edges)
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=1 / n_bins,
            marker={"color": colour, "line_width": 0, "opacity": 0.8},
            customdata=np.stack([edges[:-1], edges[1:]], axis=-1),
            hovertemplate=inert.plotly(title)
            + " %{customdata[0]:.2f} to %{customdata[1]:.2f}<br>%{y} cells<extra></extra>",
        )
    figure.add_vline(x=threshold, line={"color": colours.NEUTRAL, "width": 1, "dash": "dot"})
    figure.update_xaxes(title_text=inert.plotly(title), range=[0, 1], fixedrange=True, showgrid=False)
    figure.update_yaxes(title_text="Cells", fixedrange=True, gridcolor=colours.GRID)
    return style.base(figure, 260, barmode="stack", bargap=0.05, showlegend=False)


def marker_dots(markers: Mapping[str, Any], *, narrow: bool = False) -> go.Figure:
    """A dot for each predicted type and gene: its area follows the share of cells, its colour the mean expression.

    Genes run across and types down; in a narrow figure the other way round.
    """
    types, genes = markers["types"], markers["genes"]
    mean, share = np.array(markers["mean"]), np.array(markers["share"])  # (types, genes)
    row, column = (grid.ravel() for grid in np.meshgrid(range(len(types)), range(len(genes)), indexing="ij"))
    hover = [
        inert.plotly(
            f"{genes[g]} in {types[t]}",
            f"{share[t, g]:.0%} of {wording.cells(markers['n'][t])}",
            f"mean {mean[t, g]:.2f}",
            between="<br>",
        )
        for t, g in zip(row, column, strict=True)
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=row if narrow else column,
        y=column if narrow else row,
        mode="markers",
        marker={
            "size": LARGEST_DOT * np.sqrt(share.ravel()),
            "color": mean.ravel(),
            "cmin": 0,
            "colorscale": _SCALE,
            "colorbar": style.colour_bar("Mean expression", 160 if narrow else 260),
            "line_width": 0,
        },
        hovertext=inert.each(hover),
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    names = [wording.shortened(name, 20 if narrow else 26) for name in types]
    across, down = (names, genes) if narrow else (genes, names)
    quiet = {"tickmode": "array", "ticks": "", "showgrid": False, "zeroline": False, "fixedrange": True}
    figure.update_xaxes(**quiet, **_ticks(across), tickangle=-90, tickfont_size=11)
    figure.update_yaxes(**quiet, **_ticks(down), tickfont_size=11, automargin=True)
    figure.update_yaxes(range=[len(down) - 0.4, -0.6])
    bottom = 74 + round(6.4 * max(map(len, across), default=0))
    return style.base(figure, bottom + ROW_HEIGHT * len(down), margin={"b": bottom, "t": 8})


_SCALE = ((0.0, "rgba(138, 148, 160, 0.25)"), (1.0, colours.ACCENT))


def _ticks(names: list[str]) -> dict[str, Any]:
    return {"tickvals": list(range(len(names))), "ticktext": inert.each(names), "range": [-0.6, len(names) - 0.4]}
