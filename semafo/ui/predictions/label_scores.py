"""The Predictions page's numbers: label scores of the runs and, on the same cells, of their baselines."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from semafo import inert, wording
from semafo.evaluation.uncertainty.significance import PairedDifference
from semafo.ui.charts import colours
from semafo.ui.predictions import run_differences
from semafo.ui.session import grouping
from semafo.ui.session.tray import ChosenRun
from semafo.ui.session.viewport import is_narrow
from semafo.ui.widgets import downloads, score_tables


def show_scores(runs: Sequence[ChosenRun], population: str) -> None:
    """Label scores with n and interval: the runs, and on the same cells the baselines."""
    rows = score_tables.label_rows(runs, population)
    frame = score_tables.label_scores(rows)
    numbers = {
        title: st.column_config.NumberColumn(format="%.3f", help=inert.markdown(meaning))
        for title, meaning in score_tables.LABEL_SCORES.values()
    }
    numbers[""] = st.column_config.Column(width=24)
    numbers["Run"] = st.column_config.TextColumn(width=150 if is_narrow() else "large")
    numbers["n"] = st.column_config.NumberColumn(help="Cells that were scored: those with a label in the data.")
    numbers["Unseen"] = st.column_config.NumberColumn(
        help="Cells of types that no label showed. They are left out of the scores, but for With unseen."
    )
    st.subheader("Label scores", anchor=False)
    st.dataframe(
        _quietly(frame, rows),
        hide_index=True,
        column_config=numbers,
        key="label_scores",
        height="content",
    )
    for sentence in [*verdicts(runs), *pending(runs)]:
        st.markdown(inert.markdown(sentence))
    st.caption(
        "Low and High bound the accuracy with 95 % (Wilson). Grey rows are baselines on the same cells. One seed "
        "proves nothing about the methods."
    )
    downloads.csv_button(frame.drop(columns=""), f"label-scores-{population}")


def _quietly(frame: pd.DataFrame, rows: Sequence[score_tables.LabelRow]) -> "pd.io.formats.style.Styler":
    """Baselines in grey, the runs' squares in their colours."""
    greys = [f"color: {colours.NEUTRAL}" if row.kind != score_tables.MODEL else "" for row in rows]
    squares = [f"color: {row.colour}" for row in rows]
    return frame.style.apply(lambda column: squares if column.name == "" else greys)


def verdicts(runs: Sequence[ChosenRun]) -> list[str]:
    """For each set of test cells: the best baseline, and whether the runs beat it."""
    groups = [found for found in map(run_differences.against_baseline, grouping.by_test_cells(runs)) if found]
    sentences = []
    for best, scores, found in groups:
        sentences.append(
            f"Best baseline on the {wording.count(scores['n_scored'])} test cells: {wording.BASELINES[best]}, "
            f"{wording.accuracy(scores)}. {outcome(found)}"
        )
    return sentences


def outcome(found: Mapping[ChosenRun, PairedDifference]) -> str:
    """Which runs are clearly better than the baseline, which clearly worse, and which neither."""
    names = dict(zip(found, wording.without_common_parts([run.name for run in found]), strict=True))
    verdicts = {run: wording.NO_CLEAR_DIFFERENCE for run in found}
    verdicts |= {run: "better" if d.difference > 0 else "worse" for run, d in found.items() if d.is_clear}
    groups = {verdict: [names[run] for run in found if verdicts[run] == verdict] for verdict in verdicts.values()}
    parts = [f"{verdict}: {', '.join(members)}" for verdict, members in groups.items()]
    return f"The runs against it, on the same cells: {'; '.join(parts)}."


def pending(runs: Sequence[ChosenRun]) -> list[str]:
    """Why baselines are not in the table: still being computed, failed, or the run is too old to have them."""
    sentences = []
    for run in runs:
        if not run.record.has_maps or run.record.config.split.reference_only:
            continue
        error = run.record.baselines_error()
        if error:
            sentences.append(f"{run.name}: its baselines failed. {error}")
        elif run.record.baselines():
            continue
        elif run.record.is_active:
            sentences.append(f"{run.name}: its baselines are still being computed.")
        else:
            sentences.append(
                f"{run.name} has no baselines: it ended before they were computed, or is of an older version."
            )
    return sentences
