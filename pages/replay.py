"""Replay: how the latent space forms while the chosen runs are trained."""

import streamlit as st

from semafo.ui import frame, replay
from semafo.ui.map_toggles import hollow_toggle
from semafo.ui.start.chosen_or_stop import chosen_or_stop
from semafo.ui.viewport import is_narrow

frame.title("Replay")
runs = chosen_or_stop()
recorded = replay.recorded(runs)
replay.explain_missing(runs, recorded)
if not recorded:
    st.stop()

hollow = hollow_toggle()
replay.show(recorded, hollow=hollow, narrow=is_narrow())
