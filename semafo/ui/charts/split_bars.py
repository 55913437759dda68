"""The split as bars, and what a data set is made of."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from semafo import inert, keys, wording
from semafo.ui.charts import colours, style
from semafo.ui.charts.colours import Look

BAR_HEIGHT = 34
_ORDER = (keys.REFERENCE, keys.LABELLED, keys.CALIBRATION, keys.HIDDEN, keys.TEST, keys.MISSING)


def split_bars(cells: pd.DataFrame, by: str, *, narrow: bool = False) -> go.Figure:
    """One bar a batch or a type (`by`, a column of the split's table), divided into the parts of the split."""
    hidden = cells[keys.PART].isin([keys.CALIBRATION, keys.HIDDEN])  # in the reference too
    segment = cells[keys.PART].where(hidden | (cells[keys.ROLE] != keys.REFERENCE), keys.REFERENCE)
    groups = cells[by].fillna("no label").astype(str)
    counts = pd.crosstab(groups, segment)
    figure = go.Figure()
    for part in (part for part in _ORDER if part in counts):
        figure.add_bar(
            y=list(range(len(counts))),
            x=counts[part].to_numpy(),
            orientation="h",
            name=wording.PARTS[part],
            customdata=inert.each(counts.index),
            marker={"color": colours.PARTS[part], "line_width": 0},
            marker_pattern=_PATTERNS.get(part),
            hovertemplate=f"%{{customdata}}<br>{wording.PARTS[part]}: %{{x}} cells<extra></extra>",
        )
    names = [wording.PARTS[part] for part in counts]
    return _horizontal(figure, counts.index, names, "Cells", narrow)


# Hatching tells test cells from hidden ones without another colour.
_PATTERNS = {keys.TEST: {"shape": "/", "size": 6, "solidity": 0.25, "fgcolor": colours.ACCENT, "fillmode": "overlay"}}


def composition(counts: pd.DataFrame, looks: Mapping[str, Look], *, narrow: bool = False) -> go.Figure:
    """Cells by type (rows) and batch (columns): stacked bars a batch, or one bar a type where there is one batch."""
    if counts.shape[1] > 1:
        return _by_batch(counts, looks, narrow)
    sizes = counts.iloc[:, 0].sort_values(ascending=False)
    figure = go.Figure()
    figure.add_bar(
        y=list(range(len(sizes))),
        x=sizes.to_numpy(),
        orientation="h",
        marker_color=[looks[str(name)].colour for name in sizes.index],
        text=[wording.count(n) for n in sizes],
        textposition="outside",
        cliponaxis=False,
        customdata=inert.each(sizes.index),
        hovertemplate="%{customdata}: %{x} cells<extra></extra>",
        showlegend=False,
    )
    return _horizontal(figure, sizes.index, [], "Cells", narrow)


def _by_batch(counts: pd.DataFrame, looks: Mapping[str, Look], narrow: bool) -> go.Figure:
    figure = go.Figure()
    for name, row in counts.sort_index().iterrows():
        figure.add_bar(
            y=list(range(len(row))),
            customdata=inert.each(counts.columns),
            x=row.to_numpy(),
            orientation="h",
            name=inert.plotly(wording.shortened(str(name), 40)),
            marker={"color": looks[str(name)].colour, "line_width": 0},
            hovertemplate=f"%{{customdata}}<br>{inert.plotly(name)}: %{{x}} cells<extra></extra>",
        )
    return _horizontal(figure, counts.columns, [str(name) for name in counts.index], "Cells", narrow)


def _horizontal(figure: go.Figure, bars: pd.Index, names: Sequence[str], title: str, narrow: bool) -> go.Figure:
    n_bars, short = len(bars), [wording.shortened(str(name), 16 if narrow else 26) for name in bars]
    legend = style.legend_pixels(names, narrow)
    style.bottom_legend(figure)
    figure.update_layout(barmode="stack", bargap=0.3, legend_traceorder="normal")
    figure.update_yaxes(autorange="reversed", ticks="", showgrid=False, automargin=True, ticklabelstandoff=6)
    figure.update_yaxes(tickmode="array", tickvals=list(range(n_bars)), ticktext=inert.each(short))
    figure.update_xaxes(
        title_text=inert.plotly(title), title_standoff=4, rangemode="tozero", gridcolor=colours.GRID, ticks=""
    )
    height = max(n_bars, 2) * (BAR_HEIGHT if n_bars <= 10 else 24) + 52 + legend
    return style.base(figure, height, margin={"b": 44 + legend, "r": 44})
