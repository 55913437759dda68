"""Runs: everything done so far."""

import streamlit as st

from semafo.ui.runs import disk as run_disk
from semafo.ui.runs import export as run_export
from semafo.ui.runs import run_table
from semafo.ui.runs import search as run_search
from semafo.ui.runs import settings as run_settings
from semafo.ui.shell import page_frame, training_progress
from semafo.ui.start.chosen_or_stop import nothing_chosen
from semafo.ui.widgets import downloads, score_tables

page_frame.title("Runs")
rows = run_table.visible_rows()
if not rows:
    run_table.undo()
    nothing_chosen()
    run_export.import_form()
    run_disk.section()
    st.stop()

found = run_search.found(rows)
selected = run_table.choose(found)
run_table.actions(selected)
if len(selected) == 1:
    run_table.detail(selected[0])
run_settings.comparison(selected)
run_export.show(selected)
training_progress.details()
run_disk.section()
with st.container(horizontal=True, vertical_alignment="center"):
    run_export.import_form()
    downloads.csv_button(score_tables.run_export(found), "runs", "These runs as CSV")
