"""The row of controls over the maps, and what they say: a view, or six of one run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from semafo.ui.charts.maps.latent import EXPLORE, SELECT
from semafo.ui.colouring import colourings
from semafo.ui.latent_space import zoom
from semafo.ui.maps import projections
from semafo.ui.maps.toggles import align_toggle, hollow_toggle
from semafo.ui.maps.view import SHOWN, View
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls

MODES = {"Explore": EXPLORE, "Select": SELECT}
ARGUMENTS = {
    colourings.COLUMN: ("Column", "colour_column"),
    colourings.GENE: ("Gene", "colour_gene"),
    colourings.DIMENSION: ("Dimension", "colour_dimension"),
}
NO_CHOICES = {
    colourings.COLUMN: "These runs were trained before the columns of their data were kept with a run.",
    colourings.GENE: "These runs were trained before expression was kept with a run. Train them again to see genes.",
    colourings.DIMENSION: "These runs left no latent representation.",
}
SIX = 6


def views(runs: Sequence[ChosenRun], narrow: bool) -> list[View]:
    """Draw the controls. Returns one view of all runs, or six of the only one.

    runs: those with maps, at least one.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="map-controls"):
        offered = colourings.offered([artefacts(run.record) for run in runs])
        colouring = controls.pick("Colour", [*offered, *colourings.WITH_ARGUMENT], "colouring", width=170)
        assert colouring is not None  # there is always one to choose
        argument = _argument(runs, colouring)
        shown = controls.choice("Cells", SHOWN, "shown")
        projection = controls.pick("Map", projections.PROJECTIONS, "map", width=150)
        assert projection is not None
        dimensions = _dimensions(runs) if projection == projections.DIMENSIONS else (1, 2)
        mode = controls.choice(
            "Mode",
            list(MODES),
            "mode",
            help="Explore: drag to move all maps, scroll to zoom. Select: draw around cells; the same cells stand out "
            "in all panels. The bar above the figure changes between lasso and box.",
        )
        with st.popover("Show", key="show"):
            marks = _marks(runs, projection)
    in_six = marks.pop("in_six")
    view = View(
        colouring,
        shown,
        narrow=narrow,
        argument=argument or "",
        projection=projection,
        dimensions=dimensions,
        mode=MODES[mode],
        **marks,
    )
    view = replace(view, window=zoom.window(view))
    if in_six:
        return [replace(view, colouring=one, argument="") for one in colourings.COLOURINGS[:SIX]]
    return [view]


def _argument(runs: Sequence[ChosenRun], colouring: str) -> str | None:
    """Which column, gene or dimension the colours are of."""
    if colouring not in colourings.WITH_ARGUMENT:
        return None
    label, key = ARGUMENTS[colouring]
    options = colourings.choices([artefacts(run.record) for run in runs], colouring)
    return controls.pick(label, options, key, help=None if options else NO_CHOICES[colouring], width=150)


def _dimensions(runs: Sequence[ChosenRun]) -> tuple[int, int]:
    """The two latent dimensions that are the axes, from 1."""
    options = colourings.choices([artefacts(run.record) for run in runs], colourings.DIMENSION)
    across = controls.pick("Across", options, "across", width=90)
    up = controls.pick("Up", options, "up", default=options[1] if len(options) > 1 else None, width=90)
    return int(across or 1), int(up or 2)


def _marks(runs: Sequence[ChosenRun], projection: str) -> dict[str, Any]:
    """What is drawn besides the cells, and how the maps lie: fields of a view, and `in_six`."""
    marks = {
        "labels": controls.switch("Names of the types", "labels", help="At the densest part of each type."),
        "density": controls.switch("Lines of equal density", "density"),
        "hollow": hollow_toggle(),
    }
    if projections.has_latent_units(projections.name_of(projection)):
        marks["same_scale"] = controls.switch(
            "One scale for all runs",
            "same_scale",
            True,
            help="A run whose latent space is smaller is then drawn smaller.",
        )
    else:
        marks["aligned"] = align_toggle(runs)
    marks["in_six"] = len(runs) == 1 and controls.switch(
        "Six colourings of this run", "six", help="Types, batches, right or wrong, confidence and entropy side by side."
    )
    return marks


def help_of(view: View) -> str:
    """One sentence for screen readers."""
    return f"Cells on the {view.map_name} of each chosen run, coloured by {(view.argument or view.colouring).lower()}."
