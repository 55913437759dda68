"""The Predictions page's closer looks: each type and each batch, the chosen runs side by side."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from semafo.ui import charts, controls, downloads, state, views, words
from semafo.ui.charts import Estimate, Row
from semafo.ui.charts.forest import SYMBOLS, legend_line
from semafo.ui.state import ChosenRun

TYPE_SCORES = {"Recall": "recall", "Precision": "precision", "F1": "f1"}
MEANINGS = {
    "Recall": "Share of a type's cells that are found, with its 95 % interval (Wilson).",
    "Precision": "Share of the cells taken for a type that are of it.",
    "F1": "Harmonic mean of precision and recall.",
}
NOTHING = "No labelled cells of known types here, so there is nothing to score."


def by_type(runs: Sequence[ChosenRun], population: str, narrow: bool) -> None:
    """Recall, precision or F1 of each type as dots, and all of it as a table."""
    title = controls.choice("Score", list(TYPE_SCORES), "type_score")
    groups = [group for group in views.by_types(runs).values()]
    drawn = False
    for i, group in enumerate(groups):
        found = rows_of(group, "per_type", population)
        drawn |= _dots(found, "type", TYPE_SCORES[title], title, narrow, f"types-{i}", len(groups) > 1)
    if not drawn:
        st.info(NOTHING)
        return
    st.caption(f"{MEANINGS[title]} n is the number of cells of the type: with few of them, intervals are wide.")
    frame = type_frame(runs, population)
    with st.expander("As a table"):
        scores = {name: st.column_config.NumberColumn(format="%.3f") for name in (*TYPE_SCORES, "Low", "High")}
        st.dataframe(frame, hide_index=True, column_config=scores, key="type_table")
    downloads.csv_button(frame, f"types-{population}")


def by_batch(runs: Sequence[ChosenRun], population: str, narrow: bool) -> None:
    """Accuracy in each batch as dots."""
    groups = [group for group in views.by_types(runs).values()]
    found = [rows_of(group, "by_batch", population) for group in groups]
    if not any(rows for group in found for rows in group.values()):
        st.info(NOTHING)
        return
    for i, group in enumerate(found):
        _dots(group, "batch", "accuracy", "Accuracy", narrow, f"batches-{i}", len(groups) > 1)
    batches = {row["batch"] for group in found for rows in group.values() for row in rows}
    one = " These cells are one batch: the total again." if len(batches) == 1 else ""
    st.caption(f"Accuracy in each batch with its 95 % interval (Wilson); n is the number of scored cells.{one}")


def rows_of(runs: Sequence[ChosenRun], what: str, population: str) -> dict[ChosenRun, list[Mapping[str, Any]]]:
    """`per_type` or `by_batch` of the runs that have any."""
    ready = [run for run in runs if run.record.has_maps]
    found = {run: (state.artefacts(run.record).predictions.get(what) or {}).get(population) or [] for run in ready}
    return {run: rows for run, rows in found.items() if rows}


def type_frame(runs: Sequence[ChosenRun], population: str) -> pd.DataFrame:
    """One row a run and type."""
    titles = {"type": "Type", "n": "n", "n_predicted": "Predicted", "precision": "Precision", "recall": "Recall"}
    titles |= {"recall_low": "Low", "recall_high": "High", "f1": "F1"}
    rows = [
        {"Run": run.name, **{title: row.get(key) for key, title in titles.items()}}
        for run, found in rows_of(runs, "per_type", population).items()
        for row in found
    ]
    return pd.DataFrame(rows, columns=["Run", *titles.values()])


def _dots(
    found: Mapping[ChosenRun, Sequence[Mapping[str, Any]]],
    by: str,
    score: str,
    title: str,
    narrow: bool,
    key: str,
    several: bool,
) -> bool:
    """A figure with a row for each name in the column `by`; False where there is none to draw."""
    rows = dot_rows(found, by, score, narrow)
    if not rows:
        return False
    if several:
        st.markdown(f"**{state.short_dataset(next(iter(found)).record.config.dataset.name)}**")
    looks = [(run.name, run.colour, SYMBOLS[i % len(SYMBOLS)]) for i, run in enumerate(found)]
    st.html(f'<div class="semafo-run">{legend_line(looks)}</div>')
    ends = [end for row in rows for e in row.estimates for end in (e.value, e.low) if end is not None]
    span = (math.floor(10 * min(ends, default=0)) / 10 - 0.01, 1.02)
    figure = charts.forest(rows, title, span=span, narrow=narrow)
    st.plotly_chart(figure, key=key, config=controls.QUIET_CHART)
    return True


def dot_rows(
    found: Mapping[ChosenRun, Sequence[Mapping[str, Any]]], by: str, score: str, narrow: bool = False
) -> list[Row]:
    """Rows of a dot plot: one a type or batch, one estimate a run, in the runs' order."""
    tables = {run: {row[by]: row for row in rows} for run, rows in found.items()}
    names = sorted({name for table in tables.values() for name in table})
    rows = []
    for name in names:
        n = sorted({table[name]["n"] for table in tables.values() if name in table})
        text = f"n {'–'.join(words.count(end) for end in dict.fromkeys((n[0], n[-1])))}"
        estimates = tuple(
            _estimate(run, table.get(name) or {}, name, score, SYMBOLS[i % len(SYMBOLS)])
            for i, (run, table) in enumerate(tables.items())
        )
        rows.append(Row(words.shortened(name, 34 if narrow else 30), estimates, text))
    return rows


def _estimate(run: ChosenRun, row: Mapping[str, Any], name: str, score: str, symbol: str) -> Estimate:
    value = row.get(score)
    low, high = (row.get(key) for key in _ENDS.get(score, ("", "")))
    hover = f"{name}<br>{run.name}<br>{words.score(value)} {words.interval(low, high)}, n {words.count(row.get('n'))}"
    return Estimate(value, low, high, run.colour, run.name, hover, symbol=symbol)


_ENDS = {"recall": ("recall_low", "recall_high"), "accuracy": ("low", "high")}
