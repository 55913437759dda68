"""Panels with more cells than a browser takes: a picture of all of them under a sample of points.

Where cells are chosen with a lasso, the browser sends back every point inside it, some 130 bytes each. So only few
points are drawn then, over a picture of all cells, and the server finds the cells itself.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

from semafo.ui.charts.maps import points
from semafo.ui.charts.maps.latent import Window
from semafo.ui.charts.maps.panel import Panel
from semafo.ui.charts.maps.raster import Raster
from semafo.ui.maps.large import rasters
from semafo.ui.maps.large.rasters import Canvas, Placed

MOST_POINTS = 50_000  # cells of a panel that are drawn one by one
SAMPLED = 2_400  # points over the pictures of all panels together: each has a text of some 300 bytes
SELECTABLE = 500  # points of a panel that a lasso may send back, without texts: below 100 kB
RARE = 20  # points of a type that are in a sample wherever there are as many
_PANEL_PIXELS = 345  # what a panel's map takes on a screen
_WIDEST = 1.6  # width by height of a panel
_SHARPER = 1.5  # pixels of a zoomed picture for one of the whole map


def drawn(
    panel: Panel, strata: np.ndarray, *, selecting: bool, n_panels: int, window: Window | None
) -> np.ndarray | None:
    """Rows of the cells to draw as points; None for all, which need no picture.

    Parameters
    ----------
    strata
        (n,) whole numbers from 0: types of which a sample has some, however rare.
    selecting
        Whether points can be chosen with a lasso.
    window
        Piece of the figure that is shown; None shows everything.
    """
    rows = None if window is None else in_view(panel, window)
    most = SELECTABLE if selecting else MOST_POINTS
    if (panel.n_cells if rows is None else len(rows)) <= most:
        return rows
    n_points = SELECTABLE if selecting else SAMPLED // n_panels
    return sample(strata, n_points) if rows is None else rows[sample(strata[rows], n_points)]


def needs_picture(panel: Panel, rows: np.ndarray | None, window: Window | None) -> bool:
    """Whether cells in view are missing among the points."""
    n_in_view = panel.n_cells if window is None else len(in_view(panel, window))
    return rows is not None and len(rows) < n_in_view


def in_view(panel: Panel, window: Window) -> np.ndarray:
    """Rows of the cells in a piece of the figure, and around it as far as a panel may show."""
    assert panel.xy is not None  # only panels with cells are drawn
    x0, x1, y0, y1 = _edges(panel, window)
    x, y = panel.xy[:, 0], panel.xy[:, 1]
    return np.flatnonzero((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1))


def sample(strata: np.ndarray, most: int) -> np.ndarray:
    """At most so many rows at random, every stratum by its share, but some of a rare one. The same at each call.

    strata: (n,) whole numbers from 0. Returns rows in ascending order.
    """
    sizes = np.bincount(strata)
    rare = min(RARE, most // max(1, 2 * int(np.count_nonzero(sizes))))
    guaranteed = np.minimum(sizes, rare)
    quota = guaranteed + (sizes - guaranteed) * (most - guaranteed.sum()) // max(1, (sizes - guaranteed).sum())
    chance = np.random.default_rng(0).random(len(strata))
    # Ranking all cells takes a while: those with a poor chance are left out first.
    near = np.flatnonzero(chance <= np.minimum(1.0, 3 * (quota + 10) / np.maximum(sizes, 1))[strata])
    order = near[np.lexsort((chance[near], strata[near]))]
    places = np.arange(len(order)) - np.searchsorted(strata[order], strata[order], side="left")
    return np.sort(order[places < quota[strata[order]]])


# What does not depend on which cells are selected is made once for each key, so that a lasso need not wait for it.


@st.cache_resource(max_entries=24, show_spinner=False)
def kept_drawn(key: tuple, _panel: Panel, _strata: np.ndarray, **options: Any) -> np.ndarray | None:
    """The rows of `drawn`."""
    return drawn(_panel, _strata, **options)


@st.cache_resource(max_entries=8, show_spinner=False)
def kept_places(key: tuple, _panel: Panel, _window: Window | None) -> Placed:
    """The pixels of `placed`, four bytes a cell."""
    return placed(_panel, _window)


@st.cache_resource(max_entries=24, show_spinner=False)
def kept_picture(key: tuple, _panel: Panel, _places: Placed) -> Raster:
    """The picture of all cells."""
    return picture(_panel, _places)


def placed(panel: Panel, window: Window | None) -> Placed:
    """A panel's cells on a canvas of the piece that is shown."""
    assert panel.xy is not None  # only panels with cells are drawn
    canvas = Canvas.around(panel.xy) if window is None else Canvas.of(_edges(panel, window), _SHARPER)
    return canvas.place(panel.xy)


def picture(panel: Panel, places: Placed) -> Raster:
    """A picture of a panel's cells, or of some of them."""
    size = points.size_of(panel.n_cells) * max(places.canvas.width, places.canvas.height) / _PANEL_PIXELS
    if panel.scale is not None and panel.numbers is not None:
        span = (panel.scale.high - panel.scale.low) or 1.0
        return rasters.of_numbers(places, (panel.numbers - panel.scale.low) / span, panel.scale.colours, size)
    assert panel.codes is not None  # without a scale, cells are coloured by category
    assert panel.looks is not None
    return rasters.of_categories(places, panel.codes, [look.colour for look in panel.looks.values()], size)


def lit_picture(panel: Panel, places: Placed) -> Raster:
    """A picture of the cells that stand out. The panel says which."""
    assert panel.lit is not None
    raster = picture(panel, places.only(panel.lit))
    # Of two pictures at the same place and of the same size plotly draws the first alone.
    return replace(raster, x1=raster.x1 + 1e-6 * (raster.x1 - raster.x0))


def _edges(panel: Panel, window: Window) -> Window:
    """Edges on the panel's map of what it shows of a window: plotly widens it to the panel's shape."""
    assert panel.frame is not None  # a window is a piece of a figure that has maps
    (x0, y0), (x1, y1) = panel.frame.undrawn([(window[0], window[2]), (window[1], window[3])])
    width, height = max(x1 - x0, _WIDEST * (y1 - y0)), max(y1 - y0, x1 - x0)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return x - width / 2, x + width / 2, y - height / 2, y + height / 2
