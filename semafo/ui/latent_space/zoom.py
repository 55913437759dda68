"""The piece of the maps that is looked at closely: kept in the session and in the URL.

A browser does not tell what a person zoomed to, so pictures of very many cells are made anew only for a piece that was
asked for with a button.
"""

import contextlib
from collections.abc import Sequence

import numpy as np
import streamlit as st

from semafo.ui.charts.maps.latent import Window
from semafo.ui.charts.maps.panel import STEPS
from semafo.ui.maps import chosen_cells, positions, projections
from semafo.ui.maps.selection import Lasso, Selection
from semafo.ui.maps.view import View
from semafo.ui.session.linked_choice import LinkedChoice
from semafo.ui.session.tray import ChosenRun

URL_KEY = "window"
_OF = "window_of"
_MARGIN = 0.06  # around the cells that are zoomed in on
_SMALLEST = 200  # steps across: a 320th of a map


def window(view: View) -> Window | None:
    """The piece that is shown, None for everything. It is dropped with the maps that it was chosen on."""
    tag = (view.map_name, view.aligned)
    if st.session_state.get(_OF, tag) != tag:
        out()
    st.session_state[_OF] = tag
    return _linked().get()


def into(found: Window) -> None:
    """Look at a piece."""
    _linked().choose(from_text(to_text(found)))


def out() -> None:
    """Look at everything."""
    _linked().choose(None)


def _linked() -> LinkedChoice[Window]:
    return LinkedChoice(URL_KEY, to_text, from_text)


def to_text(found: Window) -> str:
    """Left, right, lower and upper edge as whole numbers."""
    return ",".join(f"{edge:.0f}" for edge in found)


def from_text(text: str) -> Window | None:
    """The piece that a text names; None where it names none."""
    with contextlib.suppress(ValueError, OverflowError):
        x0, x1, y0, y1 = (float(int(edge)) for edge in text.split(","))
        if x0 < x1 and y0 < y1 and max(map(abs, (x0, x1, y0, y1))) <= 2 * STEPS:
            return x0, x1, y0, y1
    return None


def around(chosen: Selection, runs: Sequence[ChosenRun], view: View) -> Window | None:
    """The piece of the figure around what is selected: the lasso itself on its own map, else the cells."""
    places = _outline(chosen, runs, view)
    if places is None:
        places = _places_of_cells(chosen, runs, view)
    if places is None or not len(places):
        return None
    low, high = places.min(axis=0), places.max(axis=0)
    middle, half = (low + high) / 2, np.maximum((high - low) * (0.5 + _MARGIN), _SMALLEST / 2)
    (x0, y0), (x1, y1) = np.clip([middle - half, middle + half], -1.5 * STEPS, 1.5 * STEPS)
    return float(x0), float(x1), float(y0), float(y1)


def _outline(chosen: Selection, runs: Sequence[ChosenRun], view: View) -> np.ndarray | None:
    if not isinstance(chosen, Lasso) or chosen.projection != view.map_name:
        return None
    ready = zip(runs, positions.with_maps(runs, view), strict=True)
    place = next((i for i, (run, found) in enumerate(ready) if found is not None and run.run_id == chosen.run_id), None)
    return None if place is None else positions.in_figure(runs, view, place, chosen.polygon)


def _places_of_cells(chosen: Selection, runs: Sequence[ChosenRun], view: View) -> np.ndarray | None:
    """Places in the figure of the selected cells of the first run that has any."""
    for i, found in enumerate(positions.with_maps(runs, view)):
        if found is None:
            continue
        lit = chosen_cells.mask(found, chosen, runs)
        if lit.any():
            return positions.in_figure(runs, view, i, projections.places(found, view.map_name)[lit])
    return None
