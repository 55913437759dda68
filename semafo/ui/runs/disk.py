"""What the runs take on disk, what could go, and what was deleted and can come back."""

import time
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from semafo import inert, wording
from semafo.errors import RunNotFound
from semafo.runs.engine import launch
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import cleanup, disk_use, store, trash
from semafo.runs.library.cleanup import Item
from semafo.ui.session.home import current_home
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.viewport import is_narrow
from semafo.ui.shell.errors import guarded

_PARTS = {
    disk_use.RUNS: "Runs",
    disk_use.TRASH: "Deleted runs",
    disk_use.CACHE: "Shared stages",
    disk_use.UPLOADS: "Uploads",
    disk_use.EXPORTS: "Exported files",
    disk_use.CHECKS: "Reports of data sets",
    disk_use.SWEEPS: "Sweeps",
}
_KINDS = {
    cleanup.TRASH: ("Deleted runs, for good", "They cannot come back."),
    cleanup.FAILED: ("Failed and cancelled runs", "They go to the trash, from which they can come back."),
    cleanup.CACHE: ("Shared stages that no run needs", "Left by deleted runs; trained again when a run needs them."),
    cleanup.UPLOADS: ("Uploads that no run refers to", "Data sets that came in through a page before yesterday."),
    cleanup.EXPORTS: ("Exported files", "They can be written again."),
}
_PLAN, _LEAVING = "cleanup_plan", "runs_leaving"
_LEAVING_SECONDS = 10.0  # in which an engine stops a run and moves it; a run that is still there then is shown again


def section() -> None:
    """One line that says what the home takes; within it the parts, the trash, and the way to clean up."""
    parts = [part for part in disk_use.last_measured(current_home()) if part.n]
    deleted = trash.contents(current_home())
    if not parts and not deleted:
        return
    total = f" · {wording.size(sum(part.n_bytes for part in parts))}" if parts else ""
    with st.expander(inert.markdown(f"Disk{total}")):
        if parts:
            st.dataframe(_table(parts), key="disk", hide_index=True, width=440)
            st.caption(f"Measured {wording.duration(disk_use.seconds_since_measured(current_home()))} ago.")
        if deleted:
            _trash(deleted)
        if st.button("Clean up", icon=":material/delete_sweep:"):
            st.session_state[_PLAN] = cleanup.plan(current_home())
            _clean_up()


def _table(parts: Sequence[disk_use.Part]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Part": [_PARTS[part.name] for part in parts],
            "Number": [part.n for part in parts],
            "Size": [wording.size(part.n_bytes) for part in parts],
        }
    )


def _trash(deleted: Sequence[trash.Trashed]) -> None:
    """The deleted runs, and a button that brings some back."""
    titles = {one.run_id: _title(one) for one in reversed(deleted)}  # of one deleted twice the later
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.multiselect(
            f"Deleted runs, kept for {trash.kept_days():g} days",
            list(titles)[::-1],
            key="to_restore",
            format_func=lambda run_id: titles.get(run_id, run_id),
            placeholder="Choose runs to bring back",
            width="stretch" if is_narrow() else 560,
        )
        st.button("Bring back", on_click=_restore_chosen)


def _title(one: trash.Trashed) -> str:
    record = RunRecord(one.folder)
    return f"{record.title} · {short_dataset(record.config.dataset.name)}" if record.is_readable else one.run_id


@guarded
def _restore_chosen() -> None:
    restore(st.session_state.get("to_restore", []))
    st.session_state["to_restore"] = []


def restore(run_ids: Sequence[str]) -> None:
    """Take back deletions; what cannot come back says why."""
    for run_id in run_ids:
        try:
            store.restore(current_home(), run_id)
        except RunNotFound as error:
            st.toast(inert.markdown(str(error)))
    for run_id in run_ids:
        st.session_state.get(_LEAVING, {}).pop(run_id, None)


def hide(run_ids: Sequence[str]) -> None:
    """Leave these out of lists until the engine has taken them away."""
    st.session_state.setdefault(_LEAVING, {}).update(dict.fromkeys(run_ids, time.monotonic()))


def hidden() -> set[str]:
    """Ids of the runs that were hidden a moment ago."""
    asked = st.session_state.get(_LEAVING, {})
    return {run_id for run_id, when in asked.items() if time.monotonic() - when < _LEAVING_SECONDS}


@st.dialog("Clean up")
@guarded
def _clean_up() -> None:
    """What could go, by kind, each thing by name; a button that lets the ticked kinds go."""
    items: list[Item] = st.session_state.get(_PLAN, [])
    stays = cleanup.why_stages_stay(current_home())
    if stays:
        st.caption(inert.markdown(stays))
    if not items:
        st.write("There is nothing to clean up.")
        return
    ticked = [kind for kind in cleanup.KINDS if _kind(kind, [item for item in items if item.kind == kind])]
    going = [item for item in items if item.kind in ticked]
    n_bytes = cleanup.freed(going)
    label = f"Clean up {wording.size(n_bytes)}" if n_bytes else "Clean up"
    if st.button(
        inert.markdown(label), type="primary", key="clean_now", disabled=not going, on_click=_let_go, args=(going,)
    ):
        st.rerun()


@guarded
def _let_go(items: Sequence[Item]) -> None:
    cleanup.request(current_home(), items)
    launch.ensure_engine(current_home())
    hide([item.name for item in items if item.kind == cleanup.FAILED])
    st.toast(f"Cleaning up {wording.counted(len(items), 'thing')}.")


def _kind(kind: str, items: Sequence[Item]) -> bool:
    """A kind with its number and size, what exactly would go, and whether it is ticked."""
    if not items:
        return False
    title, help_text = _KINDS[kind]
    size = wording.size(sum(item.n_bytes for item in items))
    picked = st.checkbox(
        inert.markdown(f"{title} ({len(items)}, {size})"), key=f"clean_{kind}", help=inert.markdown(help_text)
    )
    if picked:
        table = {"What": [item.title for item in items], "Size": [wording.size(item.n_bytes) for item in items]}
        st.dataframe(pd.DataFrame(table), key=f"cleaning_{kind}", hide_index=True, height="auto")
    return picked
