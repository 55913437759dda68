"""Replay: how the latent space forms while the chosen runs are trained."""

import streamlit as st

from semafo.ui import controls, frame, replay
from semafo.ui.viewport import is_narrow

frame.title("Replay")
runs = controls.chosen_or_stop()
recorded = replay.recorded(runs)
replay.explain_missing(runs, recorded)
if not recorded:
    st.stop()

hollow = controls.hollow_toggle()
replay.show(recorded, hollow=hollow, narrow=is_narrow())
