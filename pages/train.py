"""Train: hide labels, choose the mix, go."""

import streamlit as st

from semafo import inert
from semafo.ui.forms.mixes import chosen_mixes
from semafo.ui.forms.training import train_settings
from semafo.ui.session import dataset, navigation, tray
from semafo.ui.session.viewport import is_cramped
from semafo.ui.shell import page_frame, training_progress
from semafo.ui.shell.errors import attempt
from semafo.ui.train import split_form, train_form
from semafo.ui.widgets import check_findings, controls

page_frame.title("Train")
spec = dataset.chosen()
inspection = attempt(dataset.inspection, spec)
if inspection is None:
    st.page_link(navigation.DATA_PAGE, label="Choose other cells")
    st.stop()

form, picture = st.columns([5, 7], gap="large")
with form:
    st.caption(inert.markdown(f"Cells: {dataset.described(spec)}"))
    check_findings.show(inspection.report["warnings"])
    split = attempt(split_form.split_settings, inspection, spec.name)
    mixes = attempt(chosen_mixes) or []
    trains = attempt(train_settings) or []
with picture:
    fits = split is not None and attempt(split_form.split_picture, inspection, split)
with st.container() if is_cramped() else picture:
    if mixes:
        train_form.show_formula(mixes)

configs = train_form.configs(spec, split, mixes, trains) if split and fits else []
with form:
    is_asked = st.button(inert.markdown(train_form.button_label(len(configs))), type="primary", disabled=not configs)
    if is_asked and attempt(tray.start, configs) is not None:
        navigation.go_to(navigation.COMPARE_PAGE)
    train_form.cost(inspection, configs)
    controls.link_to_comparison()
training_progress.details()
