"""The comparison as one figure of a paper: A maps, B matrices, C label scores, D scib table, with caption."""

from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go

from semafo import wording
from semafo.errors import SemafoError
from semafo.runs.compare import columns as stacking
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import PAPER_WEIGHTS
from semafo.ui import charts
from semafo.ui.charts import colours, style
from semafo.ui.charts.maps.latent import EXPLORE
from semafo.ui.colouring import colourings
from semafo.ui.compare import blocks
from semafo.ui.compare.blocks import Comparison
from semafo.ui.maps.selection import Selection
from semafo.ui.maps.view import View
from semafo.ui.printing import caption as printing_caption
from semafo.ui.printing import render
from semafo.ui.reports import html_page
from semafo.ui.session import run_names, tray
from semafo.ui.session.tray import ChosenColumn, ChosenRun
from semafo.ui.widgets import score_tables

_SCALES = {"row": "shares of the observed type", "column": "shares of the predicted type", "counts": "cells"}


def look(colouring: str = colourings.TRUE_TYPE, by: str = "row") -> Comparison:
    """How a figure of a paper is drawn: maps aligned, with names on them, since a print may be without colour."""
    return Comparison(View(colouring, labels=True, aligned=True), by)


def columns_of(records: Sequence[RunRecord]) -> list[ChosenColumn]:
    """Runs in columns outside the program's pages, each column with a colour of its own by its place."""
    names = dict(zip((record.run_id for record in records), run_names.names_of(records), strict=True))
    places = {record.run_id: i for i, stack in enumerate(stacking.stacked(records)) for record in stack}
    return tray.in_columns(
        [ChosenRun(record, names[record.run_id], colours.of_slot(places[record.run_id])) for record in records]
    )


def figures(columns: Sequence[ChosenColumn], look: Comparison, chosen: Selection | None = None) -> list[go.Figure]:
    """The parts from top to bottom; the table is left out where no run has scores."""
    look = replace(look, height=None, cramped=False, view=replace(look.view, narrow=False, window=None, mode=EXPLORE))
    drawn: list[go.Figure] = [blocks.draw(columns, look, chosen, lettered=True)]
    rows = score_tables.column_rows(columns, PAPER_WEIGHTS)
    if rows:
        table = charts.score_table(rows)
        table.add_annotation(style.letter("D", 1, table.layout.margin.l) | {"yanchor": "bottom", "yshift": 96})
        drawn.append(table)
    return drawn


def caption(columns: Sequence[ChosenColumn], look: Comparison, chosen: Selection | None = None) -> str:
    """What the four parts are, for below the figure."""
    stacked = any(len(column.runs) > 1 for column in columns)
    means = "means over the seeds of a column, " if stacked else ""
    intervals = "over seeds (Student's t)" if stacked else "of the accuracy over cells (Wilson)"
    of_selected = " The matrices and scores count selected cells alone." if chosen is not None else ""
    moved = f", turned, mirrored and scaled as a whole to match {columns[0].name}" if look.view.aligned else ""
    return (
        f"(A) UMAP of the latent representation{moved}; colours are {look.view.colouring.lower()}s. It shows "
        f"neighbourhoods, not distances. (B) Confusion matrices: observed types in rows, predicted ones in columns, "
        f"{means}{_SCALES[look.by]} of the test cells, whose labels no model saw. (C) Label scores with 95 % "
        f"intervals {intervals}; grey strokes are the best baseline on the same cells. (D) scib scores of the test "
        f"cells, 0 to 1, higher is better, the best of each column bold and with a ring; the total is half biology "
        f"kept, half batches mixed, and BRAS (*) is no part of it.{of_selected}"
    )


def notes(columns: Sequence[ChosenColumn], look: Comparison, chosen: Selection | None = None) -> tuple[str, ...]:
    """Caption, settings of the runs with n and schedule, and the version: paragraphs."""
    return printing_caption.of([run for column in columns for run in column.runs], caption(columns, look, chosen))


def written(columns: Sequence[ChosenColumn], look: Comparison, chosen: Selection | None, extension: str) -> bytes:
    """The figure as a file: `svg`, `png`, `pdf` or `html`. Raises SemafoError where no run has a map."""
    if not any(run.record.has_maps for column in columns for run in column.runs):
        raise SemafoError("None of these runs is finished, so there is nothing to draw. Wait, or choose others.")
    drawn, said = figures(columns, look, chosen), notes(columns, look, chosen)
    if extension != "html":
        return render.render(drawn, extension, said)
    return _as_page(columns, drawn, said).encode()


def _as_page(columns: Sequence[ChosenColumn], drawn: Sequence[go.Figure], said: Sequence[str]) -> str:
    names = wording.without_common_parts([column.name for column in columns])
    data = dict.fromkeys(run_names.short_dataset(column.shown.record.config.dataset.name) for column in columns)
    title = f"{wording.listed(names)} on {wording.listed(list(data))}"
    alts = ("Maps, confusion matrices and label scores of each method.", "Integration scores of each method.")
    parts = [html_page.figure(one, alt) for one, alt in zip(drawn, alts, strict=False)]
    return html_page.page(title, *parts, *(html_page.paragraph(paragraph, "caption") for paragraph in said))
