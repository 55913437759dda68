"""The integration table as a picture: a circle a score, a bar a mean, rows sorted by total, the best marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from semafo import inert, wording
from semafo.evaluation.integration.columns import BATCH, BIO, METRICS, Metric
from semafo.ui.charts import colours, style

ROW_HEIGHT = 44
HEAD_HEIGHT = 128
SMALLEST_RINGED = 20  # pixels
MEANS = (("bio", "Bio mean"), ("batch", "Batch mean"), ("total", "Total"))
GROUP_TITLES = {BIO: "Biology kept", BATCH: "Batches mixed"}
GROUP_COLOURS = {BIO: "#0F7B8A", BATCH: "#8A6078"}
TOTAL_COLOUR = "#5B6875"


@dataclass(frozen=True)
class ScoreRow:
    """Scores of one embedding by metric key, undefined ones None, and their means.

    is_reference: reported elsewhere, so drawn hollow, and never the best.
    """

    name: str
    colour: str
    scores: Mapping[str, float | None]
    means: Mapping[str, float | None]
    is_reference: bool = False


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
    return style.base(figure, height, margin={"t": head, "l": 130 if narrow else 210, "b": 8, "r": 30})


def best(values: Sequence[float | None], rows: Sequence[ScoreRow]) -> list[bool]:
    """Which values are the highest of those that were computed here, ties as they are shown; none of a single row."""
    shown = [
        round(value, 2) if wording.is_number(value) and not row.is_reference else None
        for value, row in zip(values, rows, strict=True)
    ]
    known = [value for value in shown if value is not None]
    return [len(known) > 1 and value is not None and value == max(known) for value in shown]


def _label(row: ScoreRow, narrow: bool) -> inert.FigureText:
    name = inert.plotly(*row.name.split(" · ", 1 if narrow else 0), between="<br>")
    if row.is_reference:
        return inert.FigureText(f"<span style='color:{colours.NEUTRAL}'>{inert.plotly(name)} □</span>")
    return inert.plotly(name, colours.mark(row.colour), between=" ")


def _circles(figure: go.Figure, rows: Sequence[ScoreRow], names: Sequence[str], group: str) -> None:
    """A circle for each score: area and strength follow the value, its text says it; a dash where it is undefined."""
    for i, metric in enumerate(METRICS):
        if metric.group != group:
            continue
        values = [row.scores.get(metric.key) for row in rows]
        marked = best(values, rows)
        figure.add_scatter(
            x=[i] * len(rows),
            y=list(names),
            mode="markers+text",
            text=[inert.plotly(_bold(wording.score(v, 2), m)) for v, m in zip(values, marked, strict=True)],
            textfont_size=11,
            marker=_marker(values, marked, rows, GROUP_COLOURS[group]),
            hovertext=[inert.plotly(_hover(row.name, metric, v)) for row, v in zip(rows, values, strict=True)],
            hovertemplate="%{hovertext}<extra></extra>",
            row=1,
            col=1,
        )


def _bold(text: str, is_bold: bool) -> inert.FigureText:
    return inert.FigureText(f"<b>{inert.plotly(text)}</b>") if is_bold else inert.plotly(text)


def _marker(
    values: Sequence[float | None], marked: Sequence[bool], rows: Sequence[ScoreRow], colour: str
) -> dict[str, object]:
    """Filled circles, the best with a ring; hollow grey ones for what was reported elsewhere."""
    hollow = [row.is_reference for row in rows]
    return {
        "size": [_diameter(value) for value in values],
        "color": [_CLEAR if h else _tinted(colour, v) for v, h in zip(values, hollow, strict=True)],
        "line": {
            "color": [colours.NEUTRAL if h else colour for h in hollow],
            "width": [_ring(*looks) for looks in zip(values, marked, hollow, strict=True)],
        },
        "opacity": 1,
    }


def _ring(value: float | None, is_best: bool, is_hollow: bool) -> float:
    """Width of the line around a circle; a small one has no room for a ring around its number."""
    if _diameter(value) < SMALLEST_RINGED:
        return 0
    return 1.2 if is_hollow else 2 if is_best else 0


_CLEAR = "rgba(0, 0, 0, 0)"


def _tinted(colour: str, value: float | None) -> str:
    """A colour of the form #RRGGBB, the stronger the higher the value; light enough for text in front of it."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    share = min(max(value, 0.0), 1.0) if wording.is_number(value) else 0.0
    return f"rgba({red}, {green}, {blue}, {0.12 + 0.32 * share:.2f})"


