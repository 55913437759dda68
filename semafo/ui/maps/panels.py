"""One run's panel in the figure of the maps: cells, colours, names, lines of equal density, texts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from semafo import keys, wording
from semafo.ui.charts import Panel, colours
from semafo.ui.charts.maps import density
from semafo.ui.charts.maps.latent import EXPLORE, HOVER_TEXT_CELLS, SELECT
from semafo.ui.charts.maps.panel import Frame
from semafo.ui.colouring.colourings import PREDICTED_TYPE, Painted
from semafo.ui.maps import chosen_cells, hover_texts, positions, projections, type_names
from semafo.ui.maps.large import sampling
from semafo.ui.maps.selection import Selection
from semafo.ui.maps.view import View
from semafo.ui.session import grouping
from semafo.ui.session.run_results import Artefacts, artefacts
from semafo.ui.session.tray import ChosenRun

LABELS_NOT_SEEN = (keys.HIDDEN, keys.TEST, keys.CALIBRATION)
MOST_CONTOURED = 20  # categories with lines of their own: of more, all cells have lines together


def empty(run: ChosenRun, note: str) -> Panel:
    """The panel of a run that has nothing to draw, and why."""
    return Panel(run.name, (), run.colour, note=note)


@dataclass(frozen=True, eq=False)
class Scene:
    """What the panels of one figure have in common."""

    runs: Sequence[ChosenRun]
    found: Sequence[Artefacts | None]
    chosen: Selection | None
    n_panels: int

    def panel(self, i: int, view: View, painted: Painted, frame: Frame | None) -> Panel:
        """The ith run's panel."""
        run, one, values = self.runs[i], self.found[i], painted.values[i]
        if one is None or values is None:
            return empty(run, painted.reasons[i])
        places, rows = positions.places(one, self.found, view), view.rows(one)
        if view.projection == projections.TSNE:
            rows = rows[np.isfinite(places[rows, 0])]  # of very many cells a sample is laid out
        lit = None if self.chosen is None else _taken(chosen_cells.mask(one, self.chosen, self.runs), rows)
        by_name = painted.looks is not None
        panel = Panel(
            title=run.name,
            lines=_lines(run, len(rows), None if lit is None else int(lit.sum())),
            colour=run.colour,
            xy=_taken(places, rows),
            codes=_taken(values, rows) if by_name else None,
            numbers=None if by_name else _taken(values, rows),
            looks=painted.looks,
            scale=painted.scale,
            hollow=one.coded(keys.PART).isin(LABELS_NOT_SEEN)[rows] if view.hollow else None,
            frame=frame,
            lit=lit,
            corner=projections.directions(view.map_name),
        )
        if not len(rows):
            return empty(run, "No such cells in this run.")
        panel = replace(panel, **_landmarks(one, rows, panel, view))
        return self._thinned(panel, rows, i, view)

    def _thinned(self, panel: Panel, rows: np.ndarray, i: int, view: View) -> Panel:
        """A panel with as many points as a browser takes, a picture of all below them, and texts of the points."""
        one, window = self.found[i], view.window
        assert one is not None  # else there would be no panel
        selecting = view.mode == SELECT
        strata, uncoloured = one.coded(keys.TRUE).codes, self._key(i, replace(view, colouring="", argument=""))
        options = {"selecting": selecting, "n_panels": self.n_panels, "window": window}
        drawn = sampling.kept_drawn(uncoloured, panel, _taken(strata, rows) + 1, **options)
        if sampling.needs_picture(panel, drawn, window):
            places = sampling.kept_places(uncoloured, panel, window)
            panel = replace(
                panel,
                image=sampling.kept_picture(self._key(i, view), panel, places),
                lit_image=None if panel.lit is None else sampling.lit_picture(panel, places),
            )
        if drawn is not None:
            drawn = _with_lit(drawn, panel.lit)
            panel, rows = replace(panel, **panel.rows(drawn)), rows[drawn]
        if selecting or len(rows) * self.n_panels > HOVER_TEXT_CELLS:  # a lasso would send the texts back
            return panel
        names = wording.without_common_parts([run.name for run in self.runs])
        models = [(name, model) for name, model in zip(names, self.found, strict=True) if model is not None]
        return replace(panel, hover=hover_texts.texts(one, rows, models, _value_lines(panel)))

    def _key(self, i: int, view: View) -> tuple:
        """What the picture of all cells of a panel depends on."""
        stamps = tuple(None if one is None else (one.key, one.later_files) for one in self.found)
        return i, stamps, replace(view, mode=EXPLORE, labels=False, density=False, hollow=False)


def _taken(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The values of some rows; of all of them without a copy, which takes a while for a million. rows: ascending."""
    return values if len(rows) == len(values) else values[rows]


def _with_lit(drawn: np.ndarray, lit: np.ndarray | None) -> np.ndarray:
    """Rows of the points, and of the cells that stand out where they are few: on a picture they would be lost."""
    if lit is None or np.count_nonzero(lit) > sampling.SELECTABLE:
        return drawn
    return np.union1d(drawn, np.flatnonzero(lit))


def _value_lines(panel: Panel) -> tuple[str, np.ndarray] | None:
    return None if panel.numbers is None or panel.scale is None else (panel.scale.title, panel.numbers)


def _landmarks(found: Artefacts, rows: np.ndarray, panel: Panel, view: View) -> dict[str, Any]:
    """Labels and lines of equal density of a panel with cells, by field."""
    assert panel.xy is not None  # there are cells, and so the place of the map is known
    assert panel.frame is not None
    marks: dict[str, Any] = {}
    if view.labels:
        types = found.coded(keys.PREDICTED if view.colouring == PREDICTED_TYPE else keys.TRUE)
        width, height = panel.frame.half
        seen = view.window or (-width, width, -height, height)
        (x0, y0), (x1, y1) = panel.frame.undrawn(np.array(seen).reshape(2, 2).T)
        marks["labels"] = type_names.labels(panel.xy, types.codes[rows], types.names, (x0, x1, y0, y1))
    if view.density:
        looks = None if panel.looks is None or len(panel.looks) > MOST_CONTOURED else panel.looks
        palette = [colours.NEUTRAL] if looks is None else [look.colour for look in looks.values()]
        marks["contours"] = density.contours(panel.xy, palette, None if looks is None else panel.codes)
    return marks


def _lines(run: ChosenRun, n_shown: int, n_lit: int | None) -> tuple[str, ...]:
    """Small lines below a panel's title: accuracy with n and interval, cells shown and latent scale."""
    scale = wording.score(artefacts(run.record).predictions.get("latent_scale"), 2)
    shown = f"{wording.cells(n_shown)} shown"
    if n_lit is not None:
        shown = f"{wording.count(n_lit)} of {wording.cells(n_shown)} selected"
    return grouping.score_line(run, "test", "test cells"), f"{shown} · latent sd {scale}"
