"""The comparison on its page: shown, captioned, listened to. What is clicked or drawn around becomes a selection."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from semafo import inert, wording
from semafo.ui.charts.comparison import matrices
from semafo.ui.charts.comparison.matrices import TypeDot
from semafo.ui.charts.maps.latent import SELECT
from semafo.ui.compare import blocks, composite, live
from semafo.ui.compare.blocks import Comparison
from semafo.ui.maps import chosen_cells, lasso, selection
from semafo.ui.maps.selection import OfType, Pairing, Selection
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenColumn, ChosenRun
from semafo.ui.widgets import controls
from semafo.ui.widgets.figure import show_figure

KEY = "comparison"
SELECT_CHART = {**controls.MAP_CHART, "modeBarButtonsToRemove": ["autoScale2d", "zoomIn2d", "zoomOut2d", "zoom2d"]}
HINT = "Click a coloured dot to see a type everywhere, a matrix cell to see its cells, or choose Select and draw."


def show(columns: Sequence[ChosenColumn], look: Comparison) -> None:
    """The figure with its caption, and above it what is selected."""
    chosen = selection.current()
    every = [run for column in columns for run in column.runs]
    if chosen is not None and not set(chosen.run_ids) <= {run.run_id for run in every if run.record.has_maps}:
        chosen = None  # nothing could stand out, and all would be faded
    selected(chosen, every)
    with st.container(key="compare-wrap"):
        _figure(columns, look, chosen, every)
        live.show(columns, look.layout(len(columns)))


def _figure(
    columns: Sequence[ChosenColumn], look: Comparison, chosen: Selection | None, every: Sequence[ChosenRun]
) -> None:
    is_select = look.view.mode == SELECT
    show_figure(
        blocks.figure(columns, look, chosen),
        KEY,
        alt=f"A column each for {wording.listed([column.name for column in columns])}: the map of its cells, its "
        "confusion matrix with observed types in rows, and its label scores with their intervals.",
        caption=caption(columns, look, chosen),
        config=SELECT_CHART if is_select else controls.MAP_CHART,
        runs=every,
        files=partial(composite.written, columns, look, chosen),
        on_select=partial(take, columns, look),
        selection_mode=("points", *lasso.MODES) if is_select else ("points",),
    )


def selected(chosen: Selection | None, runs: Sequence[ChosenRun]) -> None:
    """What is selected, in words, and a button that clears it; a hint of the same height where nothing is."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="compare-selected"):
        if chosen is None:
            st.caption(HINT)
            return
        st.markdown(inert.markdown(sentence(chosen, runs)), width="stretch")
        st.button("Clear", key="compare_clear", on_click=selection.clear, type="tertiary", icon=":material/close:")


def sentence(chosen: Selection, runs: Sequence[ChosenRun]) -> inert.Markdown:
    """`**120 cells selected** · labelled B cell. Matrices and label scores count the 32 test cells among them.`"""
    ready = [artefacts(run.record) for run in runs if run.record.has_maps]
    masks = [(one, chosen_cells.mask(one, chosen, runs)) for one in ready]
    n = max((int(mask.sum()) for _, mask in masks), default=0)
    n_test = max(
        (int((mask & chosen_cells.in_population(one, selection.TEST)).sum()) for one, mask in masks), default=0
    )
    return inert.Markdown(
        f"**{wording.cells(n)} selected** · {inert.markdown(chosen_cells.described(chosen, runs))}. Matrices and label "
        f"scores count the {wording.counted(n_test, 'test cell')} among them, which were chosen by looking."
    )


def caption(columns: Sequence[ChosenColumn], look: Comparison, chosen: Selection | None) -> str:
    """What the figure does not say by itself."""
    stacked = any(len(column.runs) > 1 for column in columns)
    rings = "Rings are cells whose label the model did not see. " if look.view.hollow else ""
    moved = f"Maps are turned, mirrored and scaled as a whole to match {columns[0].name}. " if look.view.aligned else ""
    scale = {"row": "shares of the observed type", "column": "shares of the predicted type", "counts": "cells"}[look.by]
    means = ", means over the seeds of a column" if stacked else ""
    strokes = "Grey strokes are the best baseline on the same cells. " if chosen is None else ""
    seed = "" if stacked else " One seed proves nothing about the methods."
    return (
        f"{rings}{moved}UMAP shows neighbourhoods, not distances. Matrices: observed types in rows, predicted ones in "
        f"columns, {scale} of the test cells, whose labels no model saw{means}. Below: label scores with 95 % "
        f"intervals. {strokes}{seed}"
    )


def take(columns: Sequence[ChosenColumn], look: Comparison) -> None:
    """Make what was clicked or drawn around the selection, as the callback of the figure; an empty click clears it."""
    event = st.session_state[KEY]["selection"]
    shown = [column.shown for column in columns]
    if event.get("lasso") or event.get("box"):
        lasso.take(KEY, shown, [look.view])
        return
    chosen = clicked(event.get("points") or (), columns)
    if chosen is None or chosen == selection.current():
        selection.clear()
    else:
        selection.choose(chosen)


def clicked(points: Sequence[Mapping[str, Any]], columns: Sequence[ChosenColumn]) -> Selection | None:
    """The selection that a click means: a matrix cell, a type by its dot, or the type of a cell on a map."""
    types = list(blocks.types_of(columns))
    place = matrices.clicked(points)
    if isinstance(place, TypeDot):
        return OfType(types[place.place])
    if place is not None:
        run_id = columns[place.block].shown.run_id
        return Pairing(selection.TEST, types[place.observed], types[place.predicted], run_id)
    names = [str(point["legendgroup"]) for point in points if point.get("legendgroup") in types]
    return OfType(names[-1]) if names else None
