"""Data: which cells, which labels."""

import streamlit as st

from semafo import inert
from semafo.ui.data import form as data_form
from semafo.ui.data.report import show_report
from semafo.ui.forms import missing_labels
from semafo.ui.session import dataset, navigation
from semafo.ui.session.home import any_runs
from semafo.ui.shell import page_frame
from semafo.ui.shell.errors import attempt
from semafo.ui.start import greeting

first_visit = not any_runs()
if first_visit and not st.session_state.get("own_cells"):
    page_frame.title("See what a few labels do to a latent space")
    greeting.show()
    st.stop()

page_frame.title("Data")
greeting.preset_buttons(quiet=True)
form, picture = st.columns([5, 7], gap="large")
with form:
    spec = attempt(data_form.choose)
spec = spec and missing_labels.without_chosen(spec)
with picture:
    inspection = attempt(dataset.inspection, spec) if spec else None
    if spec and inspection:
        show_report(spec, inspection)
    if spec:
        missing_labels.buttons(spec, inspection.report["no_types"] if inspection else {})
with form:
    if st.button("Use these cells", type="primary", disabled=inspection is None) and spec:
        dataset.choose(spec)
        navigation.go_to(navigation.TRAIN_PAGE)
    st.caption(inert.markdown(f"Train uses {dataset.described(dataset.chosen())}."))
