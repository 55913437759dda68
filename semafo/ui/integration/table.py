"""The Integration page's parts: the weight, the table as a picture and as numbers, and what is still missing."""

from collections.abc import Sequence

import streamlit as st

from semafo import inert, keys, wording
from semafo.evaluation.integration.columns import BATCH, METRICS
from semafo.settings.run_config import PAPER_WEIGHTS, SCIB_WEIGHTS
from semafo.ui import charts
from semafo.ui.charts import ScoreRow
from semafo.ui.session.tray import ChosenRun
from semafo.ui.session.viewport import is_cramped
from semafo.ui.widgets import controls, downloads, paper_rows, score_tables
from semafo.ui.widgets.figure import show_figure

PAPER, SCIB, OTHER = f"Paper, {PAPER_WEIGHTS:g}", f"scIB, {SCIB_WEIGHTS:g}", "Other"


def weight() -> float:
    """Share of the bio mean in the total: the paper's, scIB's, or any other."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = controls.choice(
            "Weight of biology in the total",
            [PAPER, SCIB, OTHER],
            "weighting",
            help="Total = weight × bio mean + (1 − weight) × batch mean: alike in the paper, biology more in scIB.",
        )
        if picked != OTHER:
            return PAPER_WEIGHTS if picked == PAPER else SCIB_WEIGHTS
        return st.slider("Weight", 0.0, 1.0, PAPER_WEIGHTS, 0.05, key="bio_weight", persist_state="session", width=260)


def show(runs: Sequence[ChosenRun], bio_weight: float, narrow: bool) -> None:
    """The table as a picture, with the paper's rows where the data are the paper's, what it says, and the numbers."""
    rows = score_tables.score_rows(runs, bio_weight)
    if not rows:
        return
    reported = paper_rows.rows(runs, bio_weight)
    show_figure(
        charts.score_table([*rows, *reported], narrow=narrow),
        "scores",
        alt=f"Integration scores of {wording.listed([row.name for row in rows])}: five of biology kept, six of batches "
        "mixed, and their means; sorted by total.",
        caption=caption(runs),
    )
    captions(runs, rows)
    if reported:
        st.caption(paper_rows.NOTE)
    table([*rows, *reported])


def caption(runs: Sequence[ChosenRun]) -> str:
    """Population and n, and how to read the picture."""
    scored = [run.record.integration() for run in runs if run.record.has_scores]
    sizes = sorted({(found.get("population", "cells"), found.get("n_cells", 0)) for found in scored})
    populations = ", ".join(f"{wording.count(n)} {population}" for population, n in sizes)
    return (
        f"On {populations}. Area and strength follow the score; 1 is best. The best of each column is bold, with a "
        "ring: one seed proves nothing about the methods, so read hundredths as ties. BRAS (*) takes no part in the "
        "batch mean. scVI sees no labels; PCA sees neither labels nor batches. A column's title says on hover what it "
        "means."
    )


def captions(runs: Sequence[ChosenRun], rows: Sequence[ScoreRow]) -> None:
    """How scores are approximate, and why some are undefined."""
    scored = [run.record.integration() for run in runs if run.record.has_scores]
    if any(row.scores.get("is_approximate") for row in rows):
        sampled = max(row.scores.get("n_sampled") or 0 for row in rows)
        of = f", on a stratified sample of {wording.cells(int(sampled))}" if sampled else ""
        st.caption(
            inert.markdown(f"So many cells are scored with approximate neighbours{of}; docs/metrics.md has the errors.")
        )
    missing = [metric for metric in METRICS if any(not wording.is_number(row.scores.get(metric.key)) for row in rows)]
    if missing and all(metric.group == BATCH for metric in missing) and {1} == {f.get("n_batches") for f in scored}:
        st.info("These cells are one batch, so the batch scores are undefined (–) and the total is the bio mean alone.")
    elif missing:
        reasons = " ".join(f"{metric.title}: {metric.undefined}" for metric in missing)
        st.caption(inert.markdown(f"Undefined scores (–) are left out of the means. {reasons}"))


def pending(runs: Sequence[ChosenRun]) -> None:
    """Runs whose scores are not there, and why."""
    for run in runs:
        if run.record.has_scores:
            continue
        if run.record.state in (keys.FAILED, keys.CANCELLED):
            st.caption(inert.markdown(f"{run.name}: {wording.STATES[run.record.state].lower()}, so it has no scores."))
        elif run.record.has_maps:
            st.caption(inert.markdown(f"{run.name}: maps are ready, scores are being computed."))
        else:
            st.caption(inert.markdown(f"{run.name}: scores come after training."))


def table(rows: Sequence[ScoreRow]) -> None:
    """The numbers as a table and as a file."""
    frame = score_tables.score_frame(rows)
    with st.expander("As a table", expanded=is_cramped()):
        numbers = frame.select_dtypes("number").columns
        shown = frame.style.format(
            lambda value: wording.score(value), subset=list(frame.columns[1:]), na_rep=wording.UNDEFINED
        )
        hints = {
            metric.title: st.column_config.Column(
                help=inert.markdown(f"{charts.about(metric).replace('<br>', ' ')} {metric.undefined}")
            )
            for metric in METRICS
        }
        st.dataframe(shown if len(numbers) else frame, hide_index=True, column_config=hints, key="score_table")
    downloads.csv_button(frame, "integration-scores")
