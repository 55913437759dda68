"""Latent space: how do the models arrange the cells."""

import streamlit as st

from semafo.ui import charts, controls, frame, live, state, views

frame.title("Latent space")
runs = controls.chosen_or_stop()
ready = [run for run in runs if run.record.has_maps]
narrow = state.is_narrow()
if not ready:
    live.cards(runs, narrow=narrow, tall=True)
    controls.why_nothing(runs)
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    colouring = controls.choice("Colour", views.COLOURINGS, "colouring")
    shown = controls.choice("Cells", views.SHOWN, "shown")
    hollow = controls.hollow_toggle()
if any(run.record.is_active for run in runs if run not in ready):
    live.cards(runs, narrow=narrow, tall=False)
panels, looks = views.panels(runs, colouring, shown, hollow)
st.plotly_chart(charts.latent_panels(panels, looks, narrow=narrow), key="latent", config=controls.MAP_CHART)
st.caption(controls.map_caption(hollow))
