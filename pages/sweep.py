"""Sweep: what do labels buy."""

import streamlit as st

from semafo import inert
from semafo.ui.session import dataset, navigation
from semafo.ui.shell import page_frame
from semafo.ui.shell.errors import attempt
from semafo.ui.sweep import form as sweep_form
from semafo.ui.sweep import results as sweep_results

page_frame.title("Sweep")
sweep = sweep_form.choose()
if sweep is not None:
    sweep_results.results(sweep)
    sweep_results.progress(sweep)
    st.stop()

st.caption("Train every mix at several labelled rates, with several seeds, on the same test cells.")
spec = dataset.chosen()
inspection = attempt(dataset.inspection, spec)
if inspection is None:
    st.page_link(navigation.DATA_PAGE, label="Choose other cells")
    st.stop()
with st.container(width=760):
    st.caption(inert.markdown(f"Cells: {dataset.described(spec)}"))
    grid = attempt(sweep_form.grid, spec, inspection)
    if grid is not None:
        attempt(sweep_form.start_button, grid)
