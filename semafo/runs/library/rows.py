"""Runs as rows: what a list of runs shows without opening their folders."""

from collections.abc import Iterable, Iterator
from typing import Any

from semafo import keys
from semafo.errors import RunNotFound, SemafoError
from semafo.files import read_json
from semafo.runs.folder import name_tags_notes
from semafo.runs.folder.name_tags_notes import About
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home, is_run_id
from semafo.runs.library.disk_use import size_of

Row = dict[str, Any]
_LONGEST_NAME = 200  # characters of a data set's name that are shown of a run that cannot be read
_DAMAGE = (SemafoError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def row_of(record: RunRecord) -> Row | None:
    """A run as a row; None where the folder is none. One that cannot be read is a row all the same, and says why."""
    try:
        row = {**record.summary(), "title": record.default_title, "batch": record.settings["batch"]}
    except RunNotFound:
        return None
    except _DAMAGE as error:
        row = _unreadable(record, error)
    status = record.status
    times = {name: status.get(name) for name in ("created", "started", "finished")}
    size = {"bytes": size_of(record.folder)}
    return {"reason": status.get("reason"), **times, **row, **size, **_about(record)}


def _unreadable(record: RunRecord, error: Exception) -> Row:
    """What can be said of a run from a newer version, or of one that is damaged."""
    settings = read_json(record.folder / keys.CONFIG_FILE, {})
    config = settings.get("config") if isinstance(settings, dict) else None
    dataset = config.get("dataset") if isinstance(config, dict) else None
    known = dataset if isinstance(dataset, dict) else {}
    said = str(error) if isinstance(error, SemafoError) else f"Its files are damaged ({type(error).__name__}: {error})."
    return {
        **{"kind": "run", "run_id": record.run_id, "state": keys.UNREADABLE, "title": record.run_id},
        **{"dataset": str(known.get("name") or "")[:_LONGEST_NAME], "query": None, "form": "", "batch": None},
        **{"mix": "", "mix_option": ""},
        **{"schedule": "", "seed": 0, "split_seed": 0, "w_scanvi": 0.0, "w_semafo": 0.0, "leak": False, "warnings": []},
        "reason": said,
    }


def rows_of(home: Home, run_ids: Iterable[str]) -> Iterator[Row]:
    """Rows of these runs, read from their folders; what is no run is left out."""
    found = (row_of(RunRecord(home.run(run_id))) for run_id in run_ids)
    return (row for row in found if row is not None)


def names_of(home: Home) -> list[str]:
    """Names of the folders among the runs; drafts, and what somebody put there under no run's name, left out."""
    return sorted(folder.name for folder in home.runs.iterdir() if is_run_id(folder.name))


def brought_up_to_date(home: Home, rows: Iterable[Row]) -> list[Row]:
    """Rows of the index, with what happened to the folders since: gone ones left out, new ones and new names added.

    Costs one look at the folder of all runs and one at each run's `about.json`; files are opened where they changed.
    """
    names = set(names_of(home))
    known = {row["run_id"]: row for row in rows if row["run_id"] in names}
    for run_id, row in known.items():
        if name_tags_notes.stamp(home.run(run_id)) != row.get("about_stamp"):
            known[run_id] = {**row, **_about(RunRecord(home.run(run_id)))}
    return [*known.values(), *rows_of(home, sorted(names - set(known)))]


def _about(record: RunRecord) -> Row:
    """The stamp is read first: a change in between makes the row look old, never new."""
    stamp = name_tags_notes.stamp(record.folder)
    said = About.of(record.folder)
    return {"name": said.name, "tags": list(said.tags), "notes": said.notes, "about_stamp": stamp}
