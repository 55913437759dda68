"""The tray: the chosen runs that every view shows, in up to six columns of equal settings.

It lives in the session and is mirrored in the URL (`?runs=a,b`), so that a reload or a shared link restores it.
A run whose colour is not the one of its place says so (`?runs=b~2`): it kept it when another run left. Views with a
panel a run show six runs at most: of more, one of each column.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from semafo import keys
from semafo.runs.compare import columns as stacking
from semafo.runs.engine import launch
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import is_run_id
from semafo.runs.library import store
from semafo.settings.run_config import RunConfig
from semafo.ui.charts import colours
from semafo.ui.session.home import all_rows, current_home, newest_first
from semafo.ui.session.linked_choice import LinkedChoice
from semafo.ui.session.run_names import column_names, names_of

TRAY_SIZE = 6  # columns, and panels of a view with a panel a run
MOST_RUNS = 60
URL_KEY = "runs"


@dataclass(frozen=True)
class ChosenRun:
    """A run of the tray with its colour and a name that no other run of the tray has."""

    record: RunRecord
    name: str
    colour: str

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self.record.run_id


@dataclass(frozen=True)
class ChosenColumn:
    """Chosen runs of equal settings but for their seeds: a method.

    shown: the run whose map is drawn.
    """

    runs: tuple[ChosenRun, ...]
    name: str
    shown: ChosenRun

    @property
    def column_id(self) -> str:
        """Id of the first run, which names the column."""
        return self.runs[0].run_id

    @property
    def colour(self) -> str:
        """The first run's."""
        return self.runs[0].colour


def start(configs: Sequence[RunConfig]) -> list[str]:
    """Queue runs and put them into the tray."""
    started = store.submit(current_home(), configs)
    launch.ensure_engine(current_home())
    show(started)
    return started


def _exists(run_id: str) -> bool:
    """Whether there is such a run, and this version can read it."""
    return is_run_id(run_id) and RunRecord(current_home().run(run_id)).is_readable


def run_ids() -> list[str]:
    """Ids of the chosen runs, deleted ones left out."""
    if "tray" not in st.session_state:
        linked = from_link(st.query_params.get(URL_KEY, ""))
        _set_tray([run_id for run_id in linked if _exists(run_id)] or newest_comparison(all_rows()), linked)
    kept = [run_id for run_id in st.session_state["tray"] if _exists(run_id)]
    if kept != st.session_state["tray"]:
        _set_tray(kept)
    return kept


def mirror() -> None:
    """Write the tray into the URL; changing the page empties it."""
    wanted = to_link(run_ids(), st.session_state["tray_slots"])
    if wanted and st.query_params.get(URL_KEY) != wanted:
        st.query_params[URL_KEY] = wanted
    elif not wanted and URL_KEY in st.query_params:
        del st.query_params[URL_KEY]


def show(shown: Iterable[str]) -> None:
    """Make these runs the tray."""
    _set_tray(list(shown))


def add(run_id: str) -> None:
    """Put one more run into the tray; where it makes a column too many, the oldest leaves."""
    others = [other for other in run_ids() if other != run_id]
    stacks = stacking.stacked(_records([*others, run_id]))
    oldest = {record.run_id for record in stacks[0]} if len(stacks) > TRAY_SIZE else set()
    _set_tray([*(other for other in others if other not in oldest), run_id])


def remove(*gone: str) -> None:
    """Take runs out of the tray."""
    _set_tray([other for other in run_ids() if other not in gone])


def all_runs() -> list[ChosenRun]:
    """Every run of the tray, in its order, with names and colours."""
    records = _records(run_ids())
    slots = st.session_state["tray_slots"]
    names = names_of(records)
    return [
        ChosenRun(record, name, colours.of_slot(slots[record.run_id]))
        for record, name in zip(records, names, strict=True)
    ]


def chosen_runs() -> list[ChosenRun]:
    """The runs that have a panel each: all of the tray, or one of each column where they are more than six."""
    runs = all_runs()
    return runs if len(runs) <= TRAY_SIZE else [column.shown for column in columns(runs)]


def columns(runs: Sequence[ChosenRun] | None = None) -> list[ChosenColumn]:
    """The tray in columns, up to six. runs: those of the tray, where they are at hand."""
    return in_columns(all_runs() if runs is None else runs, _shown().get() or ())


