"""What the browser sends when a person draws around cells on the maps, made into a selection.

Only the outline is used: the points that the browser found inside are a sample, and the server has all cells.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from semafo.ui.maps import positions, selection
from semafo.ui.maps.polygon import Point
from semafo.ui.maps.selection import Lasso
from semafo.ui.maps.view import View
from semafo.ui.session.tray import ChosenRun

MODES = ("lasso", "box")


def take(key: str, runs: Sequence[ChosenRun], looks_at: Sequence[View]) -> None:
    """Select what was drawn around, as the callback of a figure.

    looks_at: one view for a figure with a panel a run; for one of a single run, the view of each panel.
    """
    drawn = outline(st.session_state[key]["selection"])
    if drawn is None:
        return
    panel, corners = drawn
    if panel >= max(len(runs), len(looks_at)):  # drawn beside the maps
        return
    run, view, place = (runs[0], looks_at[panel], 0) if len(looks_at) > 1 else (runs[panel], looks_at[0], panel)
    own = positions.on_own_map(runs, view, place, corners)
    if own is None:  # drawn on a panel that says why it has no map
        return
    chosen = Lasso.around(run.run_id, view.map_name, [(float(x), float(y)) for x, y in own])
    if len(chosen.polygon) > 2:
        selection.choose(chosen)


def outline(event: Mapping[str, Any]) -> tuple[int, list[Point]] | None:
    """Panel (from 0) and corners, in the figure's coordinates, of the last lasso or box; None where there is none."""
    boxes = [(box["xref"], _corners_of_box(box["x"], box["y"])) for box in event.get("box") or ()]
    drawn = [(one["xref"], list(zip(one["x"], one["y"], strict=True))) for one in event.get("lasso") or ()]
    found = [(axis, corners) for axis, corners in (*boxes, *drawn) if len(corners) > 2]
    if not found:
        return None
    axis, corners = found[-1]
    return int(re.sub(r"\D", "", axis) or 1) - 1, corners


def _corners_of_box(x: Sequence[float], y: Sequence[float]) -> list[Point]:
    if len(x) != 2 or len(y) != 2:
        return []
    return [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])]
