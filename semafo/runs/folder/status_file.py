"""A run's status as it is to be believed: what the file says, corrected by what the folder holds.

The manifest decides. It is written last and never changed, so a run that has one is done, however its status was lost.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semafo import keys, wording
from semafo.files import read_json
from semafo.plain_values import misfit

_STATES = (keys.QUEUED, keys.RUNNING, keys.DONE, keys.FAILED, keys.CANCELLED)
_NUMBERS = ("created", "started", "finished", "imported", "order", "deaths", "reused_seconds")
NO_MANIFEST = "The manifest of this run is gone, so its files cannot be vouched for. Start it again, or delete it."
DAMAGED = "The status of this run was damaged before it was finished. Start it again, or delete it."


def read(folder: Path) -> dict[str, Any]:
    """`state`, `reason`, `created`, `started`, `finished` and what else the file says, each of its type.

    Without a manifest a run waits where there is no file, and has failed where that is damaged or says that it is done.
    """
    said: dict[str, Any] = read_json(folder / keys.STATUS_FILE, {})
    status = {**said, **_of_right_type(said)}
    try:
        committed = (folder / keys.MANIFEST_FILE).stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return {**status, **_of_unfinished(folder, said)}
    times = {name: status.get(name) or committed for name in ("created", "finished")}  # finished: just not written yet
    return {**status, **times, "state": keys.DONE}


def _says_a_state(status: Mapping[str, Any]) -> bool:
    """Whether a status says one of the states."""
    return isinstance(status.get("state"), str) and status["state"] in _STATES


def _of_unfinished(folder: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    if not _says_a_state(said):
        is_missing = not (folder / keys.STATUS_FILE).exists()
        return {"state": keys.QUEUED} if is_missing else {"state": keys.FAILED, "reason": DAMAGED}
    return {"state": keys.FAILED, "reason": NO_MANIFEST} if said["state"] == keys.DONE else {}


def _of_right_type(said: Mapping[str, Any]) -> dict[str, Any]:
    """Times and numbers are numbers, the reason is text, `seconds` numbers by name; what is not is left out."""
    known: dict[str, Any] = {name: said[name] for name in _NUMBERS if name in said}
    found: dict[str, Any] = {name: value if wording.is_number(value) else None for name, value in known.items()}
    if "reason" in said:
        found["reason"] = said["reason"] if isinstance(said["reason"], str) else None
    if "seconds" in said:
        found["seconds"] = said["seconds"] if misfit(said["seconds"], dict[str, float]) is None else {}
    return found
