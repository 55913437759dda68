"""Sweep: what do labels buy."""

import streamlit as st

from semafo.ui import frame, sweep_form, sweep_view
from semafo.ui.guard import attempt
from semafo.ui.session import dataset, navigation

frame.title("Sweep")
sweep = sweep_form.choose()
if sweep is not None:
    sweep_view.results(sweep)
    sweep_view.progress(sweep)
    st.stop()

st.caption("Train every mix at several labelled rates, with several seeds, on the same test cells.")
spec = dataset.chosen()
inspection = attempt(dataset.inspection, spec)
if inspection is None:
    st.page_link(navigation.DATA_PAGE, label="Choose other cells")
    st.stop()
with st.container(width=760):
    st.caption(f"Cells: {dataset.described(spec)}")
    grid = attempt(sweep_form.grid, spec, inspection)
    if grid is not None:
        attempt(sweep_form.start_button, grid)
