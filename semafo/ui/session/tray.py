"""The tray: the chosen runs, up to six, that every view shows.

It lives in the session and is mirrored in the URL (`?runs=a,b`), so that a reload or a shared link restores it.
A run whose colour is not the one of its place says so (`?runs=b~2`): it kept it when another run left.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from semafo import keys
from semafo.runs.engine import launch
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import store
from semafo.settings.run_config import RunConfig
from semafo.ui.charts import colours
from semafo.ui.session.home import all_rows, current_home, newest_first
from semafo.ui.session.run_names import names_of

TRAY_SIZE = 6
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


def start(configs: Sequence[RunConfig]) -> list[str]:
    """Queue runs and put them into the tray."""
    started = store.submit(current_home(), configs)
    launch.ensure_engine(current_home())
    show(started)
    return started


def _exists(run_id: str) -> bool:
    """Whether there is such a run, and this version can read it."""
    return bool(run_id) and RunRecord(current_home().runs / run_id).is_readable


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
    """Put one more run into the tray; where it is full, the oldest leaves."""
    _set_tray([*(other for other in run_ids() if other != run_id), run_id][-TRAY_SIZE:])


def remove(run_id: str) -> None:
    """Take a run out of the tray."""
    _set_tray([other for other in run_ids() if other != run_id])


def chosen_runs() -> list[ChosenRun]:
    """The tray, in its order, with names and colours."""
    records = [RunRecord(current_home().runs / run_id) for run_id in run_ids()]
    slots = st.session_state["tray_slots"]
    names = names_of(records)
    return [
        ChosenRun(record, name, colours.of_slot(slots[record.run_id]))
        for record, name in zip(records, names, strict=True)
    ]


def newest_comparison(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Runs that were started together with the newest one: scANVI, SemafoVAE, Both, then others, by seed."""
    readable = [row for row in rows if row.get("state") != keys.UNREADABLE]
    if not readable:
        return []
    batch = readable[0].get("batch")
    together = [row for row in readable if row.get("batch") == batch]
    together.sort(key=lambda row: newest_first(row)[1:])
    return [row["run_id"] for row in together][:TRAY_SIZE]


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


def _set_tray(wanted: list[str], slots: Mapping[str, int] | None = None) -> None:
    chosen = list(dict.fromkeys(wanted))[:TRAY_SIZE]
    st.session_state["tray"] = chosen
    st.session_state["tray_slots"] = assign_slots(chosen, slots or st.session_state.get("tray_slots", {}))
