"""The Predictions page's closer looks: each type and each batch, the chosen runs beside their best baseline."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.evaluation.labels import breakdown
from semafo.runs.folder.run_record import RunRecord
from semafo.ui import charts
from semafo.ui.charts import Estimate, Row, colours
from semafo.ui.charts.scores.forest import SYMBOLS, legend_line
from semafo.ui.predictions import run_differences
from semafo.ui.session import grouping
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls, downloads
from semafo.ui.widgets.figure import show_figure

TYPE_SCORES = {"Recall": "recall", "Precision": "precision", "F1": "f1"}
MEANINGS = {
    "Recall": "Share of a type's cells that are found, with its 95 % interval (Wilson).",
    "Precision": "Share of the cells taken for a type that are of it.",
    "F1": "Harmonic mean of precision and recall.",
}
BASELINE = "Grey is the best baseline on the same cells."
NOTHING = "No labelled cells of known types here, so there is nothing to score."


@dataclass(frozen=True)
class ScoreSource:
    """Whose scores they are: a run's or a baseline's."""

    name: str
    colour: str


Rows = Sequence[Mapping[str, Any]]


def by_type(runs: Sequence[ChosenRun], population: str, narrow: bool) -> None:
    """Recall, precision or F1 of each type as dots, and all of it as a table."""
    title = controls.choice("Score", list(TYPE_SCORES), "type_score")
    groups = [with_baseline(group, "per_type", population) for group in grouping.by_types(runs).values()]
    if not any(groups):
        st.info(NOTHING)
        return
    caption = (
        f"{MEANINGS[title]} n is the number of cells of the type: with few of them, intervals are wide. {BASELINE}"
    )
    for i, (group, found) in enumerate(zip(grouping.by_types(runs).values(), groups, strict=True)):
        heading = short_dataset(group[0].record.config.dataset.name) if len(groups) > 1 else ""
        _dots(found, "type", TYPE_SCORES[title], title, narrow, f"types-{i}", heading, caption)
    frame = type_frame(groups)
    with st.expander("As a table"):
        scores = {name: st.column_config.NumberColumn(format="%.3f") for name in (*TYPE_SCORES, "Low", "High")}
        st.dataframe(frame, hide_index=True, column_config=scores, key="type_table")
    downloads.csv_button(frame, f"types-{population}")


def by_batch(runs: Sequence[ChosenRun], population: str, narrow: bool) -> None:
    """Accuracy in each batch as dots."""
    groups = [with_baseline(group, "by_batch", population) for group in grouping.by_types(runs).values()]
    if not any(groups):
        st.info(NOTHING)
        return
    batches = {row["batch"] for found in groups for rows in found.values() for row in rows}
    one = " These cells are one batch: the total again." if len(batches) == 1 else ""
    caption = (
        f"Accuracy in each batch with its 95 % interval (Wilson); n is the number of scored cells.{one} {BASELINE}"
    )
    for i, (group, found) in enumerate(zip(grouping.by_types(runs).values(), groups, strict=True)):
        heading = short_dataset(group[0].record.config.dataset.name) if len(groups) > 1 else ""
        _dots(found, "batch", "accuracy", "Accuracy", narrow, f"batches-{i}", heading, caption)
    frame = batch_frame(groups)
    with st.expander("As a table"):
        scores = {name: st.column_config.NumberColumn(format="%.3f") for name in ("Accuracy", "Low", "High")}
        st.dataframe(frame, hide_index=True, column_config=scores, key="batch_table")
    downloads.csv_button(frame, f"batches-{population}")


def with_baseline(runs: Sequence[ChosenRun], what: str, population: str) -> dict[ScoreSource, Rows]:
    """`per_type` or `by_batch` of the runs that have any and, for each set of test cells, of their best baseline."""
    found = {ScoreSource(run.name, run.colour): rows for run, rows in rows_of(runs, what, population).items()}
    groups = grouping.by_test_cells(runs)
    for group in groups:
        best = run_differences.against_baseline(group)
        if best is None:
            continue
        record = next(run.record for run in best[2])
        rows = _baseline_rows(_stamp(record), best[0], what, population, record)
        suffix = f" · {group[0].name.split(' · ', 1)[-1]}" if len(groups) > 1 else ""
        if rows:
            found[ScoreSource(f"best baseline, {wording.BASELINES[best[0]]}{suffix}", colours.NEUTRAL)] = rows
    return found


def _stamp(record: RunRecord) -> tuple[str, int]:
    path = record.folder / keys.BASELINE_CELLS_FILE
    return str(path), path.stat().st_mtime_ns


@st.cache_resource(max_entries=64, show_spinner=False)
def _baseline_rows(stamp: tuple, name: str, what: str, population: str, _record: RunRecord) -> Rows:
    cells, predicted = _record.cells(), _record.baseline_cells()[name]
    part = (keys.PART, keys.TEST) if population == "test" else (keys.ROLE, keys.QUERY)
    mask = (cells[part[0]] == part[1]).to_numpy()
    pair = cells.loc[mask, keys.TRUE], predicted[mask], (_record.split() or {}).get("seen_types", [])
    if what == "per_type":
        return breakdown.scores_by_type(*pair)
    return breakdown.accuracy_by_group(cells.loc[mask, keys.BATCH_COLUMN], *pair)


def rows_of(runs: Sequence[ChosenRun], what: str, population: str) -> dict[ChosenRun, Rows]:
    """`per_type` or `by_batch` of the runs that have any."""
    ready = [run for run in runs if run.record.has_maps]
    found = {run: (artefacts(run.record).predictions.get(what) or {}).get(population) or [] for run in ready}
    return {run: rows for run, rows in found.items() if rows}


def type_frame(groups: Sequence[Mapping[ScoreSource, Rows]]) -> pd.DataFrame:
    """One row a run and type."""
    titles = {"type": "Type", "n": "n", "n_predicted": "Predicted", "precision": "Precision", "recall": "Recall"}
    return _frame(groups, titles | {"recall_low": "Low", "recall_high": "High", "f1": "F1"})


def batch_frame(groups: Sequence[Mapping[ScoreSource, Rows]]) -> pd.DataFrame:
    """One row a run and batch."""
    titles = {"batch": "Batch", "n": "n", "n_correct": "Right", "accuracy": "Accuracy", "low": "Low", "high": "High"}
    return _frame(groups, titles)


def _frame(groups: Sequence[Mapping[ScoreSource, Rows]], titles: Mapping[str, str]) -> pd.DataFrame:
    rows = [
        {"Run": wording.capitalised(source.name), **{title: row.get(key) for key, title in titles.items()}}
        for group in groups
        for source, found in group.items()
        for row in found
    ]
    return pd.DataFrame(rows, columns=["Run", *titles.values()])


def _dots(
    found: Mapping[ScoreSource, Rows],
    by: str,
    score: str,
    title: str,
    narrow: bool,
    key: str,
    heading: str,
    caption: str,
) -> None:
    """A figure with a row for each name in the column `by`; nothing where there is none to draw."""
    rows = dot_rows(found, by, score, narrow)
    if not rows:
        return
    if heading:
        st.markdown(inert.Markdown(f"**{inert.markdown(heading)}**"))
    looks = [(source.name, source.colour, SYMBOLS[i % len(SYMBOLS)]) for i, source in enumerate(found)]
    st.html(f'<div class="semafo-run">{inert.html(legend_line(looks))}</div>')
    ends = [end for row in rows for e in row.estimates for end in (e.value, e.low) if end is not None]
    span = (math.floor(10 * min(ends, default=0)) / 10 - 0.01, 1.02)
    show_figure(
        charts.forest(rows, title, span=span, narrow=narrow),
        key,
        alt=f"{title} of {wording.listed([source.name for source in found])} in each of {len(rows)} {by} groups.",
        caption=caption,
    )


def dot_rows(found: Mapping[ScoreSource, Rows], by: str, score: str, narrow: bool = False) -> list[Row]:
    """Rows of a dot plot: one a type or batch, one estimate a run, in the runs' order."""
    tables = {source: {row[by]: row for row in rows} for source, rows in found.items()}
    names = sorted({name for table in tables.values() for name in table})
    rows = []
    for name in names:
        n = sorted({table[name]["n"] for table in tables.values() if name in table})
        text = f"n {'–'.join(wording.count(end) for end in dict.fromkeys((n[0], n[-1])))}"
        estimates = tuple(
            _estimate(source, table.get(name) or {}, name, score, SYMBOLS[i % len(SYMBOLS)])
            for i, (source, table) in enumerate(tables.items())
        )
        rows.append(Row(wording.shortened(name, 34 if narrow else 30), estimates, text))
    return rows


def _estimate(source: ScoreSource, row: Mapping[str, Any], name: str, score: str, symbol: str) -> Estimate:
    value = row.get(score)
    low, high = (row.get(key) for key in _ENDS.get(score, ("", "")))
    estimated = f"{wording.score(value)} {wording.interval(low, high)}, n {wording.count(row.get('n'))}"
    hover = inert.plotly(name, source.name, estimated, between="<br>")
    return Estimate(value, low, high, source.colour, source.name, hover, symbol=symbol)


_ENDS = {"recall": ("recall_low", "recall_high"), "accuracy": ("low", "high")}
