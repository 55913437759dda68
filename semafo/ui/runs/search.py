"""Finding runs: words to look for, and which data set, state, tag and sweep. All of it stands in the URL."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from semafo import wording
from semafo.runs.library import search as run_search
from semafo.runs.sweeps.sweep import is_of_sweep, sweeps
from semafo.ui.session.home import current_home
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.viewport import is_narrow
from semafo.ui.widgets import controls

Row = Mapping[str, Any]


def found(rows: Sequence[Row]) -> list[Row]:
    """The rows that fit what is asked for. Only what would make a difference can be asked for."""
    datasets = {short_dataset(name): name for name in sorted({row["dataset"] for row in rows})}
    states = {wording.STATES.get(name, name): name for name in dict.fromkeys(row["state"] for row in rows)}
    tags = {name: name for name in run_search.tags_of(rows)}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        text = controls.search(
            "Search", "find", "Name, tag, note, mix, data set …", label_visibility="collapsed", width=_width(320)
        )
        asked = {
            "dataset": _one_of("All data sets", datasets, "data", least=2),
            "state": _one_of("All states", states, "in_state", least=2),
            "tag": _one_of("All tags", tags, "tag", least=1),
            "sweep": _one_of("With and without sweeps", _sweeps(rows), "of_sweep", least=1),
        }
        fitting = run_search.search(rows, text, **asked)
        if len(fitting) < len(rows):
            st.caption(f"{wording.count(len(fitting))} of {wording.counted(len(rows), 'run')}", width="content")
    return fitting


def _one_of(everything: str, options: Mapping[str, str], key: str, least: int) -> str | None:
    """What was picked, None for everything."""
    if len(options) < least:
        return None
    picked = controls.pick(everything, [everything, *options], key, label_visibility="collapsed", width=_width(190))
    return None if picked is None else options.get(picked)


def _sweeps(rows: Sequence[Row]) -> dict[str, str]:
    """Ids of the sweeps that have runs, by name; of two of one name the later has its id behind it."""
    with_runs = {row["batch"] for row in rows if is_of_sweep(row.get("batch"))}
    if not with_runs:
        return {}
    named: dict[str, str] = {}
    for sweep in sweeps(current_home()):
        if sweep.sweep_id in with_runs:
            named[sweep.sweep_id if sweep.name in named else sweep.name] = sweep.sweep_id
    return named


def _width(pixels: int) -> int | str:
    return "stretch" if is_narrow() else pixels
