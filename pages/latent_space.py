"""Latent space: how do the models arrange the cells."""

import streamlit as st

from semafo.ui import frame, live, map_controls, map_figure, selected, selection
from semafo.ui.start.chosen_or_stop import chosen_or_stop, why_nothing
from semafo.ui.viewport import is_narrow

frame.title("Latent space")
runs = chosen_or_stop()
ready = [run for run in runs if run.record.has_maps]
narrow = is_narrow()
if not ready:
    live.cards(runs, narrow=narrow, tall=True)
    why_nothing(runs)
    st.stop()

views = map_controls.views(ready, narrow)
chosen = selection.current()
if any(run.record.is_active for run in runs if run not in ready):
    live.cards(runs, narrow=narrow, tall=False)
map_figure.show(runs, views, chosen)
selected.show(chosen, runs, views[0])
