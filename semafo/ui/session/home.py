"""The home whose runs the pages show, and those runs."""

from typing import Any

from semafo import keys
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store


def current_home() -> Home:
    """The home of this process."""
    return Home.default()


def all_rows() -> list[dict[str, Any]]:
    """All runs, newest first; see `store.rows`."""
    return sorted(store.rows(current_home()), key=newest_first)


def newest_first(row: dict[str, Any]) -> tuple:
    """Sorts rows by age; those that were started together by seed and mix."""
    return (-(row.get("created") or 0), row["seed"], row["w_semafo"], row["w_scanvi"], row["run_id"])


def any_runs() -> bool:
    """Whether the home has a run at all."""
    return any(not folder.name.startswith(".") for folder in current_home().runs.iterdir())


def active_runs() -> list[RunRecord]:
    """Runs that wait or work: the working ones first, then by their place in the queue."""
    home = current_home()
    records = [RunRecord(home.run(row["run_id"])) for row in all_rows() if row["state"] in keys.ACTIVE_STATES]
    places = store.queue(home)
    active = [(record.state, record) for record in records if record.state in keys.ACTIVE_STATES]
    order = sorted(active, key=lambda pair: (pair[0] == keys.QUEUED, places.get(pair[1].run_id, {}).get("position", 0)))
    return [record for _, record in order]
