"""What moves while runs train: fragments that look again every second, and news of finished runs.

The sidebar's fragment is on every page. It redraws the whole page once a run's state changes or its maps or scores
appear; in between only the fragments move.
"""

import gc
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from semafo import inert, keys, wording
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import store
from semafo.ui import charts
from semafo.ui.charts import colours
from semafo.ui.session import navigation, tray
from semafo.ui.session.home import active_runs, current_home
from semafo.ui.session.tray import ChosenRun
from semafo.ui.session.viewport import is_narrow
from semafo.ui.shell import keep_engine_alive
from semafo.ui.shell.errors import guarded
from semafo.ui.widgets.figure import show_figure

EVERY_SECONDS = 1.0
LOSSES_EVERY_SECONDS = 3.0  # a figure costs a tenth of a second of the processor that trains
IN_SIDEBAR = 3
_SEEN, _NEWS = "live_seen", "live_news"
_ticks: dict[str, int] = {}  # of each page in this process

Signature = dict[str, tuple[str, bool, bool]]


def signature() -> Signature:
    """What a page depends on: state, maps and scores of the active runs and of the tray."""
    records = {record.run_id: record for record in active_runs()}
    records |= {chosen.run_id: chosen.record for chosen in tray.all_runs()}
    return {run_id: (record.state, record.has_maps, record.has_scores) for run_id, record in records.items()}


def ended(before: Mapping[str, tuple], now: Mapping[str, tuple], gone: Mapping[str, str]) -> dict[str, str]:
    """Runs that were active and have ended since, with their state; `gone` gives it for those not in `now`."""
    found = {}
    for run_id, (old, *_) in before.items():
        new = now[run_id][0] if run_id in now else gone.get(run_id)
        if old in keys.ACTIVE_STATES and new is not None and new not in keys.ACTIVE_STATES:
            found[run_id] = new
    return found


def watch(page_title: str) -> None:
    """Show the active runs in short, and redraw the page when one of them changes."""
    st.session_state[_SEEN] = signature()
    st.fragment(_watch, run_every=_pace())(page_title)


def announce() -> None:
    """Tell of the runs that ended since the last drawing, with a link to where the finished ones are compared."""
    news = st.session_state.pop(_NEWS, {})
    for run_id, run_state in news.items():
        record = RunRecord(current_home().run(run_id))
        if not record.folder.exists():
            continue
        if run_state == keys.DONE:
            scores = wording.accuracy(record.predictions().get("test", {}))
            st.toast(f"**{inert.markdown(record.title)}** is done. Accuracy {inert.markdown(scores)}.")
            st.session_state["finished_run"] = run_id
        elif run_state == keys.FAILED:
            st.toast(f"**{inert.markdown(record.title)}** failed. The Runs page says why.", duration="long")


def finished_link(page_title: str) -> None:
    """A link to where the run that finished last is compared, until it was followed."""
    run_id = st.session_state.get("finished_run")
    if run_id is None:
        return
    if page_title == navigation.COMPARE_TITLE or not current_home().run(run_id).exists():
        del st.session_state["finished_run"]
        return
    title = RunRecord(current_home().run(run_id)).title
    st.page_link(navigation.COMPARE_PAGE, label=inert.markdown(f"{title} is done: compare it"))


def cards(chosen: Sequence[ChosenRun], *, narrow: bool, tall: bool) -> None:
    """Progress of the chosen runs that have no map yet, in the places of the panels to come."""
    st.fragment(_cards, run_every=_pace())(chosen, narrow)
    if tall:
        _watch_losses(chosen, narrow, "card_losses")


def details() -> None:
    """All active runs: stage, epoch, time left, loss terms, place in the queue, and a button that cancels."""
    st.fragment(_details, run_every=_pace())()
    _watch_losses(_active(), is_narrow(), "detail_losses")


def _pace() -> float | None:
    return EVERY_SECONDS if active_runs() else None


@guarded
def _watch(page_title: str) -> None:
    _settle(page_title)
    keep_engine_alive.wake()
    before, now = st.session_state.get(_SEEN, {}), signature()
    if before != now:
        missing = [run_id for run_id in before if run_id not in now]
        gone = {run_id: RunRecord(current_home().run(run_id)).state for run_id in missing}
        st.session_state[_NEWS] = ended(before, now, gone)
        st.rerun()
    active = active_runs()
    if not active:
        return
    st.caption("In training")
    keep_engine_alive.say_why_runs_wait()
    queue = store.queue(current_home())
    for record in active[:IN_SIDEBAR]:
        progress = record.progress()
        st.progress(
            fraction(progress), text=inert.markdown(record.title, line(record, progress, queue), between="  \n")
        )
    if len(active) > IN_SIDEBAR:
        st.caption(f"and {len(active) - IN_SIDEBAR} more, see Train")


