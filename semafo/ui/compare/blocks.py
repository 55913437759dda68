"""From columns of chosen runs to the blocks of the comparison, and the figure, which is made once for each view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from semafo import wording
from semafo.ui.charts import colours
from semafo.ui.charts.colours import Look
from semafo.ui.charts.comparison.figure import Block, comparison_figure
from semafo.ui.charts.comparison.layout import Layout
from semafo.ui.charts.comparison.matrices import MatrixCell, TypeDot
from semafo.ui.charts.settled_figure import SettledFigure
from semafo.ui.colouring import colourings
from semafo.ui.compare.label_counts import ColumnCounts
from semafo.ui.maps import figures as map_figures
from semafo.ui.maps import selection
from semafo.ui.maps.selection import OfType, Pairing, Selection
from semafo.ui.maps.view import View
from semafo.ui.session import grouping
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenColumn, ChosenRun

BY_TYPE = (colourings.TRUE_TYPE, colourings.PREDICTED_TYPE)


@dataclass(frozen=True)
class Comparison:
    """How the comparison is looked at: the maps' view, and what the matrices show (`row`, `column` or `counts`)."""

    view: View
    by: str = "row"
    cramped: bool = False  # two blocks in a row at most
    height: int | None = None  # pixels of the figure on a wall

    def layout(self, n: int) -> Layout:
        """Where n blocks stand."""
        return Layout.of(n, self.view.narrow, self.cramped, self.height)


def types_of(columns: Sequence[ChosenColumn]) -> Mapping[str, Look]:
    """Every type of the runs with its look: those of the first data set first, each set sorted.

    Of a run in training they are known once its labels are hidden.
    """
    lists = [_types_of(run) for column in columns for run in column.runs]
    return colours.of_types(*dict.fromkeys(found for found in lists if found))


def _types_of(run: ChosenRun) -> tuple[str, ...]:
    if run.record.has_maps:
        return tuple(artefacts(run.record).predictions["types"])
    split = run.record.split() or {}
    return tuple(sorted({*split.get("seen_types", ()), *split.get("unseen_types", ())}))


def figure(columns: Sequence[ChosenColumn], look: Comparison, chosen: Selection | None) -> SettledFigure:
    """The comparison. One that was made before is not made again."""
    faces = tuple((column.name, column.shown.run_id, *map(_face, column.runs)) for column in columns)
    return _figure((faces, tuple(types_of(columns))), look, chosen, columns)


def _face(run: ChosenRun) -> tuple[str, ...]:
    """Everything about a run that its part of a block depends on."""
    return (*map_figures.face(run), str(bool(run.record.baselines())) if run.record.has_maps else "")


@st.cache_resource(max_entries=24, show_spinner=False)
def _figure(
    faces: tuple, look: Comparison, chosen: Selection | None, _columns: Sequence[ChosenColumn]
) -> SettledFigure:
    return draw(_columns, look, chosen)


def draw(
    columns: Sequence[ChosenColumn], look: Comparison, chosen: Selection | None = None, *, lettered: bool = False
) -> SettledFigure:
    """The same as `figure` without memory. lettered: with A, B and C, as in a paper."""
    types = types_of(columns)
    return comparison_figure(
        blocks(columns, look, chosen, tuple(types)),
        types,
        by=look.by,
        layout=look.layout(len(columns)),
        narrow=look.view.narrow,
        with_legend=look.view.colouring not in BY_TYPE,
        chosen=outlined(columns, tuple(types), chosen),
        window=look.view.window,
        mode=look.view.mode,
        revision=f"{look.view.map_name} {look.view.aligned} {look.view.narrow}",
        lettered=lettered,
    )


def blocks(
    columns: Sequence[ChosenColumn], look: Comparison, chosen: Selection | None, types: Sequence[str]
) -> list[Block]:
    """A block a column, in their order."""
    shown = [column.shown for column in columns]
    every = [run for column in columns for run in column.runs]
    panels = map_figures.panels(shown, look.view, chosen)
    titles = wording.without_common_parts([column.name for column in columns])
    found = []
    for column, panel, title in zip(columns, panels, titles, strict=True):
        counted = ColumnCounts.of(column, types, chosen, every)
        if not counted.runs:
            is_active = any(run.record.is_active for run in column.runs)  # then its live map stands there
            note = "" if is_active else grouping.not_ready(column.shown)
            found.append(Block(replace(panel, title=title, colour=column.colour, lines=(), note=note)))
            continue
        scores = counted.scores(with_baseline=chosen is None)
        lines = (f"{scores[0].title.lower()} {scores[0].text}, {counted.of_what()}", _of_map(column, panel.lines))
        counts = counted.mean_counts
        note = "" if counts is not None else "No test cells" + (" among the selected" if chosen else "")
        face = replace(panel, title=title, colour=column.colour, lines=lines)
        found.append(Block(face, counts, note, scores if counts is not None else ()))
    return found


def outlined(
    columns: Sequence[ChosenColumn], types: Sequence[str], chosen: Selection | None
) -> MatrixCell | TypeDot | None:
    """What a selection is in the matrices; None where it is not one of their cells or types."""
    if isinstance(chosen, OfType) and chosen.true_label in types:
        return TypeDot(types.index(chosen.true_label))
    if not isinstance(chosen, Pairing) or chosen.population != selection.TEST:
        return None
    block = next((i for i, column in enumerate(columns) if chosen.run_id in _ids(column)), None)
    if block is None or not {chosen.true_label, chosen.predicted_label} <= set(types):
        return None
    return MatrixCell(block, types.index(chosen.true_label), types.index(chosen.predicted_label))


def _ids(column: ChosenColumn) -> set[str]:
    return {run.run_id for run in column.runs}


def _of_map(column: ChosenColumn, lines: Sequence[str]) -> str:
    """The map's own line; where runs are stacked, of which seed it is."""
    line = lines[-1] if lines else ""
    if len(column.runs) == 1:
        return line
    train, split = column.shown.record.config.train, column.shown.record.config.split
    of = f"map of seed {train.seed}"
    if len({run.record.config.split.split_seed for run in column.runs}) > 1:
        of += f", split {split.split_seed}"
    return f"{of} · {line}" if line else of
