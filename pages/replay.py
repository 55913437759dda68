"""Replay: how the latent space forms while the chosen runs are trained."""

import streamlit as st

from semafo.ui.maps.toggles import hollow_toggle
from semafo.ui.replay import player
from semafo.ui.session.viewport import is_narrow
from semafo.ui.shell import page_frame
from semafo.ui.start.chosen_or_stop import chosen_or_stop

page_frame.title("Replay")
runs = chosen_or_stop()
recorded = player.recorded(runs)
player.explain_missing(runs, recorded)
if not recorded:
    st.stop()

hollow = hollow_toggle()
player.show(recorded, hollow=hollow, narrow=is_narrow())
