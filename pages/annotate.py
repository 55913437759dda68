"""Annotate: name the cells of a query by a labelled reference."""

import streamlit as st

from semafo.ui import annotate_form, annotation, controls, frame, live, state
from semafo.ui.guard import attempt
from semafo.ui.session import dataset

frame.title("Annotate")
annotate_form.example_button()
form, picture = st.columns([5, 7], gap="large")
with form:
    spec = attempt(annotate_form.choose)
    mixes = annotate_form.mixes()
    trains = attempt(annotate_form.trains) or []
with picture:
    inspection = attempt(dataset.inspection, spec) if spec else None
    if inspection:
        annotate_form.show_found(inspection)
    else:
        st.caption("Choose a labelled reference and a query. What they have in common is shown here.")

with form:
    if st.button("Annotate", type="primary", disabled=inspection is None or not trains):
        attempt(state.start, annotate_form.configs(spec, mixes, trains))
        st.rerun()
live.details()

records = annotation.finished()
if not records:
    st.stop()

st.divider()
picker, slider = st.columns([3, 2], gap="large")
with picker:
    record = annotation.choose(records)
with slider:
    limit = annotation.threshold()
cells = annotation.show_types(record, limit)
annotation.show_markers(record)
annotation.show_table(record, cells)
annotation.file_button(record, limit)
controls.link_to_maps()
