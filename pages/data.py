"""Data: which cells, which labels."""

import streamlit as st

from semafo.ui import controls, data_form, frame, state

first_visit = not state.any_runs()
if first_visit and not st.session_state.get("own_cells"):
    frame.title("See what a few labels do to a latent space")
    controls.greeting()
    st.stop()

frame.title("Data")
controls.preset_buttons(quiet=True)
form, picture = st.columns([5, 7], gap="large")
with form:
    spec = data_form.attempt(data_form.choose)
with picture:
    inspection = data_form.attempt(data_form.inspect, spec) if spec else None
    if inspection:
        data_form.show_report(spec, inspection)
with form:
    if st.button("Use these cells", type="primary", disabled=inspection is None):
        state.use_dataset(spec)
        state.go_to(state.TRAIN_PAGE)
    st.caption(f"Train uses {data_form.described(state.dataset())}.")
