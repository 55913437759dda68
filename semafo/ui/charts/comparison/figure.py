"""The comparison as one figure: maps, confusion matrices and label scores in blocks, one a method.

One figure, because each one with scattergl holds two of the sixteen WebGL contexts that a browser grants, and because
what belongs together is then exported together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semafo.ui.charts import colours, style
from semafo.ui.charts.colours import Look
from semafo.ui.charts.comparison.layout import Layout
from semafo.ui.charts.comparison.matrices import (
    MatrixCell,
    TypeDot,
    matrix_axes,
    matrix_traces,
    outlines,
)
from semafo.ui.charts.comparison.scores import LabelScore, score_axes, score_traces
from semafo.ui.charts.maps import latent, points
from semafo.ui.charts.maps.latent import Window
from semafo.ui.charts.maps.legend import Key, name_once
from semafo.ui.charts.maps.panel import Panel
from semafo.ui.charts.plain_figure import PlainFigure
from semafo.ui.charts.scores.confusion import BY_ROW, COUNTS
from semafo.ui.charts.settled_figure import SettledFigure


@dataclass(frozen=True, eq=False)
class Block:
    """One method.

    Attributes
    ----------
    panel
        Its map; its title and lines are the block's.
    counts
        (types, types) cells by observed and predicted type, means over seeds; None where there are none yet.
    note
        Why there are no counts.
    scores
        Its label scores, the same ones in every block; empty where there are none yet.
    """

    panel: Panel
    counts: np.ndarray | None = None
    note: str = ""
    scores: tuple[LabelScore, ...] = ()


def comparison_figure(
    blocks: Sequence[Block],
    types: Mapping[str, Look],
    *,
    by: str = BY_ROW,
    layout: Layout | None = None,
    narrow: bool = False,
    with_legend: bool = False,
    chosen: MatrixCell | TypeDot | None = None,
    window: Window | None = None,
    mode: str = latent.EXPLORE,
    revision: str = "",
    lettered: bool = False,
) -> SettledFigure:
    """Blocks side by side.

    Parameters
    ----------
    types
        Every type and its look, in the order of the matrices' rows.
    by
        What the matrices show: `row`, `column` or `counts`, see `charts.scores.confusion.normalised`.
    layout
        Where the blocks stand; None is a wide page.
    with_legend
        Whether the maps need a legend of their own: they are not coloured by type.
    chosen
        What is outlined in the matrices.
    window, mode, revision
        As in `latent_panels`.
    lettered
        Whether A, B and C stand beside maps, matrices and scores, as in a paper.
    """
    layout = layout or Layout.of(len(blocks))
    panels = [latent.dressed(panel, None) for panel in latent.framed([block.panel for block in blocks], False)]
    key, n = Key(panels, narrow), len(blocks)
    bottom = key.pixels if with_legend else 8
    places = [layout.place("map", i) for i in range(n)]
    axes_of_scores, names_of_scores = score_axes([block.scores for block in blocks], layout, 2 * n)
    pixels = layout.height + bottom
    traces = _map_traces(panels, key, with_legend)
    for i, block in enumerate(blocks):
        traces += matrix_traces(i, block.counts, types, by, layout.bands.matrix, n)
        suffix = style.axis_suffix(2 * n + i)
        traces += score_traces(block.scores, block.panel.colour or colours.NEUTRAL, (f"x{suffix}", f"y{suffix}"))
    drawn = {
        "height": pixels,
        "margin": {"l": layout.left, "r": 8, "t": 0, "b": bottom, "pad": 0, "autoexpand": False},
        "hovermode": "closest",
        "hoverdistance": 8,
        "dragmode": "lasso" if mode == latent.SELECT else "pan",
        "uirevision": revision or None,
        "font": {"size": style.TEXT_SIZE},
        "showlegend": with_legend,
        "annotations": [*_texts(blocks, panels, n), *names_of_scores, *(_letters(layout) if lettered else ())],
        "images": [image for i, panel in enumerate(panels) for image in latent.panel_images(i, panel)],
        "shapes": outlines(chosen, len(types), layout, n),
        "coloraxis99": _shades([block.counts for block in blocks], by),
        **latent.map_axes(panels, places, window),
        **matrix_axes(list(types), layout, n),
        **axes_of_scores,
        **(key.layout(panels, pixels, places) if with_legend else _scales(key, panels, pixels, places)),
    }
    return PlainFigure(*(style.enlarged(part, layout.enlarged) for part in (traces, drawn)))


def _map_traces(panels: Sequence[Panel], key: Key, with_legend: bool) -> list[dict[str, Any]]:
    size = points.size_of(max((panel.n_cells for panel in panels), default=0))
    traces = [t for i, panel in enumerate(panels) for t in latent.on_axes(i, latent.panel_traces(panel, key, size))]
    return [*traces, *name_once(traces)] if with_legend else [{**trace, "showlegend": False} for trace in traces]


def _scales(key: Key, panels: Sequence[Panel], pixels: int, places: Sequence[Any]) -> dict[str, Any]:
    """Colour axes alone: the dots of the matrices are the legend."""
    return {name: value for name, value in key.layout(panels, pixels, places).items() if name.startswith("coloraxis")}


def _texts(blocks: Sequence[Block], panels: Sequence[Panel], n: int) -> list[dict[str, Any]]:
    """Titles, what the maps say, and why a matrix is empty."""
    found = [text for i, panel in enumerate(panels) for text in latent.panel_texts(i, panel)]
    found += [style.note_text(n + i, block.note) for i, block in enumerate(blocks) if block.counts is None]
    return found


def _letters(layout: Layout) -> list[dict[str, Any]]:
    """A, B and C in the upper left corners of the first block's bands."""
    bands = {"A": "map", "B": "matrix", "C": "scores"}
    return [style.letter(letter, layout.place(band, 0)[1][1], layout.left) for letter, band in bands.items()]


def _shades(counts: Sequence[np.ndarray | None], by: str) -> dict[str, Any]:
    present = [float(each.max()) for each in counts if each is not None and each.size]
    top = max([1.0, *present]) if by == COUNTS else 1
    return {"cmin": 0, "cmax": top, "colorscale": colours.SEQUENTIAL, "showscale": False}
