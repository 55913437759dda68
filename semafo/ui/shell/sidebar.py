"""The sidebar: the tray of chosen runs, and what is in training."""

from typing import Any

import streamlit as st

from semafo import wording
from semafo.ui.charts import colours
from semafo.ui.session import tray
from semafo.ui.session.home import all_rows, any_runs
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.tray import ChosenRun
from semafo.ui.shell import training_progress

_ADD = "tray_add"


def show(page_title: str) -> None:
    """Draw the sidebar of any page."""
    runs = tray.chosen_runs()
    if runs or any_runs():
        _tray(runs)
    training_progress.finished_link(page_title)
    training_progress.watch(page_title)


def _tray(runs: list[ChosenRun]) -> None:
    st.markdown(f"**Chosen runs** · {len(runs)} of {tray.TRAY_SIZE}")
    datasets = {run.record.config.dataset.name for run in runs}
    for run in runs:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            st.html(_name(run, len(datasets) > 1), width="stretch")
            st.button(
                f"Remove {run.name}",  # for screen readers: the styles show the icon alone
                icon=":material/close:",
                key=f"remove-{run.run_id}",
                type="tertiary",
                help=f"Take {run.name} out of every view",
                on_click=tray.remove,
                args=(run.run_id,),
            )
    _add({run.run_id for run in runs})


def _name(run: ChosenRun, with_dataset: bool) -> str:
    extra = wording.STATES[run.record.state].lower() if run.record.state != "done" else ""
    dataset = short_dataset(run.record.config.dataset.name) if with_dataset else ""
    dataset = "" if dataset in run.name.split(" · ") else dataset  # said already
    settings = run.record.default_title if run.record.about.name else ""
    small = " · ".join(part for part in (settings, dataset, extra) if part)
    below = f"<br><small>{small}</small>" if small else ""
    return f'<div class="semafo-run">{colours.swatch(run.colour)} {run.name}{below}</div>'


def _add(chosen: set[str]) -> None:
    """A select of all other runs that have or will have results."""
    options = {row["run_id"]: row for row in all_rows() if row["state"] in ("done", "running", "queued")}
    options = {run_id: row for run_id, row in options.items() if run_id not in chosen}
    if not options:
        return
    st.selectbox(
        "Add a run",
        list(options),
        index=None,
        key=_ADD,
        placeholder="Add a run",
        label_visibility="collapsed",
        format_func=lambda run_id: _option(options.get(run_id, {})),
        on_change=_added,
    )


def _option(row: dict[str, Any]) -> str:
    if not row:
        return ""
    settings = f"{row['title']} · {short_dataset(row['dataset'])}, {wording.FORMS.get(row['form'], row['form'])}"
    return f"{row['name']} · {settings}" if row.get("name") else settings


def _added() -> None:
    run_id = st.session_state[_ADD]
    st.session_state[_ADD] = None
    if run_id:
        tray.add(run_id)
