"""The Runs page's parts: the table, what can be done with the chosen rows, and one run in detail."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.errors import RunNotFound
from semafo.runs.engine import launch
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import store, trash
from semafo.runs.library.rows import rows_of
from semafo.settings.fingerprint import fingerprint
from semafo.ui.runs import disk as run_disk
from semafo.ui.runs import name_tags_notes
from semafo.ui.session import navigation
from semafo.ui.session import tray as session_tray
from semafo.ui.session.home import all_rows, current_home
from semafo.ui.shell.errors import guarded
from semafo.ui.widgets import downloads, score_tables

_MOST_NAMED = 6  # runs, when asked whether to delete them
_SELECTED, _TABLE, _DELETED = "runs_selected", "runs_table_now", "runs_deleted"


def choose(rows: Sequence[Mapping[str, Any]]) -> list[RunRecord]:
    """The table of these runs; returns the selected ones. A run stays selected while a search hides it."""
    run_ids = [row["run_id"] for row in rows]
    key = f"runs_table-{fingerprint(run_ids)[:12]}"  # a selection is of places, so other rows are another table
    table = score_tables.run_table(rows)
    event = st.dataframe(
        table,
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": _first_selected(key, run_ids), "columns": [], "cells": []}},
        hide_index=True,
        height="auto" if len(rows) <= 12 else 460,
        column_config={
            "Name": st.column_config.TextColumn(width=_width(table, "Name")),
            "Tags": st.column_config.TextColumn(width=_width(table, "Tags")),
            "Run": st.column_config.TextColumn(help="Mix, labelled rate and training seed."),
            "Accuracy": st.column_config.TextColumn(help="On the test cells, with its 95 % interval (Wilson)."),
            "n": st.column_config.TextColumn(help="Test cells that were scored."),
            "Labelled": st.column_config.TextColumn(help="Labelled rate that the split reached."),
            "Created": st.column_config.DatetimeColumn(format="D MMM, HH:mm", timezone=st.context.timezone),
            "Size": st.column_config.TextColumn(help="Runs of the same cells share files, which each of them counts."),
        },
    )
    picked = [run_ids[i] for i in event.selection.rows if i < len(run_ids)]
    out_of_sight = [run_id for run_id in st.session_state.get(_SELECTED, ()) if run_id not in run_ids]
    st.session_state[_SELECTED] = [*picked, *out_of_sight]
    return [RunRecord(current_home().run(run_id)) for run_id in picked if current_home().run(run_id).exists()]


def _width(table: pd.DataFrame, column: str) -> int | None:
    """Pixels that a column needs which most rows leave empty: Streamlit looks at the first rows only."""
    if column not in table:
        return None
    return min(240, 20 + 7 * max(map(len, [column, *table[column]])))


def _first_selected(key: str, run_ids: Sequence[str]) -> list[int]:
    """Places that are selected when a table appears: those of the runs that were, wherever they stood."""
    if st.session_state.get(_TABLE, (None,))[0] != key:
        chosen = set(st.session_state.get(_SELECTED, ()))
        st.session_state[_TABLE] = key, [i for i, run_id in enumerate(run_ids) if run_id in chosen]
    return st.session_state[_TABLE][1]


def actions(selected: Sequence[RunRecord]) -> None:
    """What can be done with the selected runs: always in its place, so that selecting moves nothing."""
    run_ids = [record.run_id for record in selected]
    readable = [record for record in selected if record.is_readable]
    shown = session_tray.fitting(record.run_id for record in readable)
    active = [record.run_id for record in selected if record.is_active]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(
            f"Show {wording.counted(len(shown), 'run')}" if shown else "Show", type="primary", disabled=not shown
        ):
            session_tray.show(shown)
            navigation.go_to(navigation.COMPARE_PAGE)
        if readable and len(selected) == 1:
            name_tags_notes.edit_button(readable[0])
        elif readable:
            name_tags_notes.tag_button(readable)
        if active and st.button("Cancel training"):
            _send(store.cancel, active)
            st.toast(f"Cancelling {wording.counted(len(active), 'run')}.")
        if st.button("Delete", disabled=not run_ids):
            _confirm_deletion(selected)
        if not selected:
            undo() or st.caption("Select rows at their left edge.", width="content")


@st.dialog("Delete runs")
def _confirm_deletion(records: Sequence[RunRecord]) -> None:
    run_ids = [record.run_id for record in records]
    st.write(f"Delete {wording.counted(len(run_ids), 'run')} with weights, maps and scores?")
    names = [record.title if record.is_readable else record.run_id for record in records]
    more = [f"and {len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    st.text("\n".join([*names[:_MOST_NAMED], *more]))
    st.caption(f"What is deleted stays in the trash for {trash.kept_days():g} days, and can come back.")
    with st.container(horizontal=True):
        deleted = st.button(
            f"Delete {wording.counted(len(run_ids), 'run')}", type="primary", on_click=_delete, args=(run_ids,)
        )
        kept = st.button("Keep")
    if deleted or kept:
        st.rerun()


@guarded
def _delete(run_ids: Sequence[str]) -> None:
    st.session_state[_DELETED] = list(run_ids), session_tray.run_ids()
    _send(store.delete, run_ids)
    run_disk.hide(run_ids)
    for run_id in run_ids:
        session_tray.remove(run_id)


def undo() -> bool:
    """What was deleted last, and a button that takes it back; False where nothing was."""
    run_ids, _ = st.session_state.get(_DELETED, ((), ()))
    if not run_ids:
        return False
    st.caption(f"{wording.counted(len(run_ids), 'run')} deleted.", width="content")
    st.button("Undo", type="tertiary", icon=":material/undo:", on_click=_undo)
    return True


@guarded
def _undo() -> None:
    """The tray as well is as it was."""
    run_ids, tray = st.session_state.pop(_DELETED)
    run_disk.restore(run_ids)
    session_tray.show(tray)


def _send(request: Any, run_ids: Sequence[str]) -> None:
    """Ask the engine; a run that is gone already needs no asking."""
    for run_id in run_ids:
        try:
            request(current_home(), run_id)
        except RunNotFound:
            continue
    launch.ensure_engine(current_home())


def visible_rows() -> list[dict[str, Any]]:
    """All runs but those whose deletion was asked for and is under way."""
    rows = all_rows()
    hidden = run_disk.hidden()
    return [row for row in rows if row["run_id"] not in hidden]


def detail(record: RunRecord) -> None:
    """One run: why it failed, what to know about its data, its settings, log and files."""
    row = next(rows_of(current_home(), [record.run_id]), None)
    if row is None or row["state"] == keys.UNREADABLE:
        st.subheader(inert.markdown(record.run_id), anchor=False)
        st.warning(inert.markdown(row["reason"] if row else "This run is gone."))
        return
    status = record.status
    st.subheader(inert.markdown(record.title), anchor=False)
    settings = [record.default_title] if record.about.name else []
    st.caption(inert.markdown(" · ".join([*settings, wording.STATES[record.state], record.run_id, str(record.folder)])))
    name_tags_notes.said(record)
    if record.state == keys.FAILED:
        st.error(inert.markdown(status.get("reason") or "The run failed and left no reason. Its log may say more."))
    elif status.get("reason"):
        st.info(inert.markdown(status["reason"]))
    for warning in record.warnings:
        st.warning(inert.markdown(warning))
    seconds = status.get("seconds") or {}
    if seconds:
        times = (f"{wording.STAGES.get(stage, stage)} {wording.duration(value)}" for stage, value in seconds.items())
        st.caption(inert.markdown("Time: " + " · ".join(times)))
    for sentence in wording.courses((record.split() or {}).get("courses", {})):
        st.caption(inert.markdown(sentence))
    if record.has_maps:
        downloads.csv_button(record.cells().reset_index(), f"{record.run_id}-cells", "Cells and predictions (CSV)")
    with st.expander("Settings"):
        st.json(record.settings["config"], expanded=1)
    with st.expander("Log"):
        st.code(record.log()[-20_000:] or "The log is empty.", language=None)
