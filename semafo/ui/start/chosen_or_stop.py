"""The chosen runs of a results page, or what it says without any."""

from collections.abc import Sequence

import streamlit as st

from semafo import inert, keys, wording
from semafo.runs.compare.schedules import schedule_notes
from semafo.ui.session import navigation, tray
from semafo.ui.session.home import any_runs
from semafo.ui.session.tray import ChosenRun
from semafo.ui.start import greeting


def chosen_or_stop() -> list[ChosenRun]:
    """The chosen runs; without any, say how to choose some and draw no more of the page."""
    runs = tray.chosen_runs()
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
            st.warning(inert.markdown(f"{wording.listed([run.name for run in chosen])}. {note}"))
    of_schedules = schedule_notes([run.record for run in runs], [run.name for run in runs])
    if of_schedules:
        st.warning(inert.markdown(*of_schedules))


def nothing_chosen() -> None:
    """What a results page says without a run."""
    if any_runs():
        st.info("No run is chosen. Add up to six in the sidebar, or choose them on the Runs page.")
        st.page_link(navigation.RUNS_PAGE, label="Choose runs")
    else:
        st.info("There are no runs yet. Start a comparison with one button:")
        greeting.preset_buttons(quiet=False)


def why_nothing(runs: Sequence[ChosenRun]) -> None:
    """For runs that will never have a map: what happened to them."""
    for run in runs:
        if run.record.state == keys.FAILED:
            st.error(inert.markdown(f"{run.name} failed. {run.record.status.get('reason') or 'Its log may say why.'}"))
        elif run.record.state == keys.CANCELLED:
            st.info(inert.markdown(f"{run.name} was cancelled before its map was ready."))
