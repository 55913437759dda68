"""Latent space: how do the models arrange the cells."""

import streamlit as st

from semafo.ui.latent_space import controls as map_controls
from semafo.ui.latent_space import figure_on_page, selected_cells
from semafo.ui.maps import selection
from semafo.ui.session.viewport import is_narrow
from semafo.ui.shell import page_frame, training_progress
from semafo.ui.start.chosen_or_stop import chosen_or_stop, why_nothing

page_frame.title("Latent space")
runs = chosen_or_stop()
ready = [run for run in runs if run.record.has_maps]
narrow = is_narrow()
if not ready:
    training_progress.cards(runs, narrow=narrow, tall=True)
    why_nothing(runs)
    st.stop()

views = map_controls.views(ready, narrow)
chosen = selection.current()
if any(run.record.is_active for run in runs if run not in ready):
    training_progress.cards(runs, narrow=narrow, tall=False)
figure_on_page.show(runs, views, chosen)
selected_cells.show(chosen, runs, views[0])
