"""Runs: everything done so far."""

import streamlit as st

from semafo.ui import downloads, frame, live, run_disk, run_export, run_list, run_search, run_settings, tables
from semafo.ui.start.chosen_or_stop import nothing_chosen

frame.title("Runs")
rows = run_list.visible_rows()
if not rows:
    run_list.undo()
    nothing_chosen()
    run_export.import_form()
    run_disk.section()
    st.stop()

found = run_search.found(rows)
selected = run_list.choose(found)
run_list.actions(selected)
if len(selected) == 1:
    run_list.detail(selected[0])
run_settings.comparison(selected)
run_export.show(selected)
live.details()
run_disk.section()
with st.container(horizontal=True, vertical_alignment="center"):
    run_export.import_form()
    downloads.csv_button(tables.run_export(found), "runs", "These runs as CSV")
