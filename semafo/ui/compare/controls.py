"""What can be chosen about the comparison: colours, the matrices' scale, what dragging does, and each column's seed."""

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from semafo import inert
from semafo.ui.charts.maps.latent import EXPLORE, SELECT
from semafo.ui.colouring import colourings
from semafo.ui.compare import strip
from semafo.ui.compare.blocks import Comparison
from semafo.ui.maps.toggles import align_toggle, hollow_toggle
from semafo.ui.maps.view import View
from semafo.ui.session import presenting, tray
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenColumn
from semafo.ui.widgets import controls

_AROUND = 90  # pixels above and below the figure while presenting
MODES = {"Explore": EXPLORE, "Select": SELECT}


def row(columns: Sequence[ChosenColumn], narrow: bool, cramped: bool) -> Comparison:
    """Draw what trains another column, and how the comparison is looked at. Returns the latter."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="compare-controls"):
        strip.show(columns)
        ready = [artefacts(column.shown.record) for column in columns if column.shown.record.has_maps]
        colouring = controls.pick("Colour", colourings.offered(ready), "colouring", width=150)
        assert colouring is not None  # there is always one to choose
        mode = controls.choice(
            "Mode",
            list(MODES),
            "mode",
            help="Explore: drag to move all maps, scroll to zoom, point at a cell to see what each method says. "
            "Select: draw around cells; they stand out on all maps, and matrices and label scores count them alone.",
        )
        with st.popover("Show", key="compare-show"):
            by = controls.normalisation()
            labels = controls.switch("Names of the types", "labels", help="At the densest part of each type.")
            hollow = hollow_toggle()
            aligned = align_toggle([column.shown for column in columns])
            _seeds(columns)
            st.button(
                "Present",
                key="present_button",
                icon=":material/slideshow:",
                on_click=presenting.turn,
                args=(True,),
                disabled=cramped,
                help=f"Needs a window {presenting.LEAST_WIDTH} pixels wide."
                if cramped
                else "Without sidebar and controls, in larger type (key P). Arrow keys walk through the pages, Escape "
                "ends it.",
            )
    view = View(colouring, hollow=hollow, aligned=aligned, narrow=narrow, labels=labels, mode=MODES[mode])
    return Comparison(view, by, cramped, presenting.height() - _AROUND if presenting.is_on() else None)


def _seeds(columns: Sequence[ChosenColumn]) -> None:
    """Which seed's map is drawn, for each column that has several."""
    for column in columns:
        if len(column.runs) == 1:
            continue
        names = {run.run_id: run.name for run in column.runs}
        st.selectbox(
            inert.markdown(f"Map of {column.name}"),
            list(names),
            index=list(names).index(column.shown.run_id),
            key=f"map-of-{column.column_id}",
            format_func=partial(_name, names),
            on_change=_show,
            args=(column,),
        )


def _name(names: Mapping[str, str], run_id: str) -> str:
    return names.get(run_id, "")


def _show(column: ChosenColumn) -> None:
    tray.show_of_column(column, st.session_state[f"map-of-{column.column_id}"])
