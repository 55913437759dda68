"""Replay: the latent spaces of several runs while they are trained, at one scale, and their loss terms.

One figure with plotly's own frames: a slider and buttons move it in the browser, without asking the server. All panels
and all frames share one range, so that only cells move. Positions are whole numbers of two bytes, encoded here: plotly
would check each array of each frame, of which there are thousands. Axes: K moments, n cells of a run's sample.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from semafo import inert
from semafo.ui.charts import style
from semafo.ui.charts.colours import Look
from semafo.ui.charts.settled_figure import SettledFigure
from semafo.ui.charts.training import replay_layout
from semafo.ui.charts.training.replay_layout import Plan, Stage

SCALE_TERM = "Latent scale (sd of z)"
STEPS = 14_000  # whole numbers from the middle to the edge: two panels beside one another are wider than high
MARGIN = 1.06
_NOWHERE = 32_767  # a cell that the model does not know yet: beyond every range
_SCALE_GAP = "{scale}"
BYTES_A_CELL, BYTES_A_TRACE = 4 * 4 / 3, 120  # of a frame: two whole numbers, in base64


@dataclass(frozen=True, eq=False)
class Film:
    """One run's part of the replay.

    Parameters
    ----------
    positions
        (K, n, 2) in latent units; NaN where a cell is not there.
    codes
        (n,) place of each cell's type among the looks.
    hollow
        (n,) cells drawn as rings; None draws none so.
    scale
        (K,) latent sd; NaN where nothing is there.
    curves
        By the term's title: where in the training, ascending, and its values.
    """

    title: str
    colour: str
    positions: np.ndarray
    codes: np.ndarray
    hollow: np.ndarray | None
    scale: np.ndarray
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]]


class Animated(SettledFigure):
    """A figure whose frames are encoded already."""

    def to_dict(self) -> dict[str, Any]:
        """The figure and its frames as plain values."""
        return {**super().to_dict(), "frames": self.__dict__.get("_ready_frames", [])}


def replay(
    films: Sequence[Film],
    moments: Sequence[str],
    at: np.ndarray,
    stages: Sequence[Stage],
    looks: Mapping[str, Look],
    *,
    narrow: bool = False,
) -> Animated:
    """The runs side by side at one scale, their terms below, a slider and buttons above; it opens at the last moment.

    Parameters
    ----------
    moments
        What the slider says at each of the K moments.
    at
        (K,) where in the training each moment is, in the units of the curves.
    stages
        Where the stages begin, in the same units.
    """
    terms = list(dict.fromkeys(term for film in films for term in film.curves))
    where = replay_layout.plan(len(films), len(terms), style.legend_pixels(looks, narrow), narrow=narrow)
    middle, edge = _extent(films)
    clouds = [_Cloud(film, place, looks, middle, STEPS / edge) for place, film in enumerate(films)]
    lines = [_Term(films, term, place, at) for place, term in enumerate(terms, start=len(films))]
    moving: list[_Cloud | _Term] = [*clouds, *lines]
    data = _with_one_legend([trace for thing in moving for trace in thing.traces()])
    notes = [*_titles(films, terms), replay_layout.moment_note(where, narrow=narrow)]
    frames = [_frame(moving, notes, films, moment, k) for k, moment in enumerate(moments)]
    for trace, part in zip(data, frames[-1]["data"], strict=True):
        trace |= part
    figure = Animated(data=data, layout=_layout(films, terms, stages, at, where, (middle, edge)))
    figure.update_layout(frames[-1]["layout"], **replay_layout.controls(len(moments), where, narrow=narrow))
    style.bottom_legend(figure)
    style.base(figure, where.height, margin={"t": where.top, "b": where.bottom})
    figure.__dict__["_ready_frames"] = frames
    return figure


def _frame(
    moving: Sequence["_Cloud | _Term"], notes: Sequence[dict], films: Sequence[Film], moment: str, k: int
) -> dict[str, Any]:
    """All that is different at a moment; notes: maps' titles, terms' titles, and what the moment is called."""
    parts = [part for thing in moving for part in thing.at(k)]
    notes = [dict(note) for note in notes]
    for note, film in zip(notes, films, strict=False):
        known = np.isfinite(film.scale[k])
        text = f"latent sd {film.scale[k]:.2f}" if known else "no record of this stage"
        note["text"] = note["text"].replace(_SCALE_GAP, text)
    notes[-1]["text"] = moment
    return {"name": inert.plotly(k), "data": parts, "traces": list(range(len(parts))), "layout": {"annotations": notes}}


def _titles(films: Sequence[Film], terms: Sequence[str]) -> list[dict[str, Any]]:
    """Titles of all panels, with a gap where the latent sd goes."""
    scratch = go.Figure()
    for place, film in enumerate(films):
        style.panel_title(scratch, place, film.title, (_SCALE_GAP,), film.colour)
    for place, term in enumerate(terms, start=len(films)):
        style.panel_title(scratch, place, term)
    return [note.to_plotly_json() for note in scratch.layout.annotations]


def _extent(films: Sequence[Film]) -> tuple[np.ndarray, float]:
    """Middle (2,) of all positions, and from there to the edge, the same in both directions."""
    low = np.min([np.nanmin(film.positions, axis=(0, 1)) for film in films], axis=0)
    high = np.max([np.nanmax(film.positions, axis=(0, 1)) for film in films], axis=0)
    return (low + high) / 2, float((high - low).max()) / 2 or 1.0


def _layout(
    films: Sequence[Film],
    terms: Sequence[str],
    stages: Sequence[Stage],
    at: np.ndarray,
    where: Plan,
    extent: tuple[np.ndarray, float],
) -> dict[str, Any]:
    middle, edge = extent
    unit, n = STEPS / edge, len(films)
    layout: dict[str, Any] = {"shapes": []}
    for place in range(n):
        layout |= replay_layout.map_axes(where.boxes[place], place, STEPS * MARGIN)
        circle = replay_layout.prior_circle(place, -middle * unit, replay_layout.PRIOR_SDS * unit)
        layout["shapes"].append(circle)
    margin = 0.02 * (at[-1] - at[0]) or 1.0
    for place, term in enumerate(terms, start=n):
        span = _span([film.curves[term] for film in films if term in film.curves], stages, term)
        layout |= replay_layout.term_axes(where.boxes[place], place, (at[0] - margin, at[-1] + margin), span)
        layout["shapes"] += [replay_layout.upright(place, stage.start) for stage in stages[1:]]
        if term == SCALE_TERM:
            layout["shapes"].append(replay_layout.level(place, 1.0))
    return layout


def _span(
    curves: Sequence[tuple[np.ndarray, np.ndarray]], stages: Sequence[Stage], term: str
) -> tuple[float, float] | None:
    """Range of a term's values after each stage's first steep epochs, so that the later ones can be seen to move."""
    kept = []
    for x, y in curves:
        stage_of = np.searchsorted([stage.start for stage in stages], x, side="left")
        for stage in np.unique(stage_of):
            of_stage = y[(stage_of == stage) & np.isfinite(y)]
            kept.append(of_stage if term == SCALE_TERM else of_stage[min(len(of_stage) // 8, 5) :])
    values = np.concatenate([*kept, [1.0] if term == SCALE_TERM else []]) if kept else np.array([])
    if len(values) < 2:
        return None
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or max(abs(high) * 0.01, 1e-3)
    return low - margin, high + margin


class _Cloud:
    """A run's cells: a trace a type, and another for its rings."""

    def __init__(self, film: Film, place: int, looks: Mapping[str, Look], middle: np.ndarray, unit: float) -> None:
        kind = 2 * film.codes.astype(np.int64) + 1  # odd: filled
        if film.hollow is not None:
            kind -= film.hollow
        order = np.argsort(kind, kind="stable")
        ends = np.cumsum(np.bincount(kind, minlength=2 * len(looks)))
        starts = np.concatenate([[0], ends[:-1]])
        self._parts = [(i, slice(a, b)) for i, (a, b) in enumerate(zip(starts, ends, strict=True)) if b > a]
        steps = (film.positions[:, order] - middle) * unit
        self._steps = np.where(np.isfinite(steps), np.rint(steps), _NOWHERE).astype(np.int16)  # (K, n, 2)
        self._suffix, self._looks = style.axis_suffix(place), list(looks.items())
        self._size = 5.5 if len(order) <= 1200 else 4.0

    def traces(self) -> list[dict[str, Any]]:
        """What stays the same at all moments."""
        found = []
        for kind, _ in self._parts:
            name, look = self._looks[kind // 2]
            ring = kind % 2 == 0
            marker = {"color": look.colour, "symbol": look.symbol + "-open" * ring, "size": self._size}
            marker |= {"opacity": 0.95 if ring else 0.8, "line": {"width": 1.2 if ring else 0}}
            axes = {"xaxis": f"x{self._suffix}", "yaxis": f"y{self._suffix}"}
            trace = {
                "type": "scattergl",
                "mode": "markers",
                "name": inert.plotly(name),
                "legendgroup": name,
                "marker": marker,
            }
            found.append({**trace, **axes, "hovertemplate": f"{inert.plotly(name)}<extra></extra>"})
        return found

    def at(self, k: int) -> list[dict[str, Any]]:
        """Where the cells of each trace are at a moment."""
        steps = self._steps[k]
        return [{axis: _encoded(steps[cells, i]) for i, axis in enumerate("xy")} for _, cells in self._parts]


class _Term:
    """A term of all runs up to a moment, and a dot at the end of each line; one trace for all dots, for speed."""

    def __init__(self, films: Sequence[Film], term: str, place: int, at: np.ndarray) -> None:
        self._films = [film for film in films if term in film.curves]
        self._curves = [[values.astype(np.float32) for values in film.curves[term]] for film in self._films]
        self._ends = [np.searchsorted(film.curves[term][0], at + 1e-6, side="right") for film in self._films]
        self._term, self._suffix = term, style.axis_suffix(place)

    def traces(self) -> list[dict[str, Any]]:
        """What stays the same at all moments."""
        axes = {"xaxis": f"x{self._suffix}", "yaxis": f"y{self._suffix}", "showlegend": False}
        shared = {
            "type": "scatter",
            **axes,
            "hovertemplate": f"%{{text}}<br>{inert.plotly(self._term)} %{{y:.4g}}<extra></extra>",
        }
        lines = [
            shared | {"mode": "lines", "text": inert.plotly(film.title), "line": {"color": film.colour, "width": 1.8}}
            for film in self._films
        ]
        names, paint = [film.title for film in self._films], [film.colour for film in self._films]
        return [*lines, shared | {"mode": "markers", "text": inert.each(names), "marker": {"color": paint, "size": 8}}]

    def at(self, k: int) -> list[dict[str, Any]]:
        """The lines up to a moment, and their ends."""
        parts, last = [], np.full((len(self._curves), 2), np.nan, dtype=np.float32)
        for i, ((x, y), ends) in enumerate(zip(self._curves, self._ends, strict=True)):
            end = ends[k]
            parts.append({"x": _encoded(x[:end]), "y": _encoded(y[:end])})
            if end:
                last[i] = x[end - 1], y[end - 1]
        return [*parts, {"x": _encoded(last[:, 0]), "y": _encoded(last[:, 1])}]


def _with_one_legend(traces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each type in the legend once, by a filled marker where it has one."""
    clouds = [trace for trace in traces if "legendgroup" in trace]
    sample = {trace["name"]: trace for trace in reversed(clouds)}
    sample |= {t["name"]: t for t in reversed(clouds) if not t["marker"]["symbol"].endswith("-open")}
    for trace in clouds:
        trace["showlegend"] = trace is sample[trace["name"]]
    return traces


def _encoded(values: np.ndarray) -> dict[str, str] | list:
    """An array as plotly.js reads it; an empty one as an empty list."""
    if not len(values):
        return []
    content = b64encode(np.ascontiguousarray(values).tobytes()).decode()
    return {"dtype": values.dtype.str[1:], "bdata": content}
