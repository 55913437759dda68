"""The Predictions page's parts: confusion matrices that can be clicked, and the difference of two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from semafo import inert, wording
from semafo.ui import charts
from semafo.ui.charts import ConfusionMatrix
from semafo.ui.charts.settled_figure import SettledFigure
from semafo.ui.maps import selection
from semafo.ui.maps.selection import Pairing
from semafo.ui.session import grouping
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets.figure import show_figure


def show_panels(runs: Sequence[ChosenRun], population: str, by: str, narrow: bool) -> None:
    """A figure for each set of types: runs of different data sets share no matrix. A click selects cells."""
    groups = grouping.by_types(runs)
    for i, (types, group) in enumerate(groups.items()):
        if len(groups) > 1:
            st.subheader(inert.markdown(short_dataset(group[0].record.config.dataset.name)), anchor=False)
        matrices = [grouping.matrix(run, population) for run in group]
        if all(run.record.has_maps for run in group) and all(matrix.counts is None for matrix in matrices):
            names = wording.listed([run.name for run in group])
            st.info(inert.markdown(f"{names}: no labelled cells here to compare predictions with."))
            continue
        _show(
            f"confusion-{i}",
            ShownMatrix(tuple(run.run_id for run in group), types, population),
            group,
            matrices,
            by,
            narrow,
        )


SCORED = {
    "test": "test cells, whose labels no model saw at any rate",
    "query": "the whole query, labelled cells among them, as the paper scores",
}


@dataclass(frozen=True)
class ShownMatrix:
    """What the panels, rows and columns of a figure stand for, and which cells are counted."""

    run_ids: tuple[str, ...]
    types: tuple[str, ...]
    population: str

    def pairing(self, points: Sequence[Mapping[str, Any]]) -> Pairing | None:
        """The selection that a click means; None where nothing is selected any more."""
        place = charts.clicked(points)
        if place is None:
            return None
        panel, row, column = place
        return Pairing(self.population, self.types[row], self.types[column], self.run_ids[panel])

    def place(self, chosen: Pairing | None) -> tuple[int, int, int] | None:
        """Panel, row and column of a selection; None where the figure does not have it."""
        if chosen is None or chosen.population != self.population or chosen.run_id not in self.run_ids:
            return None
        if not {chosen.true_label, chosen.predicted_label} <= set(self.types):
            return None
        row, column = self.types.index(chosen.true_label), self.types.index(chosen.predicted_label)
        return self.run_ids.index(chosen.run_id), row, column


def _show(
    key: str, shown: ShownMatrix, group: Sequence[ChosenRun], matrices: Sequence[ConfusionMatrix], by: str, narrow: bool
) -> None:
    faces = tuple(_face(run, matrix) for run, matrix in zip(group, matrices, strict=True))
    face = (faces, shown, by, narrow)
    names = wording.listed([run.name for run in group])
    scored = SCORED[shown.population]
    show_figure(
        _figure(face, _outlined(key, face, shown), matrices),
        key,
        alt=f"Confusion matrices of {names}: observed types in rows, predicted ones in columns, {len(shown.types)} "
        f"types, {scored}.",
        caption=f"Rows are observed types, columns predicted ones; {scored}. Empty rows have no cells here.",
        on_select=partial(_select, key, face, shown),
        selection_mode="points",
    )


def _face(run: ChosenRun, matrix: ConfusionMatrix) -> tuple[str, ...]:
    """Everything about a run that its panel depends on."""
    return run.name, run.colour, matrix.line, artefacts(run.record).key if run.record.has_maps else matrix.note


@st.cache_resource(max_entries=24, show_spinner=False)
def _figure(face: tuple, outlined: tuple[int, int, int] | None, _matrices: Sequence[ConfusionMatrix]) -> SettledFigure:
    _, shown, by, narrow = face
    return SettledFigure(charts.confusion_panels(_matrices, shown.types, by, narrow=narrow, outlined=outlined))


def _outlined(key: str, face: tuple, shown: ShownMatrix) -> tuple[int, int, int] | None:
    """The cell that the figure is sent with an outline around.

    The browser outlines a clicked cell by itself. Only where the selection came from elsewhere, or the figure is new,
    is it sent anew: a figure that changes is built again before the reader's eyes.
    """
    current = selection.current()
    current = current if isinstance(current, Pairing) else None
    sent, seen, old_face = st.session_state.get(f"{key}_outline", (None, None, None))
    is_new = key not in st.session_state or old_face != face
    if is_new or current != seen:
        sent = shown.place(current)
    st.session_state[f"{key}_outline"] = (sent, current, face)
    return sent


def _select(key: str, face: tuple, shown: ShownMatrix) -> None:
    """Make the clicked cell the selection; a second click on it selects nothing."""
    chosen = shown.pairing(st.session_state[key]["selection"]["points"])
    sent, *_ = st.session_state.get(f"{key}_outline", (None,))
    st.session_state[f"{key}_outline"] = (sent, chosen, face)
    if chosen is not None:
        selection.choose(chosen)
    elif isinstance(selection.current(), Pairing):
        selection.clear()


def show_difference(runs: Sequence[ChosenRun], population: str, by: str, narrow: bool) -> None:
    """One run minus another, for runs of the same types."""
    groups = {
        types: [run for run in group if grouping.matrix(run, population).counts is not None]
        for types, group in grouping.by_types(runs).items()
    }
    types, pool = next(((types, group) for types, group in groups.items() if len(group) > 1), ((), []))
    if not pool:
        st.info("A difference needs two runs of the same types, both with labelled cells here.")
        return
    names = {run.run_id: run for run in pool}
    first, second = st.columns(2)
    options = list(names)
    label = lambda run_id: names[run_id].name if run_id in names else ""  # noqa: E731
    minuend = first.selectbox("This run", options, index=1, key="difference_of", format_func=label)
    subtrahend = second.selectbox("minus this run", options, index=0, key="difference_from", format_func=label)
    if minuend == subtrahend:
        st.info("Choose two different runs.")
        return
    subtracted, whole = (grouping.matrix(names[run_id], population) for run_id in (subtrahend, minuend))
    figure = charts.confusion_difference(subtracted, whole, types, by, narrow=narrow)
    with st.container(width=640):
        show_figure(
            figure,
            "difference",
            alt=f"Confusion matrix of {label(minuend)} minus that of {label(subtrahend)}, {len(types)} types.",
            caption="Orange: more cells there in the first run. Purple: more in the second. On the diagonal, more is "
            "better.",
        )
