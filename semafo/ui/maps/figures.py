"""From chosen runs to the figure of their maps, which is made once for each way of looking at them."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from semafo.ui.charts import Panel, latent_panels
from semafo.ui.charts.maps.latent import EXPLORE, SELECT
from semafo.ui.charts.settled_figure import SettledFigure
from semafo.ui.colouring import colourings
from semafo.ui.colouring.colourings import (
    BATCH,
    COLOURINGS,
    COLUMN,
    CONFIDENCE,
    CORRECT,
    DIMENSION,
    ENTROPY,
    GENE,
    PREDICTED_TYPE,
    TRUE_TYPE,
    WITH_ARGUMENT,
)
from semafo.ui.maps import positions, projections
from semafo.ui.maps.panels import Scene, empty
from semafo.ui.maps.positions import frames, on_own_map
from semafo.ui.maps.selection import Selection
from semafo.ui.maps.view import ALL_CELLS, QUERY_CELLS, SHOWN, TEST_CELLS, View
from semafo.ui.session import grouping
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun

__all__ = [
    "ALL_CELLS",
    "BATCH",
    "COLOURINGS",
    "COLUMN",
    "CONFIDENCE",
    "CORRECT",
    "DIMENSION",
    "ENTROPY",
    "EXPLORE",
    "GENE",
    "PREDICTED_TYPE",
    "QUERY_CELLS",
    "SELECT",
    "SHOWN",
    "TEST_CELLS",
    "TRUE_TYPE",
    "WITH_ARGUMENT",
    "View",
    "figure",
    "figure_of_one",
    "frames",
    "on_own_map",
]


def figure(runs: Sequence[ChosenRun], view: View, chosen: Selection | None = None) -> SettledFigure:
    """The maps of the runs, the chosen cells lit. One that was made before is not made again."""
    return _figure(tuple(face(run) for run in runs), view, chosen, runs)


def figure_of_one(run: ChosenRun, looks_at: Sequence[View], chosen: Selection | None = None) -> SettledFigure:
    """One run in up to six views, each with a legend or a colour scale of its own."""
    return _figure_of_one(face(run), tuple(looks_at), chosen, run)


def face(run: ChosenRun) -> tuple[str, ...]:
    """Everything about a run that its panel depends on."""
    if not run.record.has_maps:
        return run.name, run.colour, str(run.record.folder), grouping.not_ready(run)
    found = artefacts(run.record)
    return run.name, run.colour, found.key, str(found.later_files)


@st.cache_resource(max_entries=24, show_spinner=False)
def _figure(faces: tuple, view: View, chosen: Selection | None, _runs: Sequence[ChosenRun]) -> SettledFigure:
    return draw(_runs, view, chosen)


@st.cache_resource(max_entries=12, show_spinner=False)
def _figure_of_one(face: tuple, looks_at: tuple, chosen: Selection | None, _run: ChosenRun) -> SettledFigure:
    return draw_one(_run, looks_at, chosen)


def draw(runs: Sequence[ChosenRun], view: View, chosen: Selection | None = None) -> SettledFigure:
    """The same as `figure` without memory."""
    revision = f"{view.map_name} {view.aligned} {view.same_scale} {view.narrow}"
    return _figure_from(panels(runs, view, chosen), view, revision)


def panels(runs: Sequence[ChosenRun], view: View, chosen: Selection | None = None) -> list[Panel]:
    """A panel a run, in their order; of a run without a map one that says why."""
    found = positions.with_maps(runs, view)
    painted = colourings.paint(found, view.colouring, view.argument)
    scene = Scene(runs, found, chosen, len(runs))
    return [
        empty(run, _why_nothing(run, view)) if one is None else scene.panel(i, view, painted, frame)
        for i, (run, one, frame) in enumerate(zip(runs, found, frames(runs, view), strict=True))
    ]


def draw_one(run: ChosenRun, looks_at: Sequence[View], chosen: Selection | None = None) -> SettledFigure:
    """The same as `figure_of_one` without memory."""
    drawn = []
    for view in looks_at:
        [one] = positions.with_maps([run], view)
        painted = colourings.paint([one], view.colouring, view.argument)
        if one is None:
            panel = empty(run, _why_nothing(run, view))
        else:
            panel = Scene([run], [one], chosen, len(looks_at)).panel(0, view, painted, frames([run], view)[0])
        title = painted.title if len({v.map_name for v in looks_at}) == 1 else f"{painted.title} · {view.map_name}"
        drawn.append(replace(panel, title=title, lines=(), colour=None))
    return _figure_from(drawn, looks_at[0], " ".join(view.map_name for view in looks_at))


def _why_nothing(run: ChosenRun, view: View) -> str:
    if not run.record.has_maps:
        return grouping.not_ready(run)
    return projections.why_not(artefacts(run.record), view.map_name)


def _figure_from(drawn: Sequence[Panel], view: View, revision: str) -> SettledFigure:
    return latent_panels(drawn, None, narrow=view.narrow, window=view.window, mode=view.mode, revision=revision)
