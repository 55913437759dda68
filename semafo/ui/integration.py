"""The Integration page's parts: the weight, what the table says, and what is still missing."""

from collections.abc import Sequence

import streamlit as st

from semafo import keys
from semafo.evaluation.metrics import BATCH, METRICS
from semafo.settings import PAPER_WEIGHTS, SCIB_WEIGHTS
from semafo.ui import downloads, state, tables, words
from semafo.ui.charts import ScoreRow
from semafo.ui.state import ChosenRun

_WEIGHT = "bio_weight"


def weight() -> float:
    """Share of the bio mean in the total, with the paper's and scIB's as shortcuts."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        value = st.slider(
            "Weight of biology in the total",
            0.0,
            1.0,
            PAPER_WEIGHTS,
            0.05,
            key=_WEIGHT,
            persist_state="session",
            width=320,
            help="Total = weight × bio mean + (1 − weight) × batch mean. The paper weighs both alike (0.5); scIB 0.6.",
        )
        st.button(f"Paper, {PAPER_WEIGHTS:g}", on_click=_set, args=(PAPER_WEIGHTS,), type="tertiary")
        st.button(f"scIB, {SCIB_WEIGHTS:g}", on_click=_set, args=(SCIB_WEIGHTS,), type="tertiary")
    return value


def _set(value: float) -> None:
    st.session_state[_WEIGHT] = value


def captions(runs: Sequence[ChosenRun], rows: Sequence[ScoreRow]) -> None:
    """Population, n, and why scores are undefined."""
    scored = [run.record.integration() for run in runs if run.record.has_scores]
    sizes = sorted({(found.get("population", "cells"), found.get("n_cells", 0)) for found in scored})
    populations = ", ".join(f"{words.count(n)} {population}" for population, n in sizes)
    st.caption(
        f"On {populations}. Area follows the score; 1 is best, except where the hint says otherwise. BRAS (*) takes no "
        "part in the batch mean. scVI sees no labels; PCA sees neither labels nor batches. One seed proves nothing "
        "about the methods."
    )
    if any(row.scores.get("is_approximate") for row in rows):
        sampled = max(row.scores.get("n_sampled") or 0 for row in rows)
        of = f", on a stratified sample of {words.cells(sampled)}" if sampled else ""
        st.caption(f"So many cells are scored with approximate neighbours{of}; docs/metrics.md has the errors.")
    missing = [metric for metric in METRICS if any(not words.is_number(row.scores.get(metric.key)) for row in rows)]
    if missing and all(metric.group == BATCH for metric in missing) and {1} == {f.get("n_batches") for f in scored}:
        st.info("These cells are one batch, so the batch scores are undefined (–) and the total is the bio mean alone.")
    elif missing:
        reasons = " ".join(f"{metric.title}: {metric.undefined}" for metric in missing)
        st.caption(f"Undefined scores (–) are left out of the means. {reasons}")


def pending(runs: Sequence[ChosenRun]) -> None:
    """Runs whose scores are not there, and why."""
    for run in runs:
        if run.record.has_scores:
            continue
        if run.record.state in (keys.FAILED, keys.CANCELLED):
            st.caption(f"{run.name}: {words.STATES[run.record.state].lower()}, so it has no scores.")
        elif run.record.has_maps:
            st.caption(f"{run.name}: maps are ready, scores are being computed.")
        else:
            st.caption(f"{run.name}: scores come after training.")


def table(rows: Sequence[ScoreRow]) -> None:
    """The numbers as a table and as a file."""
    frame = tables.score_frame(rows)
    with st.expander("As a table", expanded=state.is_narrow()):
        numbers = frame.select_dtypes("number").columns
        shown = frame.style.format(
            lambda value: words.score(value), subset=list(frame.columns[1:]), na_rep=words.UNDEFINED
        )
        hints = {
            metric.title: st.column_config.Column(help=f"{metric.meaning} {metric.undefined}") for metric in METRICS
        }
        st.dataframe(shown if len(numbers) else frame, hide_index=True, column_config=hints, key="score_table")
    downloads.csv_button(frame, "integration-scores")
