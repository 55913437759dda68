"""Latent space: how do the models arrange the cells."""

import streamlit as st

from semafo.ui import controls, frame, live, maps, state

frame.title("Latent space")
runs = controls.chosen_or_stop()
ready = [run for run in runs if run.record.has_maps]
narrow = state.is_narrow()
if not ready:
    live.cards(runs, narrow=narrow, tall=True)
    controls.why_nothing(runs)
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    colouring = controls.choice("Colour", maps.COLOURINGS, "colouring")
    shown = controls.choice("Cells", maps.SHOWN, "shown")
    with st.container(width="content", gap="small"):
        hollow = controls.hollow_toggle()
        aligned = controls.align_toggle(ready)
if any(run.record.is_active for run in runs if run not in ready):
    live.cards(runs, narrow=narrow, tall=False)
figure = maps.figure(runs, maps.View(colouring, shown, hollow, aligned, narrow))
st.plotly_chart(figure, key="latent", config=controls.MAP_CHART)
st.caption(controls.map_caption(hollow, ready[0].name if aligned else None))
