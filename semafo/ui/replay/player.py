"""The Replay page: records of training, brought onto one plane, one time and one scale."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.runs.folder.replay import Replay, ReplayFrame, places, plane, spread_of, timeline
from semafo.settings.mix import Mix
from semafo.ui.charts.training.replay import BYTES_A_CELL, BYTES_A_TRACE, SCALE_TERM, Animated, Film, replay
from semafo.ui.charts.training.replay_layout import PRIOR_SDS, Stage
from semafo.ui.colouring import colourings
from semafo.ui.session import grouping
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets.figure import show_figure

MOST_BYTES = 6_000_000  # of one figure's frames
BEFORE_RECORDS = "This run was trained before records were kept. Train it again to see its replay."
RECONSTRUCTION, REGULARISER, CLASSIFICATION = "Reconstruction", "Regulariser", "Classification"
# Plotly paints a button pale under the mouse, whatever the theme.
_STYLE = "<style>.updatemenu-button:hover .updatemenu-item-rect { fill: rgba(138, 148, 160, 0.25) !important; }</style>"


@dataclass(frozen=True)
class ShownReplay:
    """A figure, and what has to be said about it."""

    figure: Animated
    caption: str
    alt: str


def recorded(runs: Sequence[ChosenRun]) -> list[ChosenRun]:
    """The runs that have a record and their per-cell table."""
    return [run for run in runs if run.record.has_maps and (run.record.folder / keys.REPLAY_FRAMES_FILE).exists()]


def explain_missing(runs: Sequence[ChosenRun], found: Sequence[ChosenRun]) -> None:
    """Say of each other run why it has nothing to replay."""
    for run in runs:
        if run not in found:
            why = BEFORE_RECORDS if run.record.has_maps else grouping.not_ready(run)
            st.info(inert.markdown(f"{run.name}: {why[:1].lower()}{why[1:]}" if len(runs) > 1 else why))


def show(runs: Sequence[ChosenRun], *, hollow: bool, narrow: bool) -> None:
    """Draw the replay of the runs."""
    st.html(_STYLE)
    shown = _shown(tuple(map(_face, runs)), hollow, narrow, runs)
    show_figure(shown.figure, "replay", alt=shown.alt, caption=shown.caption, runs=runs)


def _face(run: ChosenRun) -> tuple[str, ...]:
    return run.name, run.colour, artefacts(run.record).key


@st.cache_resource(max_entries=6, show_spinner=False)
def _shown(faces: tuple, hollow: bool, narrow: bool, _runs: Sequence[ChosenRun]) -> ShownReplay:
    return draw(_runs, hollow=hollow, narrow=narrow)


def draw(runs: Sequence[ChosenRun], *, hollow: bool = False, narrow: bool = False) -> ShownReplay:
    """The same without memory."""
    replays = [one for run in runs if (one := Replay.of(run.record)) is not None]  # each has one, see `recorded`
    looks = colourings.looks_of([artefacts(run.record) for run in runs], colourings.TRUE_TYPE)
    every = timeline(replays)
    n_cells = sum(len(replay.rows) for replay in replays)
    moments = thinned(every, MOST_BYTES // int(n_cells * BYTES_A_CELL + len(runs) * (len(looks) + 8) * BYTES_A_TRACE))
    time = _Time(moments)
    planes, share = _planes(replays)
    titles = wording.without_common_parts([run.name for run in runs])  # panels are too narrow for whole names
    films = [
        replace(_film(run, one, positions, moments, time, list(looks), hollow), title=title)
        for run, one, positions, title in zip(runs, replays, planes, titles, strict=True)
    ]
    labels = [_label(moment, _differs(moment.stage, replays)) for moment in moments]
    figure = replay(films, labels, time.of(moments), time.stages, looks, narrow=narrow)
    n_groups = len({one.scvi_stage for one in replays})
    thin = f" Of {len(every)} recorded moments {len(moments)} are shown." if len(moments) < len(every) else ""
    return ShownReplay(figure, _caption(replays, share, n_groups, hollow) + thin, _alt(runs, replays, moments))


def thinned(moments: Sequence[ReplayFrame], n_most: int) -> list[ReplayFrame]:
    """At most so many moments, evenly, with the first and the last of each stage always among them."""
    ends = {i for i, m in enumerate(moments) if m.epoch in (0, m.n_epochs)}
    room = max(n_most - len(ends), 0)
    others = [i for i in range(len(moments)) if i not in ends]
    if len(others) > room:
        others = [others[i] for i in np.linspace(0, len(others) - 1, room).round().astype(int)]
    return [moments[i] for i in sorted({*ends, *others})]


class _Time:
    """Stages one after the other, each as long as the epochs of the moments that are shown."""

    def __init__(self, moments: Sequence[ReplayFrame]) -> None:
        lengths = {moment.stage: moment.n_epochs for moment in moments}
        starts = np.concatenate([[0], np.cumsum(list(lengths.values()))])
        self._spans = {stage: (starts[i], n_epochs) for i, (stage, n_epochs) in enumerate(lengths.items())}
        self.stages = [Stage(wording.STAGES[stage], float(start)) for stage, (start, _) in self._spans.items()]

    def of(self, moments: Sequence[ReplayFrame]) -> np.ndarray:
        """Place of each moment, (K,)."""
        return np.array([self._spans[m.stage][0] + m.fraction * self._spans[m.stage][1] for m in moments], dtype=float)

    def of_history(self, history: pd.DataFrame) -> np.ndarray:
        """Place of each line of a run's history, (M,); NaN for a stage that is not shown."""
        found = np.full(len(history), np.nan)
        for stage, lines in history.groupby("stage", sort=False).indices.items():
            if stage in self._spans:
                start, n_epochs = self._spans[stage]
                epochs = history["epoch"].to_numpy(float)[lines]
                found[lines] = start + epochs * n_epochs / epochs.max()
        return found