def _diameter(value: float | None) -> float:
    return 34 * max(value, 0.0) ** 0.5 if wording.is_number(value) else 0


def _hover(name: str, metric: Metric, value: float | None) -> inert.FigureText:
    is_known = wording.is_number(value)
    said = inert.plotly(f"{metric.title} {wording.score(value)}" if is_known else f"{metric.title} is undefined")
    lines = [name, inert.FigureText(f"<b>{inert.plotly(said)}</b>")]
    return inert.plotly(*lines, *([] if is_known else [_wrapped(metric.undefined)]), about(metric), between="<br>")


def about(metric: Metric) -> inert.FigureText:
    """Meaning, range and direction of a metric, in lines."""
    direction = "higher is better" if metric.higher_is_better else "lower is better"
    place = "" if metric.averaged else " Takes no part in the mean."
    span = f"From {metric.low:g} to {metric.high:g}, {direction}.{place}".replace("-", "−")
    return inert.plotly(_wrapped(metric.meaning), span, between="<br>")


def _wrapped(text: str, width: int = 60) -> inert.FigureText:
    lines, line = [], ""
    for word in text.split():
        if len(line) + len(word) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return inert.plotly(*lines, line, between="<br>")


def _bars(
    figure: go.Figure, rows: Sequence[ScoreRow], names: Sequence[str], mean: tuple[str, str], place: int, col: int
) -> None:
    """Bars of one mean, each in a lane one unit wide."""
    key, title = mean
    values = [row.means[key] for row in rows]
    colour = TOTAL_COLOUR if key == "total" else GROUP_COLOURS[key]
    hollow = [row.is_reference for row in rows]
    figure.add_bar(
        y=list(names),
        x=[0.8 * value if wording.is_number(value) else 0 for value in values],
        base=place,
        orientation="h",
        marker={
            "color": [_CLEAR if h else _tinted(colour, 1.0) for h in hollow],
            "line": {"color": colours.NEUTRAL, "width": [1.2 if h else 0 for h in hollow]},
        },
        hovertext=[
            inert.plotly(row.name, f"{title} {wording.score(value)}", between="<br>")
            for row, value in zip(rows, values, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        row=1,
        col=col,
    )
    figure.add_scatter(
        x=[place + 0.03] * len(rows),
        y=list(names),
        mode="text",
        text=[inert.plotly(_bold(wording.score(v, 2), m)) for v, m in zip(values, best(values, rows), strict=True)],
        textposition="middle right",
        textfont_size=11,
        hoverinfo="skip",
        row=1,
        col=col,
    )


_QUIET = {"showgrid": False, "zeroline": False, "ticks": "", "side": "top", "fixedrange": True, "tickfont_size": 11}


def _heads(figure: go.Figure) -> None:
    """Titles of the columns, which say on hover what they mean; BRAS, which takes no part in the mean, has a star."""
    n = len(METRICS)
    figure.update_xaxes(**_QUIET, showticklabels=False, range=[-0.6, n - 0.4], row=1, col=1)
    above = {"y": 1, "xref": "x", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "showarrow": False}
    for i, metric in enumerate(METRICS):
        figure.add_annotation(
            **above,
            text=inert.plotly(metric.title + ("" if metric.averaged else " *")),
            x=i - 0.1,
            textangle=-50,
            font_size=11,
            hovertext=f"<b>{inert.plotly(metric.title)}</b><br>{inert.plotly(about(metric))}",
        )
    for group, title in GROUP_TITLES.items():
        start = next(i for i, metric in enumerate(METRICS) if metric.group == group) - 0.4
        head = inert.FigureText(f"<span style='color:{GROUP_COLOURS[group]}'><b>{inert.plotly(title)}</b></span>")
        figure.add_annotation(**above, text=inert.plotly(head), x=start, yshift=98)


def _axes(figure: go.Figure, col: int) -> None:
    means = {
        "tickmode": "array",
        "tickvals": [i + 0.4 for i in range(3)],
        "ticktext": [inert.plotly(title) for _, title in MEANS],
    }
    figure.update_xaxes(**_QUIET, **means, range=[-0.05, 3], tickangle=0, row=1, col=col)
    figure.update_yaxes(autorange="reversed", ticks="", showgrid=True, gridcolor=colours.GRID, fixedrange=True)
