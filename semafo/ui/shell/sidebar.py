"""The sidebar: the tray of chosen runs, and what is in training."""

from collections import Counter
from typing import Any

import streamlit as st

from semafo import inert, keys, wording
from semafo.ui.charts import colours
from semafo.ui.session import tray
from semafo.ui.session.home import all_rows, any_runs
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.tray import ChosenColumn
from semafo.ui.shell import training_progress

_ADD = "tray_add"
LONGEST_NAME = 90  # characters; whole on hover


def show(page_title: str) -> None:
    """Draw the sidebar of any page."""
    columns = tray.columns()
    if columns or any_runs():
        _tray(columns)
    training_progress.finished_link(page_title)
    training_progress.watch(page_title)


def _tray(columns: list[ChosenColumn]) -> None:
    st.markdown(f"**Chosen runs** · {len(columns)} of {tray.TRAY_SIZE}")
    datasets = {column.shown.record.config.dataset.name for column in columns}
    for column in columns:
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            st.html(_name(column, len(datasets) > 1), width="stretch")
            st.button(
                inert.markdown(f"Remove {column.name}"),  # for screen readers: the styles show the icon alone
                icon=":material/close:",
                key=f"remove-{column.column_id}",
                type="tertiary",
                help=inert.markdown(f"Take {column.name} out of every view"),
                on_click=tray.remove,
                args=[run.run_id for run in column.runs],
            )
    _add({run.run_id for column in columns for run in column.runs})


def _name(column: ChosenColumn, with_dataset: bool) -> inert.Html:
    """A swatch a run, the column's name, and what else must be known of it."""
    record = column.shown.record
    dataset = short_dataset(record.config.dataset.name) if with_dataset else ""
    dataset = "" if dataset in column.name.split(" · ") else dataset  # said already
    settings = record.default_title if record.about.name and len(column.runs) == 1 else ""
    small = " · ".join(part for part in (settings, dataset, _states(column)) if part)
    below = inert.Html(f"<br><small>{inert.html(small)}</small>" if small else "")
    swatches = inert.html(*map(colours.swatch, dict.fromkeys(run.colour for run in column.runs)))
    name = wording.shortened(column.name, LONGEST_NAME)
    return inert.Html(
        f'<div class="semafo-run" title="{inert.html(column.name)}">{inert.html(swatches)} {inert.html(name)}'
        f"{inert.html(below)}</div>"
    )


def _states(column: ChosenColumn) -> str:
    """`training`, of several runs `2 training, 1 waiting`; nothing where all are done."""
    states = Counter(wording.STATES[run.record.state].lower() for run in column.runs if run.record.state != keys.DONE)
    if len(column.runs) == 1:
        return "".join(states)
    return ", ".join(f"{n} {state}" for state, n in states.items())


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
