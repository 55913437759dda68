"""What a first visitor sees, and the comparisons that start with one button."""

from typing import Literal

import streamlit as st

from semafo.errors import SemafoError
from semafo.ui.session import navigation, tray
from semafo.ui.start import first_comparisons
from semafo.ui.start.first_comparisons import FirstComparison


def show() -> None:
    """What a first visitor sees: one sentence, two buttons, and a way to cells of one's own."""
    with st.container(width=760):
        st.markdown(
            "Hide the labels of some cells, train scANVI and SemafoVAE with the labels that are left, and look at the "
            "outcomes side by side."
        )
        preset_buttons(quiet=False)
        st.button("Or choose cells of your own", type="tertiary", on_click=remember, args=("own_cells",))


def preset_buttons(quiet: bool) -> None:
    """The two comparisons that start with one button."""
    if quiet:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Start a comparison:", width="content")
            for preset in first_comparisons.PRESETS:
                if st.button(preset.label, key=preset.key, help=preset.summary, type="tertiary"):
                    _start(preset)
        return
    for column, preset in zip(st.columns(2, gap="large"), first_comparisons.PRESETS, strict=True):
        kind: Literal["primary", "secondary"] = "primary" if preset is first_comparisons.REAL_CELLS else "secondary"
        if column.button(preset.label, key=preset.key, type=kind, width="stretch"):
            _start(preset)
        column.caption(preset.summary)


def _start(preset: FirstComparison) -> None:
    try:
        with st.spinner("Starting the training"):
            tray.start(preset.configs)
    except SemafoError as error:
        st.error(str(error))
        return
    navigation.go_to(navigation.COMPARE_PAGE)


def remember(key: str) -> None:
    """Set a flag of the session, as a button's callback."""
    st.session_state[key] = True