def in_columns(runs: Sequence[ChosenRun], shown: Iterable[str] = ()) -> list[ChosenColumn]:
    """Runs of equal settings together. shown: ids of runs whose maps are drawn where they are not the first."""
    by_id, wanted = {run.run_id: run for run in runs}, set(shown)
    stacks = stacking.stacked(run.record for run in runs)
    found = []
    for stack, name in zip(stacks, column_names(stacks), strict=True):
        of_column = tuple(by_id[record.run_id] for record in stack)
        drawn = next((run for run in of_column if run.run_id in wanted), of_column[0])
        found.append(ChosenColumn(of_column, name, drawn))
    return found


def show_of_column(column: ChosenColumn, run_id: str) -> None:
    """Draw the map of another run of a column."""
    others = {run.run_id for run in column.runs}
    kept = [other for other in _shown().get() or () if other not in others]
    _shown().choose((*kept, *([run_id] if run_id != column.column_id else [])) or None)


def _shown() -> LinkedChoice[tuple[str, ...]]:
    """Runs whose maps are drawn where they are not the first of their columns."""
    return LinkedChoice("of_column", ",".join, lambda text: tuple(text.split(",")))


def _records(wanted: Iterable[str]) -> list[RunRecord]:
    return [RunRecord(current_home().run(run_id)) for run_id in wanted]


def newest_comparison(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Runs that were started together with the newest one: scANVI, SemafoVAE, Both, then others, by seed."""
    readable = [row for row in rows if row.get("state") != keys.UNREADABLE]
    if not readable:
        return []
    batch = readable[0].get("batch")
    together = [row for row in readable if row.get("batch") == batch]
    together.sort(key=lambda row: newest_first(row)[1:])
    return [row["run_id"] for row in together][:MOST_RUNS]


def assign_slots(chosen: Sequence[str], old: Mapping[str, int]) -> dict[str, int]:
    """Each run keeps its colour; a new one takes the first that is free."""
    slots = {run_id: old[run_id] for run_id in chosen if run_id in old}
    for run_id in chosen:
        if run_id not in slots:
            slots[run_id] = next(i for i in range(len(chosen) + len(old) + 1) if i not in slots.values())
    return slots


def to_link(chosen: Sequence[str], slots: Mapping[str, int]) -> str:
    """Runs and colours of the tray as a link has them: `a,b`; `b~2,c~3` where their places do not give the colours."""
    return ",".join(
        run_id if slots[run_id] == place else f"{run_id}~{slots[run_id] + 1}" for place, run_id in enumerate(chosen)
    )


def from_link(text: str) -> dict[str, int]:
    """Ids of the runs in a link with their slots: the inverse of `to_link`. No two runs have one slot."""
    slots: dict[str, int] = {}
    asked = [part.partition("~") for part in text.split(",") if part]
    for place, (run_id, _, number) in enumerate(asked):
        slot = int(number) - 1 if number.isdecimal() else place
        if 0 <= slot < TRAY_SIZE and slot not in slots.values():
            slots[run_id] = slot
    return assign_slots([run_id for run_id, _, _ in asked], slots)


def fitting(wanted: Iterable[str]) -> list[str]:
    """Those of the runs that are in the first six columns, in their order."""
    wanted = list(dict.fromkeys(wanted))
    fit = {record.run_id for stack in stacking.stacked(_records(wanted))[:TRAY_SIZE] for record in stack}
    return [run_id for run_id in wanted if run_id in fit][:MOST_RUNS]


def _set_tray(wanted: list[str], slots: Mapping[str, int] | None = None) -> None:
    """Keep as many of these runs as fit, with their colours."""
    chosen, old = fitting(wanted), dict(slots or st.session_state.get("tray_slots", {}))
    ordered = chosen
    if len(chosen) > TRAY_SIZE:  # no two columns have one colour; the other runs of a column have what is left
        firsts = [stack[0].run_id for stack in stacking.stacked(_records(chosen))]
        old = {run_id: old[run_id] for run_id in firsts if old.get(run_id, TRAY_SIZE) < TRAY_SIZE}
        ordered = [*firsts, *(run_id for run_id in chosen if run_id not in firsts)]
    st.session_state["tray"] = chosen
    st.session_state["tray_slots"] = assign_slots(ordered, old)
