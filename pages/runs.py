"""Runs: everything done so far."""

import streamlit as st

from semafo.ui import controls, downloads, frame, live, run_list, tables

frame.title("Runs")
rows = run_list.visible_rows()
if not rows:
    controls.nothing_chosen()
    st.stop()

selected = run_list.choose(rows)
run_list.actions(selected)
if len(selected) == 1:
    run_list.detail(selected[0])
live.details()
downloads.csv_button(tables.run_export(rows), "runs", "All runs as CSV")
