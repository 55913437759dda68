"""Predictions: who is right where."""

import streamlit as st

from semafo.ui import closer, comparisons, controls, disagreement, frame, live, matrices, methods, pairing, statistics
from semafo.ui.start.chosen_or_stop import chosen_or_stop, why_nothing
from semafo.ui.viewport import is_narrow

frame.title("Predictions")
runs = chosen_or_stop()
narrow = is_narrow()
if not any(run.record.has_maps for run in runs):
    live.cards(runs, narrow=narrow, tall=False)
    why_nothing(runs)
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    population = controls.population("prediction_cells")
    by = matrices.normalisation()
matrices.show_panels(runs, population, by, narrow)
pairing.show(runs)
statistics.show_scores(runs, population)
disagreement.show(runs, narrow)
closer.show(runs, population, by, narrow)
comparisons.show(runs, narrow)
methods.show(runs, narrow)
