"""What a first visitor sees, and the comparisons that start with one button."""

from typing import Literal

import streamlit as st

from semafo import inert, installation
from semafo.errors import SemafoError
from semafo.runs.engine import launch
from semafo.ui.session import navigation, tray
from semafo.ui.session.home import current_home
from semafo.ui.shell.errors import guarded
from semafo.ui.start import first_comparisons
from semafo.ui.start.first_comparisons import FirstComparison

STEPS = (
    ("1 · Hide labels", "Choose how many cells keep their label. Test cells never show theirs to any model."),
    ("2 · Train", "scANVI, SemafoVAE or any mix of the two. Watch the latent spaces form while they train."),
    ("3 · Compare", "Maps, mistakes and scores of every model side by side, with what the numbers do not tell."),
)
EXAMPLE = "A real comparison, made with the first button: 700 blood cells, 20 % of the labels visible, one seed."


def show() -> None:
    """What a first visitor sees: one sentence, two buttons, a way to cells of one's own, and what will come."""
    with st.container(width=760):
        st.markdown(
            "Hide the labels of some cells, train scANVI and SemafoVAE with the labels that are left, and look at the "
            "outcomes side by side."
        )
        preset_buttons(quiet=False)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Or choose cells of your own", type="tertiary", on_click=remember, args=("own_cells",))
            _loading_line()
    st.divider()
    for column, (title, text) in zip(st.columns(3, gap="large"), STEPS, strict=True):
        column.markdown(inert.Markdown(f"**{inert.markdown(title)}**  \n{inert.markdown(text)}"))
    scheme = "dark" if st.context.theme.type == "dark" else "light"
    st.image(installation.app_folder() / "assets" / f"example-{scheme}.png", caption=EXAMPLE, width="stretch")


def _loading_line() -> None:
    """Whether training can start at once. Looks again every second until it can."""
    loading = launch.is_loading(current_home())
    st.fragment(_say_loading, run_every=1.0 if loading else None)(loading)


@guarded
def _say_loading(was_loading: bool) -> None:
    loading = launch.is_loading(current_home())
    if was_loading and not loading:
        st.rerun()
    st.caption(
        "The training libraries are loading, which takes some seconds. A comparison started now begins after that."
        if loading
        else "Ready to train."
    )


def preset_buttons(quiet: bool) -> None:
    """The two comparisons that start with one button."""
    if quiet:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Start a comparison:", width="content")
            for preset in first_comparisons.PRESETS:
                if st.button(
                    inert.markdown(preset.label), key=preset.key, help=inert.markdown(preset.summary), type="tertiary"
                ):
                    _start(preset)
        return
    for column, preset in zip(st.columns(2, gap="large"), first_comparisons.PRESETS, strict=True):
        kind: Literal["primary", "secondary"] = "primary" if preset is first_comparisons.REAL_CELLS else "secondary"
        if column.button(inert.markdown(preset.label), key=preset.key, type=kind, width="stretch"):
            _start(preset)
        column.caption(inert.markdown(preset.summary))


def _start(preset: FirstComparison) -> None:
    try:
        with st.spinner("Starting the training"):
            tray.start(preset.configs)
    except SemafoError as error:
        st.error(inert.markdown(str(error)))
        return
    navigation.go_to(navigation.COMPARE_PAGE)


def remember(key: str) -> None:
    """Set a flag of the session, as a button's callback."""
    st.session_state[key] = True
