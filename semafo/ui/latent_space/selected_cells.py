"""What the selected cells are, run by run: shown beside the maps on which they stand out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.evaluation.labels.scores import wilson_interval
from semafo.ui.charts.maps.latent import Window
from semafo.ui.latent_space import zoom
from semafo.ui.maps import chosen_cells, selection
from semafo.ui.maps.selection import Selection
from semafo.ui.maps.view import View
from semafo.ui.session.run_results import Artefacts, Coded, artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import downloads, gene_tables
from semafo.ui.widgets.gene_tables import Groups

FEW_ROWS = 6  # of a small table; the rest are counted together
MANY = 200_000  # cells of a run beyond which comparing all genes takes seconds
_ZOOM_IN: dict[str, Any] = {"type": "tertiary", "icon": ":material/zoom_in:"}
HINT = "Choose Select and draw around cells in any panel: the same cells stand out in all."


@dataclass(frozen=True, eq=False)
class Chosen:
    """The selected cells of one run, (n,) bool."""

    run: ChosenRun
    found: Artefacts
    mask: np.ndarray

    @property
    def count(self) -> int:
        """Number of selected cells."""
        return int(np.count_nonzero(self.mask))


def show(chosen: Selection | None, runs: Sequence[ChosenRun], view: View) -> None:
    """The summary; without a selection a hint, which takes as little room."""
    if chosen is None:
        st.caption(HINT)
        _zoom_out(view.window)
        return
    found = chosen_of(chosen, runs)
    with st.container(border=True, key="selected"):
        _head(chosen, found, runs, view)
        if not any(one.count for one in found):
            st.caption(inert.markdown(why_none(chosen, runs)))
            return
        source = next(one for one in found if one.count)
        cells_column, runs_column, genes_column = st.columns([3, 4, 4], gap="medium")
        with cells_column:
            _composition(source)
        with runs_column:
            _by_run(found)
        with genes_column:
            _genes(source, chosen)


def chosen_of(chosen: Selection, runs: Sequence[ChosenRun]) -> list[Chosen]:
    """The selected cells of each run with maps; that in which they were selected comes first."""
    ready = [run for run in runs if run.record.has_maps]
    ready.sort(key=lambda run: run.run_id not in chosen.run_ids[:1])
    found = [(run, artefacts(run.record)) for run in ready]
    return [Chosen(run, one, chosen_cells.mask(one, chosen, runs)) for run, one in found]


def why_none(chosen: Selection, runs: Sequence[ChosenRun]) -> str:
    """Why no cell is selected."""
    if set(chosen.run_ids) <= {run.run_id for run in runs if run.record.has_maps}:
        return "There are no cells inside. Draw around some, or clear the selection."
    return "They were selected in a run that is not chosen. Add it in the sidebar, or clear the selection."


def _head(chosen: Selection, found: Sequence[Chosen], runs: Sequence[ChosenRun], view: View) -> None:
    n = max((one.count for one in found), default=0)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        described = inert.markdown(chosen_cells.described(chosen, runs))
        st.markdown(inert.Markdown(f"**{wording.cells(n)} selected** · {inert.markdown(described)}"), width="stretch")
        around = zoom.around(chosen, runs, view)
        if around is not None and zoom.from_text(zoom.to_text(around)) != view.window:
            st.button("Zoom in", key="zoom_in", on_click=zoom.into, args=(around,), **_ZOOM_IN)
        _zoom_out(view.window)
        if n:
            _csv(found)
        st.button("Clear", key="selected_clear", on_click=selection.clear, type="tertiary", icon=":material/close:")


def _zoom_out(window: Window | None) -> None:
    if window is not None:
        st.button("Zoom out", key="zoom_out", on_click=zoom.out, type="tertiary", icon=":material/zoom_out:")


def _csv(found: Sequence[Chosen]) -> None:
    st.download_button(
        "CSV",
        partial(csv, found),
        file_name="semafo-selected-cells.csv",
        mime="text/csv",
        key="selected_csv",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
        help="Each selected cell with its label, and what each run predicts with which confidence.",
    )


def csv(found: Sequence[Chosen]) -> bytes:
    """The selected cells as a file."""
    return downloads.to_csv(cell_frame(found))


def _genes(source: Chosen, chosen: Selection) -> None:
    """Genes that tell the cells from the rest; of very many cells on request, so that the maps need not wait."""
    if source.found.n_cells > MANY and not st.toggle("Compare genes (takes seconds)", key="selected_compare"):
        return
    groups = Groups(source.mask, ~source.mask, "selected cells", "other cells")
    gene_tables.show(source.run, groups, selection.to_text(chosen), "selected")


# --- Tables -----------------------------------------------------------------------------------------------------------


def _composition(source: Chosen) -> None:
    """Types and batches of the selected cells."""
    st.dataframe(
        composition(source.found.coded(keys.TRUE), source.mask, "Type"),
        hide_index=True,
        height="content",
        column_config=_SHARES,
        key="selected_types",
    )
    batches = source.found.coded(keys.BATCH_COLUMN)
    if len(batches.names) > 1:
        table = composition(batches, source.mask, "Batch")
        st.dataframe(table, hide_index=True, height="content", column_config=_SHARES, key="selected_batches")


_SHARES = {
    "n": st.column_config.NumberColumn(help="Selected cells.", width="small"),
    "Of all": st.column_config.TextColumn(help="Share of all such cells that is selected.", width="small"),
}


def composition(column: Coded, mask: np.ndarray, title: str) -> pd.DataFrame:
    """Selected cells by name, the most first: `title`, `n`, and the share of all cells of that name."""
    n_names = len(column.names)
    total = np.bincount(column.codes + 1, minlength=n_names + 1)  # the first are those without a name
    n = np.bincount(column.codes[mask] + 1, minlength=n_names + 1)
    names = ["No label", *column.names]
    order = [i for i in np.argsort(-n, kind="stable") if n[i]]
    rows = [(names[i], int(n[i]), wording.percent(n[i] / total[i])) for i in order[:FEW_ROWS]]
    rest = order[FEW_ROWS:]
    if rest:
        rows.append((f"{len(rest)} others", int(n[rest].sum()), wording.percent(n[rest].sum() / total[rest].sum())))
    return pd.DataFrame(rows, columns=[title, "n", "Of all"])


def _by_run(found: Sequence[Chosen]) -> None:
    about = {
        "n": "Selected test cells of types that the model was shown.",
        "Mapping": "Mean mapping score of the query's cells: 1 in the midst of the reference's cells, 0 far from them.",
    }
    columns = {
        name: st.column_config.TextColumn(help=inert.markdown(text), width="small") for name, text in about.items()
    }
    st.dataframe(by_run(found), hide_index=True, height="content", column_config=columns, key="selected_runs")
    st.caption(
        "Accuracy on the test cells among them, with its 95 % interval (Wilson), and the mean confidence of all of "
        "them. The cells were chosen by looking: this describes them, and does not tell which method is better."
    )


def by_run(found: Sequence[Chosen]) -> pd.DataFrame:
    """One row a run: `Run`, `n` (test cells that can be scored), `Accuracy` with its interval, mean `Confidence`.

    And the mean `Mapping` score of the query's cells among them, where a run has such scores.
    """
    rows, names = [], wording.without_common_parts([one.run.name for one in found])
    for name, one in zip(names, found, strict=True):
        n_right, n = right_of(one)
        low, high = wilson_interval(n_right, n) if n else (None, None)
        accuracy = wording.accuracy(
            {"accuracy": n_right / n if n else None, "accuracy_low": low, "accuracy_high": high}
        )
        confidence = float(one.found.confidence[one.mask].mean()) if one.count else None
        rows.append((name, wording.count(n), accuracy, wording.score(confidence, 2), _mapping(one)))
    table = pd.DataFrame(rows, columns=["Run", "n", "Accuracy", "Confidence", "Mapping"])
    return table if any(one.found.has_mapping for one in found) else table.drop(columns="Mapping")


def _mapping(one: Chosen) -> str:
    """Mean mapping score of the selected query cells, in words."""
    scores = np.empty(0) if one.found.mapping_score is None else one.found.mapping_score[one.mask]
    scores = scores[~np.isnan(scores)]
    return wording.score(float(scores.mean()) if len(scores) else None, 2)


def right_of(one: Chosen) -> tuple[int, int]:
    """Selected test cells that are rightly predicted, and those that are scored: of types that the model was shown."""
    seen = (one.run.record.split() or {}).get("seen_types")
    scored = one.mask & chosen_cells.in_population(one.found, selection.TEST)
    true = one.found.coded(keys.TRUE)
    scored &= true.codes >= 0 if seen is None else true.isin(seen)
    return int(np.count_nonzero(chosen_cells.is_right(one.found) & scored)), int(np.count_nonzero(scored))


def cell_frame(found: Sequence[Chosen]) -> pd.DataFrame:
    """One row a selected cell: name, batch and label, then for each run its part, predicted label and confidence.

    With the mapping score of runs that have one.
    """
    frame = _named(found[0], (keys.BATCH_COLUMN, keys.TRUE))
    for one in found:
        if one.count:
            table = _named(one, (keys.PART, keys.PREDICTED))
            table[keys.CONFIDENCE] = one.found.confidence[one.mask]
            if one.found.mapping_score is not None:
                table[keys.MAPPING_SCORE] = one.found.mapping_score[one.mask]
            frame = frame.join(table.add_suffix(f" · {one.run.name}"), how="left")
    return frame.reset_index()


def _named(one: Chosen, columns: Sequence[str]) -> pd.DataFrame:
    rows = np.flatnonzero(one.mask)
    names = pd.Index(one.found.names.take(rows).to_pandas(), name=keys.CELL)
    coded = {name: one.found.coded(name) for name in columns}
    values = {name: np.array([*column.names, None], dtype=object)[column.codes[rows]] for name, column in coded.items()}
    return pd.DataFrame(values, index=names)
