"""The figure of the maps on its page: shown, captioned, and listened to where cells can be chosen on it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from semafo.ui.charts.maps.latent import SELECT
from semafo.ui.latent_space import controls as map_controls
from semafo.ui.latent_space import tsne
from semafo.ui.maps import figures as map_figures
from semafo.ui.maps import lasso, projections
from semafo.ui.maps.selection import Selection
from semafo.ui.maps.view import View
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls
from semafo.ui.widgets.figure import show_figure

KEY = "latent"
_NO_BUTTONS = ["autoScale2d", "zoomIn2d", "zoomOut2d", "pan2d", "zoom2d"]
SELECT_CHART = {**controls.MAP_CHART, "modeBarButtonsToRemove": _NO_BUTTONS}


def show(runs: Sequence[ChosenRun], views: Sequence[View], chosen: Selection | None) -> None:
    """The maps: a panel a run, or six of one run."""
    ready = [run for run in runs if run.record.has_maps]
    view, in_six = views[0], len(views) > 1
    if chosen is not None and not set(chosen.run_ids) <= {run.run_id for run in ready}:
        chosen = None  # nothing could stand out, and all would be faded
    if view.projection == projections.TSNE:
        tsne.button(ready)
    figure = map_figures.figure_of_one(ready[0], views, chosen) if in_six else map_figures.figure(runs, view, chosen)
    show_figure(
        figure,
        KEY,
        alt=map_controls.help_of(view),
        caption=caption(view, ready),
        **_listening(view, ready if in_six else runs, views),
    )


def _listening(view: View, runs: Sequence[ChosenRun], views: Sequence[View]) -> dict[str, Any]:
    """What makes the browser send what is drawn around cells, in the select mode alone: listening costs a run each."""
    if view.mode != SELECT:
        return {"config": controls.MAP_CHART}
    take = partial(lasso.take, KEY, runs, views)
    return {"config": SELECT_CHART, "on_select": take, "selection_mode": lasso.MODES}


def caption(view: View, ready: Sequence[ChosenRun]) -> str:
    """What a map does not say."""
    rings = "Rings are cells whose label the model did not see. " if view.hollow else ""
    onto = ready[0].name if view.aligned else None
    moved = f"The maps are turned, mirrored and scaled as a whole to match {onto}, nothing else. " if onto else ""
    return f"{rings}{moved}{_of_map(view)} Accuracy is on the test cells, with its 95 % interval. {_SEED}"


_SEED = "One seed proves nothing about the methods."


def _of_map(view: View) -> str:
    if not projections.has_latent_units(view.map_name):
        return (
            f"{view.projection} shows neighbourhoods, not distances, and hides the scale of a latent space: see the "
            "latent sd of each run."
        )
    scale = "on one scale for all runs" if view.same_scale else "each run on a scale of its own"
    return f"Distances are those of the latent space, in two of its directions, {scale}."
