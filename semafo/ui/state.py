"""What a session remembers: the home, the tray of chosen runs, the chosen data set.

The tray lives in the session and is mirrored in the URL (`?runs=a,b`), so that a reload or a shared link restores it.
A run whose colour is not the one of its place says so (`?runs=b~2`): it kept it when another run left.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from semafo import keys
from semafo.data import catalogue
from semafo.runs.background import preflight
from semafo.runs.engine import launch
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.settings.run_config import DatasetSpec, RunConfig
from semafo.ui.charts import colours
from semafo.ui.run_names import names_of

TRAY_SIZE = 6
URL_KEY = "runs"
LATENT_PAGE, TRAIN_PAGE, DATA_PAGE, RUNS_PAGE = (
    f"pages/{name}.py" for name in ("latent_space", "train", "data", "runs")
)

LATENT_TITLE = "Latent space"


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


def home() -> Home:
    """The home of this process."""
    return Home.default()


def start(configs: Sequence[RunConfig]) -> list[str]:
    """Queue runs and put them into the tray."""
    run_ids = store.submit(home(), configs)
    launch.ensure_engine(home())
    show(run_ids)
    return run_ids


def go_to(page: str) -> None:
    """Leave for another page; tray and selection follow, what this page's widgets put into the URL stays behind."""
    st.switch_page(page, query_params={})  # without them Streamlit refuses to clear what bound widgets wrote


# --- Runs -------------------------------------------------------------------------------------------------------------


def rows() -> list[dict[str, Any]]:
    """All runs, newest first; see `store.rows`."""
    return sorted(store.rows(home()), key=_newest_first)


def _newest_first(row: dict[str, Any]) -> tuple:
    return (-(row.get("created") or 0), row["seed"], row["w_semafo"], row["w_scanvi"], row["run_id"])


def any_runs() -> bool:
    """Whether the home has a run at all."""
    return any(not folder.name.startswith(".") for folder in home().runs.iterdir())


def active_runs() -> list[RunRecord]:
    """Runs that wait or work: the working ones first, then by their place in the queue."""
    records = [RunRecord(home().runs / row["run_id"]) for row in rows() if row["state"] in keys.ACTIVE_STATES]
    places = store.queue(home())
    active = [(record.state, record) for record in records if record.state in keys.ACTIVE_STATES]
    order = sorted(active, key=lambda pair: (pair[0] == keys.QUEUED, places.get(pair[1].run_id, {}).get("position", 0)))
    return [record for _, record in order]


def _exists(run_id: str) -> bool:
    """Whether there is such a run, and this version can read it."""
    return bool(run_id) and RunRecord(home().runs / run_id).is_readable


# --- Tray -------------------------------------------------------------------------------------------------------------


def tray() -> list[str]:
    """Ids of the chosen runs, deleted ones left out."""
    if "tray" not in st.session_state:
        linked = from_link(st.query_params.get(URL_KEY, ""))
        _set_tray([run_id for run_id in linked if _exists(run_id)] or newest_comparison(rows()), linked)
    kept = [run_id for run_id in st.session_state["tray"] if _exists(run_id)]
    if kept != st.session_state["tray"]:
        _set_tray(kept)
    return kept


def mirror_tray() -> None:
    """Write the tray into the URL; changing the page empties it."""
    wanted = to_link(tray(), st.session_state["tray_slots"])
    if wanted and st.query_params.get(URL_KEY) != wanted:
        st.query_params[URL_KEY] = wanted
    elif not wanted and URL_KEY in st.query_params:
        del st.query_params[URL_KEY]


def show(run_ids: Iterable[str]) -> None:
    """Make these runs the tray."""
    _set_tray(list(run_ids))


def add(run_id: str) -> None:
    """Put one more run into the tray; where it is full, the oldest leaves."""
    _set_tray([*(other for other in tray() if other != run_id), run_id][-TRAY_SIZE:])


def remove(run_id: str) -> None:
    """Take a run out of the tray."""
    _set_tray([other for other in tray() if other != run_id])


def chosen_runs() -> list[ChosenRun]:
    """The tray, in its order, with names and colours."""
    run_ids = tray()
    slots = st.session_state["tray_slots"]
    records = [RunRecord(home().runs / run_id) for run_id in run_ids]
    names = names_of(records)
    return [
        ChosenRun(record, name, colours.of_slot(slots[record.run_id]))
        for record, name in zip(records, names, strict=True)
    ]


def newest_comparison(all_rows: Sequence[dict[str, Any]]) -> list[str]:
    """Runs that were started together with the newest one: scANVI, SemafoVAE, Both, then others, by seed."""
    readable = [row for row in all_rows if row.get("state") != keys.UNREADABLE]
    if not readable:
        return []
    batch = readable[0].get("batch")
    together = [row for row in readable if row.get("batch") == batch]
    together.sort(key=lambda row: _newest_first(row)[1:])
    return [row["run_id"] for row in together][:TRAY_SIZE]


def assign_slots(run_ids: Sequence[str], old: Mapping[str, int]) -> dict[str, int]:
    """Each run keeps its colour; a new one takes the first that is free."""
    slots = {run_id: old[run_id] for run_id in run_ids if run_id in old}
    for run_id in run_ids:
        if run_id not in slots:
            slots[run_id] = next(i for i in range(len(run_ids) + len(old) + 1) if i not in slots.values())
    return slots


def to_link(run_ids: Sequence[str], slots: Mapping[str, int]) -> str:
    """Runs and colours of the tray as a link has them: `a,b`; `b~2,c~3` where their places do not give the colours."""
    return ",".join(
        run_id if slots[run_id] == place else f"{run_id}~{slots[run_id] + 1}" for place, run_id in enumerate(run_ids)
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


def _set_tray(run_ids: list[str], slots: Mapping[str, int] | None = None) -> None:
    run_ids = list(dict.fromkeys(run_ids))[:TRAY_SIZE]
    st.session_state["tray"] = run_ids
    st.session_state["tray_slots"] = assign_slots(run_ids, slots or st.session_state.get("tray_slots", {}))


# --- Data set ---------------------------------------------------------------------------------------------------------


def dataset() -> DatasetSpec:
    """The cells that Train uses."""
    return st.session_state.get("dataset", DatasetSpec())


def use_dataset(spec: DatasetSpec) -> None:
    """Make these the cells that Train uses."""
    st.session_state["dataset"] = spec


def inspection(spec: DatasetSpec) -> preflight.Inspection:
    """The preflight of a data set, from a process of its own; read once a process. Raises DataError."""
    spec = catalogue.resolve(
        replace(spec, n_hvg=DatasetSpec.n_hvg)
    )  # the number of genes to keep changes nothing in it
    columns = (spec.name, spec.label_key, spec.batch_key, spec.counts, spec.query, spec.min_overlap)
    return _inspection(str(home().path), columns, catalogue.content_fingerprint(spec), spec)


@st.cache_resource(max_entries=8, show_spinner=False)
def _inspection(home_path: str, columns: tuple, content: str, _spec: DatasetSpec) -> preflight.Inspection:
    return preflight.inspect(Home.at(home_path), _spec)
