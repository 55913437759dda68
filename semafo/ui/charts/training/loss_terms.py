"""Loss terms, latent scale and label gap while they are learned: one panel each, one line a run."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from semafo import inert, keys, wording
from semafo.ui.charts import colours, style

HEIGHT = 160
_KEYS = ("stage", "epoch")
_DIAGNOSTICS = {keys.LATENT_SCALE: "Latent scale (sd of z)", keys.LABEL_GAP: "Label gap"}
_UNITS = {keys.LATENT_SCALE: "", keys.LABEL_GAP: " nats"}  # all else: nats a cell
_REFERENCE = {keys.LATENT_SCALE: 1.0}  # the prior's standard deviation
_REFERENCE_LINE = {"color": colours.NEUTRAL, "width": 1, "dash": "dot"}


def loss_terms(histories: Mapping[str, pd.DataFrame], looks: Mapping[str, str], *, narrow: bool = False) -> go.Figure:
    """Terms of each run's current stage against its epoch; `looks` gives each run's colour.

    In nats a cell, and after them the latent scale, with a line at the prior's 1, and the label gap.
    """
    current = {name: _current_stage(history) for name, history in histories.items()}
    terms = _terms(list(current.values()))
    columns = 2 if narrow else 4
    rows = -(-len(terms) // columns) or 1
    figure = make_subplots(
        rows=rows, cols=columns, horizontal_spacing=0.06, vertical_spacing=0.5 / rows if rows > 1 else 0
    )
    for i, term in enumerate(terms):
        style.panel_title(figure, i, _title(term))
        for name, history in current.items():
            if term in history:
                _add_line(figure, history, term, name, looks[name], (i // columns + 1, i % columns + 1))
    figure.update_xaxes(showgrid=False, ticks="", nticks=3, tickfont_size=10, zeroline=False)
    figure.update_yaxes(
        gridcolor=colours.GRID, ticks="", nticks=4, ticklabelstandoff=4, tickfont_size=10, zeroline=False
    )
    for i, term in enumerate(terms):
        span = _span(current.values(), term)
        if term in _REFERENCE:
            figure.add_hline(_REFERENCE[term], row=i // columns + 1, col=i % columns + 1, line=_REFERENCE_LINE)
        if span:
            figure.layout[f"yaxis{style.axis_suffix(i)}"].range = span
    return style.base(figure, HEIGHT * rows, margin={"t": 30, "b": 24}, showlegend=False)


def _title(term: str) -> str:
    return _DIAGNOSTICS.get(term) or wording.TERMS.get(term, term)


def _current_stage(history: pd.DataFrame) -> pd.DataFrame:
    """The lines of the last stage, without the terms that this stage has not."""
    if history.empty:
        return history
    return history[history["stage"] == history["stage"].iloc[-1]].dropna(axis=1, how="all")


def _terms(histories: Sequence[pd.DataFrame]) -> list[str]:
    """Terms of any run in the order of the names known here, then the loss, then the diagnostics."""
    found = {
        column
        for history in histories
        for column in history.columns
        if column not in _KEYS and not column.endswith("_weight")
    }
    known = [term for term in wording.TERMS if term in found and term != "loss"]
    unknown = sorted(found - set(wording.TERMS) - set(_DIAGNOSTICS))
    last = [term for term in ("loss", *_DIAGNOSTICS) if term in found]
    return [*known, *unknown, *last]


def _add_line(figure: go.Figure, history: pd.DataFrame, term: str, name: str, colour: str, at: tuple[int, int]) -> None:
    unit = _UNITS.get(term, " nats a cell")
    line = go.Scatter(
        x=history["epoch"].to_numpy(),
        y=history[term].to_numpy(dtype=float),
        mode="lines",
        name=inert.plotly(name),
        line={"color": colour, "width": 1.8},
        hovertemplate=f"{inert.plotly(name)}<br>{inert.plotly(_title(term))} %{{y:.4g}}{inert.plotly(unit)}"
        "<br>epoch %{x}<extra></extra>",
    )
    figure.add_trace(line, row=at[0], col=at[1])


def _span(histories: Iterable[pd.DataFrame], term: str) -> list[float] | None:
    """Range of the values after the first steep epochs, so that the later ones can be seen to move."""
    tails = [h[term].dropna().to_numpy(dtype=float) for h in histories if term in h]
    tails = [values[min(len(values) // 8, 5) :] for values in tails]
    values = np.concatenate(tails) if tails else np.array([])
    values = values[np.isfinite(values)]
    if len(values) < 4:
        return None
    low, high = float(values.min()), float(values.max())
    if term in _REFERENCE:
        low, high = min(low, _REFERENCE[term]), max(high, _REFERENCE[term])
    margin = 0.08 * (high - low) or max(abs(high) * 0.01, 1e-3)
    return [low - margin, high + margin]
