"""Train: hide labels, choose the mix, go."""

import streamlit as st

from semafo.ui import controls, data_form, frame, live, split_form, state, train_form

frame.title("Train")
spec = state.dataset()
inspection = data_form.attempt(data_form.inspect, spec)
if inspection is None:
    st.page_link(state.DATA_PAGE, label="Choose other cells")
    st.stop()

form, picture = st.columns([5, 7], gap="large")
with form:
    st.caption(f"Cells: {data_form.described(spec)}")
    split = data_form.attempt(split_form.split_settings, inspection, spec.name)
    mixes = data_form.attempt(train_form.mixes) or []
    trains = data_form.attempt(train_form.train_settings) or []
with picture:
    fits = split is not None and data_form.attempt(split_form.split_picture, inspection, split)
    if mixes:
        train_form.show_formula(mixes)

configs = train_form.configs(spec, split, mixes, trains) if fits else []
with form:
    if st.button(train_form.button_label(len(configs)), type="primary", disabled=not configs):
        data_form.attempt(state.start, configs)
        st.rerun()
    train_form.cost(inspection, len(configs))
    controls.link_to_maps()
live.details()
