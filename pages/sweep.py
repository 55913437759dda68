"""Sweep: what do labels buy."""

import streamlit as st

from semafo.ui import data_form, frame, state, sweep_form, sweep_view

frame.title("Sweep")
sweep = sweep_form.choose()
if sweep is not None:
    sweep_view.results(sweep)
    sweep_view.progress(sweep)
    st.stop()

st.caption("Train every mix at several labelled rates, with several seeds, on the same test cells.")
spec = state.dataset()
inspection = data_form.attempt(data_form.inspect, spec)
if inspection is None:
    st.page_link(state.DATA_PAGE, label="Choose other cells")
    st.stop()
with st.container(width=760):
    st.caption(f"Cells: {data_form.described(spec)}")
    grid = data_form.attempt(sweep_form.grid, spec, inspection)
    if grid is not None:
        data_form.attempt(sweep_form.start_button, grid)
