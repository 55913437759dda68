"""Small controls that several pages share."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from semafo import keys, wording
from semafo.errors import SemafoError
from semafo.ui import alignment, presets, state
from semafo.ui.presets import Preset
from semafo.ui.state import ChosenRun

Option = TypeVar("Option")

QUIET_CHART = {"displayModeBar": False, "responsive": True}
MAP_CHART = {
    "displaylogo": False,
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
}


def greeting() -> None:
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
            for preset in presets.PRESETS:
                if st.button(preset.label, key=preset.key, help=preset.summary, type="tertiary"):
                    _start(preset)
        return
    for column, preset in zip(st.columns(2, gap="large"), presets.PRESETS, strict=True):
        kind = "primary" if preset is presets.REAL_CELLS else "secondary"
        if column.button(preset.label, key=preset.key, type=kind, width="stretch"):
            _start(preset)
        column.caption(preset.summary)


def _start(preset: Preset) -> None:
    try:
        with st.spinner("Starting the training"):
            state.start(preset.configs)
    except SemafoError as error:
        st.error(str(error))
        return
    state.go_to(state.LATENT_PAGE)


def choice(
    label: str,
    options: Sequence[str],
    key: str,
    help: str | None = None,
    *,
    default: str | None = None,
    **kwargs: Any,
) -> str:
    """One of a few named options; the first unless `default` is given.

    The value stays for the session and stands in the URL as `?key=option`, so that a copied link opens the same view.
    The default and what is not an option are left out of the URL; another page's choices are as well.
    """
    first = options[0] if default is None else default
    picked = st.segmented_control(
        label,
        options,
        default=first,
        required=True,
        key=key,
        help=help,
        bind="query-params",
        persist_state="session",
        **kwargs,
    )
    return picked if picked in options else first


def pick(
    label: str,
    options: Sequence[Option],
    key: str,
    help: str | None = None,
    *,
    default: Option | None = None,
    format_func: Callable[[Option], str] = str,
    **kwargs: Any,
) -> Option | None:
    """One of many options from a select that can be searched; kept and linked as a `choice` is.

    The URL has what `format_func` makes of the option. None where there is no option.
    """
    options = list(options)
    index = options.index(default) if default in options else 0
    return st.selectbox(
        label,
        options,
        index if options else None,
        format_func,
        key,
        help,
        bind="query-params",
        persist_state="session",
        **kwargs,
    )


def search(label: str, key: str, placeholder: str, **kwargs: Any) -> str:
    """Words to look for; kept and linked as a `choice` is."""
    text = st.text_input(
        label, key=key, type="search", placeholder=placeholder, bind="query-params", persist_state="session", **kwargs
    )
    return text or ""


def switch(label: str, key: str, default: bool = False, help: str | None = None, **kwargs: Any) -> bool:
    """Yes or no; kept and linked as a `choice` is."""
    return st.toggle(label, default, key, help, bind="query-params", persist_state="session", **kwargs)


def population(key: str) -> str:
    """Which cells scores and matrices are on: the test cells unless asked otherwise. `test` or `query`."""
    picked = choice(
        "Cells",
        ["Test cells", "Whole query"],
        key,
        help="Test cells: no model saw their labels at any rate. Whole query: as the paper scores, with labelled cells "
        "among them, for comparison only.",
    )
    return "test" if picked == "Test cells" else "query"


def chosen_or_stop() -> list[ChosenRun]:
    """The chosen runs; without any, say how to choose some and draw no more of the page."""
    runs = state.chosen_runs()
    if not runs:
        nothing_chosen()
        st.stop()
    notes(runs)
    return runs


def notes(runs: Sequence[ChosenRun]) -> None:
    """What must be known before any score of these runs is read."""
    for chosen, note in (
        ([run for run in runs if run.record.config.split.leak], wording.LEAK_NOTE),
        ([run for run in runs if run.record.config.split.reference_only], wording.REFERENCE_NOTE),
    ):
        if chosen:
            st.warning(f"{wording.listed([run.name for run in chosen])}. {note}")


def nothing_chosen() -> None:
    """What a results page says without a run."""
    if state.any_runs():
        st.info("No run is chosen. Add up to six in the sidebar, or choose them on the Runs page.")
        st.page_link(state.RUNS_PAGE, label="Choose runs")
    else:
        st.info("There are no runs yet. Start a comparison with one button:")
        preset_buttons(quiet=False)


def why_nothing(runs: Sequence[ChosenRun]) -> None:
    """For runs that will never have a map: what happened to them."""
    for run in runs:
        if run.record.state == keys.FAILED:
            st.error(f"{run.name} failed. {run.record.status.get('reason') or 'Its log may say why.'}")
        elif run.record.state == keys.CANCELLED:
            st.info(f"{run.name} was cancelled before its map was ready.")


def hollow_toggle() -> bool:
    """Whether cells whose label the model did not see are drawn as rings."""
    return switch(
        "Rings for hidden labels",
        "hollow",
        help="Cells whose label the model did not see (hidden and test cells) are rings, labelled ones filled.",
    )


def align_toggle(runs: Sequence[ChosenRun]) -> bool:
    """Whether all maps are brought onto the first one's; offered where they share cells, on where they share all."""
    if not alignment.can_align(runs):
        return False
    same = alignment.hold_the_same_cells(runs)
    return switch(
        "Align maps",
        "align" if same else "align_some",
        same,
        help="Turn, mirror, scale and move each map as a whole, so that the cells that it shares with the first map "
        "come closest to their places there. Distances within a map keep their proportions.",
    )


def link_to_maps() -> None:
    """From training to the maps."""
    if state.tray():
        st.page_link(state.LATENT_PAGE, label="See the chosen runs in the latent space")


def remember(key: str) -> None:
    """Set a flag of the session, as a button's callback."""
    st.session_state[key] = True
