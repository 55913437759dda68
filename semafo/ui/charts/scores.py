"""The integration table as a picture: a circle a score, a bar a mean, rows sorted by total."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from semafo.evaluation.metrics import BATCH, BIO, METRICS, Metric
from semafo.ui import colours, words
from semafo.ui.charts import style

ROW_HEIGHT = 44
HEAD_HEIGHT = 128
MEANS = (("bio", "Bio mean"), ("batch", "Batch mean"), ("total", "Total"))
GROUP_TITLES = {BIO: "Biology kept", BATCH: "Batches mixed"}
GROUP_COLOURS = {BIO: "#0F7B8A", BATCH: "#8A6078"}


@dataclass(frozen=True)
class ScoreRow:
    """Scores of one embedding by metric key, undefined ones None, and their means."""

    name: str
    colour: str
    scores: Mapping[str, float | None]
    means: Mapping[str, float | None]


def score_table(rows: Sequence[ScoreRow], *, narrow: bool = False) -> go.Figure:
    """Circles for the columns, bars for the means, in the order given from top to bottom."""
    names = [_label(row, narrow) for row in rows]
    if narrow:  # no room for the columns: means only, the table below has all
        figure = make_subplots(1, 1)
    else:
        figure = make_subplots(1, 2, shared_yaxes=True, column_widths=[0.72, 0.28], horizontal_spacing=0.02)
        for group in (BIO, BATCH):
            _circles(figure, rows, names, group)
        _heads(figure)
    for i, (key, title) in enumerate(MEANS):
        _bars(figure, rows, names, (key, title), i, 1 if narrow else 2)
    _axes(figure, 1 if narrow else 2)
    head = 32 if narrow else HEAD_HEIGHT
    height = head + ROW_HEIGHT * len(rows) + 8
    figure.update_layout(barmode="overlay", bargap=0.4, showlegend=False)
    return style.base(figure, height, margin={"t": head, "l": 130 if narrow else 210, "b": 8})


def _label(row: ScoreRow, narrow: bool) -> str:
    name = row.name if not narrow else row.name.replace(" · ", "<br>", 1)
    return f"{name} <span style='color:{row.colour}'>■</span>"


def _circles(figure: go.Figure, rows: Sequence[ScoreRow], names: Sequence[str], group: str) -> None:
    """A circle for each score: its area follows the value, its text says it; a dash where it is undefined."""
    metrics = [(i, metric) for i, metric in enumerate(METRICS) if metric.group == group]
    cells = [(i, metric, row, name) for row, name in zip(rows, names, strict=True) for i, metric in metrics]
    values = [row.scores.get(metric.key) for _, metric, row, _ in cells]
    figure.add_scatter(
        x=[i for i, *_ in cells],
        y=[name for *_, name in cells],
        mode="markers+text",
        text=[words.score(value, 2) for value in values],
        textfont_size=11,
        marker={
            "size": [_diameter(value) for value in values],
            "color": GROUP_COLOURS[group],
            "opacity": 0.28,
            "line_width": 0,
        },
        hovertext=[_hover(row.name, metric, row.scores.get(metric.key)) for _, metric, row, _ in cells],
        hovertemplate="%{hovertext}<extra></extra>",
        row=1,
        col=1,
    )


def _diameter(value: float | None) -> float:
    return 34 * max(value, 0.0) ** 0.5 if words.is_number(value) else 0


def _hover(name: str, metric: Metric, value: float | None) -> str:
    if words.is_number(value):
        return f"{name}<br>{metric.title} {value:.3f}<br>{_wrapped(metric.meaning)}"
    return f"{name}<br>{metric.title} is undefined<br>{_wrapped(metric.undefined)}"


def _wrapped(text: str, width: int = 60) -> str:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "<br>".join([*lines, line])


def _bars(
    figure: go.Figure, rows: Sequence[ScoreRow], names: Sequence[str], mean: tuple[str, str], place: int, col: int
) -> None:
    """Bars of one mean, each in a lane one unit wide."""
    key, title = mean
    values = [row.means[key] for row in rows]
    strong = key == "total"
    colour = "#5B6875" if strong else GROUP_COLOURS[key]
    figure.add_bar(
        y=list(names),
        x=[0.8 * value if words.is_number(value) else 0 for value in values],
        base=place,
        orientation="h",
        marker={"color": colour, "opacity": 0.5 if strong else 0.4, "line_width": 0},
        hovertext=[f"{row.name}<br>{title} {words.score(value)}" for row, value in zip(rows, values, strict=True)],
        hovertemplate="%{hovertext}<extra></extra>",
        row=1,
        col=col,
    )
    figure.add_scatter(
        x=[place + 0.03] * len(rows),
        y=list(names),
        mode="text",
        text=[f"<b>{words.score(value, 2)}</b>" if strong else words.score(value, 2) for value in values],
        textposition="middle right",
        textfont_size=11,
        hoverinfo="skip",
        row=1,
        col=col,
    )


_QUIET = {"showgrid": False, "zeroline": False, "ticks": "", "side": "top", "fixedrange": True, "tickfont_size": 11}


def _heads(figure: go.Figure) -> None:
    """Titles of the columns; BRAS, which takes no part in the mean, has a star."""
    n = len(METRICS)
    titles = [metric.title + ("" if metric.averaged else " *") for metric in METRICS]
    heads = {"tickmode": "array", "tickvals": list(range(n)), "ticktext": titles, "tickangle": -50}
    figure.update_xaxes(**_QUIET, **heads, range=[-0.6, n - 0.4], row=1, col=1)
    for group, title in GROUP_TITLES.items():
        figure.add_annotation(
            text=f"<span style='color:{GROUP_COLOURS[group]}'><b>{title}</b></span>",
            x=next(i for i, metric in enumerate(METRICS) if metric.group == group) - 0.4,
            y=1,
            xref="x",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            yshift=98,
            showarrow=False,
        )


def _axes(figure: go.Figure, col: int) -> None:
    means = {"tickmode": "array", "tickvals": [i + 0.4 for i in range(3)], "ticktext": [title for _, title in MEANS]}
    figure.update_xaxes(**_QUIET, **means, range=[-0.05, 3], tickangle=0, row=1, col=col)
    figure.update_yaxes(autorange="reversed", ticks="", showgrid=True, gridcolor=colours.GRID, fixedrange=True)
