"""T-SNE on request: a button that offers it, and a line that says how far it is."""

from collections.abc import Sequence

import streamlit as st

from semafo import inert, wording
from semafo.runs.background import tsne
from semafo.ui.session.home import current_home
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.shell.errors import guarded

_LOOK_EVERY_SECONDS = 1.0


def ready(run: ChosenRun) -> bool:
    """Whether the run has a t-SNE."""
    return tsne.has_tsne(run.record)


def button(runs: Sequence[ChosenRun]) -> None:
    """Offer the t-SNE of the runs that have none; while it is computed, say so and draw the page again at the end.

    Nothing is drawn where all runs with maps have one.
    """
    missing = _missing(runs)
    if not missing:
        return
    if _working(missing):
        st.fragment(_wait, run_every=_LOOK_EVERY_SECONDS)(runs)
        return
    for run in missing:
        reason = tsne.why_failed(run.record)
        if reason:
            st.warning(inert.markdown(f"{run.name}: {reason}"))
    busy = bool(tsne.under_way(current_home()))
    seconds = tsne.expected_seconds([artefacts(run.record).n_cells for run in missing])
    whose = "" if len(missing) == len(runs) else f" of {wording.counted(len(missing), 'run')}"
    st.button(
        inert.markdown(f"Compute t-SNE{whose} ({wording.about(seconds)})"),
        key="compute-tsne",
        disabled=busy,
        on_click=_start,
        args=(missing,),
        help=inert.markdown(
            f"{tsne.MOST_CELLS:,} cells at most are laid out, each type with its share.".replace(",", "\u2009")
        ),
    )
    if busy:
        st.caption("Another t-SNE is being computed.")


def _missing(runs: Sequence[ChosenRun]) -> list[ChosenRun]:
    return [run for run in runs if run.record.has_maps and not ready(run)]


def _working(missing: Sequence[ChosenRun]) -> bool:
    folders = set(tsne.under_way(current_home()))
    return any(run.record.folder in folders for run in missing)


@guarded
def _start(missing: Sequence[ChosenRun]) -> None:
    tsne.start_tsne(current_home(), [run.record for run in missing])


@guarded
def _wait(runs: Sequence[ChosenRun]) -> None:
    missing = _missing(runs)
    if not missing or not _working(missing):
        st.rerun(scope="app")
    st.caption(
        inert.markdown(
            f"Computing the t-SNE of {wording.listed([run.name for run in missing])}. It goes on if you leave."
        )
    )
