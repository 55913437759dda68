"""Annotate: name the cells of a query by a labelled reference."""

import streamlit as st

from semafo.ui.annotate import form as annotate_form
from semafo.ui.annotate import results as annotation_results
from semafo.ui.forms import missing_labels
from semafo.ui.session import dataset, tray
from semafo.ui.shell import page_frame, training_progress
from semafo.ui.shell.errors import attempt
from semafo.ui.widgets import check_findings, controls

page_frame.title("Annotate")
annotate_form.example_button()
form, picture = st.columns([5, 7], gap="large")
with form:
    spec = attempt(annotate_form.choose)
    mixes = annotate_form.mixes()
    trains = attempt(annotate_form.trains) or []
spec = spec and missing_labels.without_chosen(spec)
with picture:
    inspection = attempt(dataset.inspection, spec) if spec else None
    if inspection:
        annotate_form.show_found(inspection)
    else:
        st.caption("Choose a labelled reference and a query. What they have in common is shown here.")
    if spec:
        missing_labels.buttons(spec, inspection.report["no_types"] if inspection else {})

with form:
    if st.button("Annotate", type="primary", disabled=inspection is None or not trains) and spec:
        attempt(tray.start, annotate_form.configs(spec, mixes, trains))
        st.rerun()
training_progress.details()

records = annotation_results.finished()
if not records:
    st.stop()

st.divider()
picker, slider = st.columns([3, 2], gap="large")
with picker:
    record = annotation_results.choose(records)
with slider:
    limit = annotation_results.threshold()
cells = annotation_results.show_types(record, limit)
annotation_results.show_markers(record)
annotation_results.show_table(record, cells)
check_findings.of_runs([record])
annotation_results.file_button(record, limit)
controls.link_to_comparison()
