"""Predictions: who is right where."""

import streamlit as st

from semafo.ui import controls, frame, live, matrices, state

frame.title("Predictions")
runs = state.chosen_runs()
if not runs:
    controls.nothing_chosen()
    st.stop()

narrow = state.is_narrow()
if not any(run.record.has_maps for run in runs):
    live.cards(runs, narrow=narrow, tall=False)
    controls.why_nothing(runs)
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    population = controls.population("prediction_cells")
    by = matrices.normalisation()
matrices.show_panels(runs, population, by, narrow)
matrices.show_scores(runs, population)
matrices.show_difference(runs, population, by, narrow)
