"""Where each run's cells are in the figure of the maps, and back from the figure to a run's own map."""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from semafo.ui.charts.maps.panel import Frame
from semafo.ui.maps import alignment, projections
from semafo.ui.maps.procrustes import Similarity
from semafo.ui.maps.view import View
from semafo.ui.session.run_results import Artefacts, artefacts
from semafo.ui.session.tray import ChosenRun


def with_maps(runs: Sequence[ChosenRun], view: View) -> list[Artefacts | None]:
    """What the runs left; None where there is no such map."""
    found = [artefacts(run.record) if run.record.has_maps else None for run in runs]
    return [None if one is None or projections.why_not(one, view.map_name) else one for one in found]


def frames(runs: Sequence[ChosenRun], view: View) -> list[Frame | None]:
    """How each panel's places become the figure's coordinates; None where there is no map.

    Panels share a frame where their maps are aligned, or are in latent units and on one scale. Cells that are not shown
    count as well, so that a map stays where it is while other cells of it are shown.
    """
    found = with_maps(runs, view)
    stamps = tuple(None if one is None else (one.key, one.later_files) for one in found)
    shared = view.same_scale if projections.has_latent_units(view.map_name) else view.aligned
    return _frames(stamps, view.map_name, view.aligned, shared, found, view)


@st.cache_resource(max_entries=48, show_spinner=False)
def _frames(
    stamps: tuple, map_name: str, aligned: bool, shared: bool, _found: Sequence[Artefacts | None], _view: View
) -> list[Frame | None]:
    maps = [None if one is None else places(one, _found, _view) for one in _found]
    if map_name == projections.TSNE:  # of very many cells a sample is laid out
        maps = [None if xy is None else xy[np.isfinite(xy[:, 0])] for xy in maps]
    drawn = [xy for xy in maps if xy is not None and len(xy)]
    if not drawn:
        return [None] * len(maps)
    together = Frame.around(drawn) if shared else None
    return [None if xy is None else together or Frame.around([xy]) for xy in maps]


def on_own_map(
    runs: Sequence[ChosenRun], view: View, panel: int, corners: Sequence[tuple[float, float]]
) -> np.ndarray | None:
    """Places on a run's own map, as it is before it is aligned, of points in the figure, (n, 2): a lasso's corners.

    panel: the run's place among the runs. None where its panel has no map.
    """
    found = with_maps(runs, view)
    one, frame = found[panel], frames(runs, view)[panel]
    if one is None or frame is None:
        return None
    seen = frame.undrawn(np.asarray(corners, dtype=np.float64))
    turned = _similarity(one, found, view)
    return seen if turned is None else turned.undone(seen)


def in_figure(runs: Sequence[ChosenRun], view: View, panel: int, own: ArrayLike) -> np.ndarray | None:
    """The way back: where places on a run's own map are in the figure, (n, 2); None where its panel has no map."""
    found = with_maps(runs, view)
    one, frame = found[panel], frames(runs, view)[panel]
    if one is None or frame is None:
        return None
    turned = _similarity(one, found, view)
    seen = np.asarray(own, dtype=np.float64)
    return frame.exactly(seen if turned is None else turned(seen))


def places(one: Artefacts, found: Sequence[Artefacts | None], view: View) -> np.ndarray:
    """Places of all cells of a run, brought onto the first map where maps are aligned."""
    if _similarity(one, found, view) is None:
        return projections.places(one, view.map_name)
    return alignment.aligned(one, _first(found), view.map_name)


def _similarity(one: Artefacts, found: Sequence[Artefacts | None], view: View) -> Similarity | None:
    if not view.aligned or projections.has_latent_units(view.map_name):
        return None
    return alignment.similarity(one, _first(found), view.map_name)


def _first(found: Sequence[Artefacts | None]) -> Artefacts:
    return next(one for one in found if one is not None)
