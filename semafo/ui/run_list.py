"""The Runs page's parts: the table, what can be done with the chosen rows, and one run in detail."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from semafo import keys
from semafo.errors import RunNotFound
from semafo.runs import launch, store
from semafo.runs.record import RunRecord
from semafo.ui import downloads, guard, state, tables, words


def choose(rows: Sequence[dict[str, Any]]) -> list[RunRecord]:
    """The table of all runs; returns the selected ones."""
    event = st.dataframe(
        tables.run_table(rows),
        key="runs_table",
        on_select="rerun",
        selection_mode="multi-row",
        hide_index=True,
        height="auto" if len(rows) <= 12 else 460,
        column_config={
            "Run": st.column_config.TextColumn(width="medium"),
            "Accuracy": st.column_config.TextColumn(help="On the test cells, with its 95 % interval (Wilson)."),
            "n": st.column_config.TextColumn(help="Test cells that were scored."),
            "Labelled": st.column_config.TextColumn(help="Labelled rate that the split reached."),
            "Created": st.column_config.DatetimeColumn(format="D MMM, HH:mm", timezone=st.context.timezone),
        },
    )
    picked = [rows[i]["run_id"] for i in event.selection.rows if i < len(rows)]
    return [RunRecord(state.home().runs / run_id) for run_id in picked if (state.home().runs / run_id).exists()]


def actions(selected: Sequence[RunRecord]) -> None:
    """Show, cancel, delete."""
    if not selected:
        st.caption("Select rows at their left edge to show, cancel or delete runs.")
        return
    run_ids = [record.run_id for record in selected]
    active = [record.run_id for record in selected if record.is_active]
    with st.container(horizontal=True):
        if st.button(f"Show {_runs(len(run_ids[: state.TRAY_SIZE]))}", type="primary"):
            state.show(run_ids)
            state.go_to(state.LATENT_PAGE)
        if st.button("Cancel training", disabled=not active):
            _send(store.cancel, active)
            st.toast(f"Cancelling {_runs(len(active))}.")
        if st.button("Delete"):
            _confirm_deletion(run_ids)


@st.dialog("Delete runs")
def _confirm_deletion(run_ids: Sequence[str]) -> None:
    st.write(f"Delete {_runs(len(run_ids))} with weights, maps and scores? This cannot be undone.")
    with st.container(horizontal=True):
        deleted = st.button(f"Delete {_runs(len(run_ids))}", type="primary", on_click=_delete, args=(run_ids,))
        kept = st.button("Keep")
    if deleted or kept:
        st.rerun()


@guard.guarded
def _delete(run_ids: Sequence[str]) -> None:
    _send(store.delete, run_ids)
    st.session_state["deleting"] = {*st.session_state.get("deleting", ()), *run_ids}
    for run_id in run_ids:
        state.remove(run_id)


def _send(request: Any, run_ids: Sequence[str]) -> None:
    """Ask the engine; a run that is gone already needs no asking."""
    for run_id in run_ids:
        try:
            request(state.home(), run_id)
        except RunNotFound:
            continue
    launch.ensure_engine(state.home())


def visible_rows() -> list[dict[str, Any]]:
    """All runs but those whose deletion was asked for and is under way."""
    rows = state.rows()
    leaving = st.session_state.get("deleting", set()) & {row["run_id"] for row in rows}
    st.session_state["deleting"] = leaving
    return [row for row in rows if row["run_id"] not in leaving]


def detail(record: RunRecord) -> None:
    """One run: why it failed, what to know about its data, its settings, log and files."""
    status = record.status
    st.subheader(record.title, anchor=False)
    st.caption(f"{words.STATES[record.state]} · {record.run_id} · {record.folder}")
    if record.state == keys.FAILED:
        st.error(status.get("reason") or "The run failed and left no reason. Its log may say more.")
    elif status.get("reason"):
        st.info(status["reason"])
    for warning in record.warnings:
        st.warning(warning)
    seconds = status.get("seconds") or {}
    if seconds:
        times = (f"{words.STAGES.get(stage, stage)} {words.duration(value)}" for stage, value in seconds.items())
        st.caption("Time: " + " · ".join(times))
    for sentence in words.courses((record.split() or {}).get("courses", {})):
        st.caption(sentence)
    with st.container(horizontal=True):
        downloads.zip_button(record)
        if record.has_maps:
            downloads.csv_button(record.cells().reset_index(), f"{record.run_id}-cells", "Cells and predictions (CSV)")
    with st.expander("Settings"):
        st.json(record.settings["config"], expanded=1)
    with st.expander("Log"):
        st.code(record.log()[-20_000:] or "The log is empty.", language=None)


def _runs(n: int) -> str:
    return "1 run" if n == 1 else f"{n} runs"
