"""Loss terms while they are learned: one panel a term, one line a run."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from semafo.ui import colours, words
from semafo.ui.charts import style

HEIGHT = 160
_KEYS = ("stage", "epoch")


def loss_terms(histories: Mapping[str, pd.DataFrame], looks: Mapping[str, str], *, narrow: bool = False) -> go.Figure:
    """Terms of each run's current stage against its epoch, in nats a cell; `looks` gives each run's colour."""
    current = {name: _current_stage(history) for name, history in histories.items()}
    terms = _terms(list(current.values()))
    columns = 2 if narrow else 4
    rows = -(-len(terms) // columns) or 1
    figure = make_subplots(
        rows=rows, cols=columns, horizontal_spacing=0.06, vertical_spacing=0.5 / rows if rows > 1 else 0
    )
    for i, term in enumerate(terms):
        style.panel_title(figure, i, words.TERMS.get(term, term))
        for name, history in current.items():
            if term in history:
                _add_line(figure, history, term, name, looks[name], (i // columns + 1, i % columns + 1))
    figure.update_xaxes(showgrid=False, ticks="", nticks=3, tickfont_size=10, zeroline=False)
    figure.update_yaxes(
        gridcolor=colours.GRID, ticks="", nticks=4, ticklabelstandoff=4, tickfont_size=10, zeroline=False
    )
    for i, term in enumerate(terms):
        span = _span(current.values(), term)
        if span:
            figure.layout[f"yaxis{style.axis_suffix(i)}"].range = span
    return style.base(figure, HEIGHT * rows, margin={"t": 30, "b": 24}, showlegend=False)


def _current_stage(history: pd.DataFrame) -> pd.DataFrame:
    """The lines of the last stage, without the terms that this stage has not."""
    if history.empty:
        return history
    return history[history["stage"] == history["stage"].iloc[-1]].dropna(axis=1, how="all")


def _terms(histories: Sequence[pd.DataFrame]) -> list[str]:
    """Terms of any run, in the order of the names known here, the loss last."""
    found = {
        column
        for history in histories
        for column in history.columns
        if column not in _KEYS and not column.endswith("_weight")
    }
    known = [term for term in words.TERMS if term in found and term != "loss"]
    return [*known, *sorted(found - set(words.TERMS)), *(["loss"] if "loss" in found else [])]


def _add_line(figure: go.Figure, history: pd.DataFrame, term: str, name: str, colour: str, at: tuple[int, int]) -> None:
    label = words.TERMS.get(term, term)
    line = go.Scatter(
        x=history["epoch"].to_numpy(),
        y=history[term].to_numpy(dtype=float),
        mode="lines",
        name=name,
        line={"color": colour, "width": 1.8},
        hovertemplate=f"{name}<br>{label} %{{y:.4g}} nats a cell<br>epoch %{{x}}<extra></extra>",
    )
    figure.add_trace(line, row=at[0], col=at[1])


def _span(histories: Sequence[pd.DataFrame], term: str) -> list[float] | None:
    """Range of the values after the first steep epochs, so that the later ones can be seen to move."""
    tails = [h[term].dropna().to_numpy(dtype=float) for h in histories if term in h]
    tails = [values[min(len(values) // 8, 5) :] for values in tails]
    values = np.concatenate(tails) if tails else np.array([])
    values = values[np.isfinite(values)]
    if len(values) < 4:
        return None
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or max(abs(high) * 0.01, 1e-3)
    return [low - margin, high + margin]