def _settle(page_title: str) -> None:
    """Take what a page has loaded out of the garbage collector's sight, once a page.

    Streamlit collects all garbage after every drawing, also after each second's drawing of a fragment. With all modules
    in sight that takes 0.1 s of the processor that trains; without, next to nothing.
    """
    _ticks[page_title] = _ticks.get(page_title, 0) + 1
    if _ticks[page_title] == 2:  # the page was drawn once, so all that it needs is loaded
        gc.collect()
        gc.freeze()


@guarded
def _cards(chosen: Sequence[ChosenRun], narrow: bool) -> None:
    waiting = [run for run in chosen if run.record.is_active and not run.record.has_maps]
    queue = store.queue(current_home())
    columns = st.columns(min(3, max(len(waiting), 1)) if not narrow else 1, gap="medium")
    for i, run in enumerate(waiting):
        with columns[i % len(columns)]:
            progress = run.record.progress()
            st.html(f'<div class="semafo-run">{colours.swatch(run.colour)} <b>{inert.html(run.name)}</b></div>')
            st.progress(fraction(progress), text=inert.markdown(line(run.record, progress, queue)))


@guarded
def _details() -> None:
    runs = _active()
    if not runs:
        return
    st.subheader("In training", anchor=False)
    queue = store.queue(current_home())
    for run in runs:
        _detail_row(run, queue)


def _active() -> list[ChosenRun]:
    """Active runs, in the tray's colours where they are in it."""
    looks = {chosen.run_id: chosen.colour for chosen in tray.all_runs()}
    return [ChosenRun(r, r.title, looks.get(r.run_id, colours.NEUTRAL)) for r in active_runs()]


def _detail_row(run: ChosenRun, queue: Mapping[str, dict]) -> None:
    progress = run.record.progress()
    name, bar, button = st.columns([3, 6, 1], vertical_alignment="center")
    name.html(f'<div class="semafo-run">{colours.swatch(run.colour)} <b>{inert.html(run.record.title)}</b></div>')
    bar.progress(fraction(progress), text=inert.markdown(line(run.record, progress, queue)))
    asked = st.session_state.setdefault("asked_to_cancel", set())
    label = "Cancelling" if run.run_id in asked else "Cancel"
    button.button(
        inert.markdown(label),
        key=f"cancel-{run.run_id}",
        disabled=run.run_id in asked,
        width="stretch",
        on_click=_cancel,
        args=(run.run_id,),
    )


@guarded
def _cancel(run_id: str) -> None:
    store.cancel(current_home(), run_id)
    st.session_state["asked_to_cancel"].add(run_id)


def _watch_losses(runs: Sequence[ChosenRun], narrow: bool, key: str) -> None:
    pace = LOSSES_EVERY_SECONDS if any(run.record.is_active for run in runs) else None
    st.fragment(_losses, run_every=pace)(runs, narrow, key)


@guarded
def _losses(runs: Sequence[ChosenRun], narrow: bool, key: str) -> None:
    """Loss terms and diagnostics of the working runs, each in a panel, each run in its colour."""
    histories = {run.name: run.record.history() for run in runs if run.record.state == keys.RUNNING}
    histories = {name: history for name, history in histories.items() if not history.empty}
    if not histories:
        return
    looks = {run.name: run.colour for run in runs}
    show_figure(
        charts.loss_terms(histories, looks, narrow=narrow),
        key,
        alt="Loss terms of the runs in training against the epochs of their current stage, a panel each.",
        caption="Loss terms of the current stage, in nats a cell, against its epochs; then latent scale and label gap, "
        "on labelled training cells. A scale far below 1 (dotted) means that the latent space shrinks.",
        runs=[run for run in runs if run.name in histories],
    )


def fraction(progress: Mapping[str, object]) -> float:
    """How much of a run is done, 0 to 1."""
    value: Any = progress.get("fraction")
    return min(max(float(value), 0.0), 1.0) if wording.is_number(value) else 0.0


def line(record: RunRecord, progress: Mapping[str, object], queue: Mapping[str, dict]) -> str:
    """What the run does now, or what it waits for."""
    if record.state != keys.QUEUED:
        return wording.progress_line(dict(progress))
    place = queue.get(record.run_id, {})
    if place.get("waits_for"):
        return f"Waiting for {place['waits_for'].rstrip('.')}"
    position = place.get("position")
    return "Waiting" if position is None else "Waiting, next" if position == 1 else f"Waiting, number {position}"