def _planes(replays: Sequence[Replay]) -> tuple[list[np.ndarray], list[float]]:
    """Positions of each run's cells, (F, n, 2), and the share of the variance in each plane.

    Runs that began with the same scVI stage share a plane; dimensions of others have nothing to do with theirs.
    """
    stages = list(dict.fromkeys(one.scvi_stage for one in replays))
    found: dict[int, np.ndarray] = {}
    shares = []
    for stage in stages:
        members = [i for i, one in enumerate(replays) if one.scvi_stage == stage]
        positions, share = plane([replays[i] for i in members])
        found |= dict(zip(members, positions, strict=True))
        shares.append(share)
    return [found[i] for i in range(len(replays))], shares


def _film(
    run: ChosenRun,
    one: Replay,
    positions: np.ndarray,
    moments: Sequence[ReplayFrame],
    time: _Time,
    names: list[str],
    hollow: bool,
) -> Film:
    found, frames = artefacts(run.record), places(one, list(moments))
    there = frames >= 0
    scale = np.where(there, spread_of(one)[frames], np.nan)
    positions = np.where(there[:, None, None], positions[frames], np.nan)
    rings = found.coded(keys.PART).isin((keys.HIDDEN, keys.TEST, keys.CALIBRATION))[one.rows] if hollow else None
    codes = found.coded(keys.TRUE).among(names, missing=colourings.NO_LABEL)[one.rows]
    at = time.of(moments)
    curves = _curves(run, time) | {SCALE_TERM: (at[np.isfinite(scale)], scale[np.isfinite(scale)])}
    return Film(run.name, run.colour, positions, codes, rings, scale, curves)


def _curves(run: ChosenRun, time: _Time) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Reconstruction, regulariser (scVI's KL, later those of the mix, weighted) and classification, by time."""
    history, mix = run.record.history(), run.record.config.mix
    at = time.of_history(history)
    columns = history.reindex(columns=["reconstruction", "kl", *_weights(mix)])
    own = columns[list(_weights(mix))].mul(pd.Series(_weights(mix))).sum(axis=1, min_count=1)
    terms = {RECONSTRUCTION: columns["reconstruction"], REGULARISER: columns["kl"].fillna(own)}
    if "classification" in history:
        terms[CLASSIFICATION] = history["classification"]
    known = {title: np.isfinite(at) & values.notna().to_numpy() for title, values in terms.items()}
    return {title: (at[known[title]], values.to_numpy(float)[known[title]]) for title, values in terms.items()}


def _weights(mix: Mix) -> dict[str, float]:
    return {"scanvi_regulariser": mix.w_scanvi, "semafo_regulariser": mix.w_semafo}


def _differs(stage: str, replays: Sequence[Replay]) -> bool:
    """Whether the runs have different numbers of epochs in a stage."""
    return len({frame.n_epochs for one in replays for frame in one.frames if frame.stage == stage}) > 1


def _label(moment: ReplayFrame, differs: bool) -> inert.FigureText:
    of_all = f"{wording.percent(moment.fraction)} of its epochs"
    where = of_all if differs else f"epoch {moment.epoch} of {moment.n_epochs}"
    where = where if moment.epoch else "start"
    return inert.FigureText(f"<b>{wording.STAGES[moment.stage]}</b> · {inert.plotly(where)}")


def _caption(replays: Sequence[Replay], shares: Sequence[float], n_groups: int, hollow: bool) -> str:
    n_cells = sorted({len(one.rows) for one in replays})
    sizes = wording.listed([wording.count(n) for n in n_cells])
    share = wording.listed([wording.percent(one) for one in shares])
    plane_text = (
        "One fixed linear map for all panels and moments: the first two principal components of all positions "
        f"together ({share} of the variance)."
        if n_groups == 1
        else "A fixed linear map for each group of runs that began with the same scVI stage: its first two principal "
        f"components ({share} of the variance). Between groups only the scale can be compared, not the places."
    )
    rings = " Rings are cells whose label the model did not see." if hollow else ""
    return (
        f"A fixed sample of {sizes} cells, at the mean of q(z|x). {plane_text} All panels have the same scale; the "
        f"dotted circle is {PRIOR_SDS} standard deviations of the prior.{rings} Terms in nats a cell, against epochs; "
        "the regulariser is scVI's KL in its own stage, afterwards the mix's, weighted. One seed proves nothing about "
        "the methods."
    )


def _alt(runs: Sequence[ChosenRun], replays: Sequence[Replay], moments: Sequence[ReplayFrame]) -> str:
    names = wording.listed([run.name for run in runs])
    return (
        f"Latent positions of up to {max(len(one.rows) for one in replays)} cells at {len(moments)} moments of the "
        f"training of {names}, with their loss terms below."
    )
