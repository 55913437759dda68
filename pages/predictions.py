"""Predictions: who is right where."""

import streamlit as st

from semafo.ui.predictions import (
    closer_look,
    confusion_matrices,
    disagreement,
    label_scores,
    matrix_cell,
    method_differences,
    run_differences,
)
from semafo.ui.session import presenting
from semafo.ui.session.viewport import is_narrow
from semafo.ui.shell import page_frame, training_progress
from semafo.ui.start.chosen_or_stop import chosen_or_stop, why_nothing
from semafo.ui.widgets import check_findings, controls

page_frame.title("Predictions")
runs = chosen_or_stop()
narrow = is_narrow()
if not any(run.record.has_maps for run in runs):
    training_progress.cards(runs, narrow=narrow, tall=False)
    why_nothing(runs)
    st.stop()

if presenting.is_on():
    disagreement.show(runs, narrow)
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    population = controls.population("prediction_cells")
    by = controls.normalisation()
confusion_matrices.show_panels(runs, population, by, narrow)
matrix_cell.show(runs)
label_scores.show_scores(runs, population)
disagreement.show(runs, narrow)
closer_look.show(runs, population, by, narrow)
run_differences.show(runs, narrow)
method_differences.show(runs, narrow)
check_findings.of_runs(run.record for run in runs)
