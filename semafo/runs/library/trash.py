"""Deleted runs. Their folders lie in the home's trash for some days, as whole as they were.

A folder's name there is the run's id and when it was deleted, so that moving it is one rename: a run is in the trash
or among the runs, never half of it anywhere.
"""

import os
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from semafo import keys
from semafo.errors import RunNotFound
from semafo.runs.home import Home

KEPT_DAYS = 7.0
DAYS_VARIABLE = "SEMAFO_TRASH_DAYS"
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Trashed:
    """A run in the trash: its folder, the run's id, and when it was deleted in seconds since 1970."""

    folder: Path
    run_id: str
    deleted: float

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Read a folder's name."""
        run_id, _, when = folder.name.rpartition("@")
        return cls(folder, run_id, int(when) / 1000)


def kept_days() -> float:
    """Days for which a deleted run is kept: SEMAFO_TRASH_DAYS, or seven."""
    try:
        return max(0.0, float(os.environ[DAYS_VARIABLE]))
    except (KeyError, ValueError):
        return KEPT_DAYS


def contents(home: Home) -> list[Trashed]:
    """What lies in the trash, what was deleted last first."""
    names = [folder for folder in home.trash.iterdir() if folder.name.rpartition("@")[2].isdecimal()]
    return sorted((Trashed.of(folder) for folder in names), key=lambda trashed: -trashed.deleted)


def move_in(home: Home, run_id: str) -> bool:
    """Move a run's folder into the trash; False where there is no such folder."""
    try:
        home.run(run_id).rename(home.trash / f"{run_id}@{time.time_ns() // 1_000_000}")
    except FileNotFoundError:
        return False
    return True


def find(home: Home, run_id: str) -> Trashed:
    """The run of that id, or of the only id that begins so; of one that was deleted twice the later.

    Raises
    ------
    RunNotFound
        No deleted run has that id, or several begin so.
    """
    found = [trashed for trashed in contents(home) if run_id and trashed.run_id.startswith(run_id)]
    exact = [trashed for trashed in found if trashed.run_id == run_id] or found
    ids = {trashed.run_id for trashed in exact}
    if not exact:
        kept = f"Deleted runs are kept for {kept_days():g} days"
        raise RunNotFound(f"There is no run {run_id!r} in the trash. {kept}; `semafo clean` says what is there.")
    if len(ids) > 1:
        raise RunNotFound(f"{run_id!r} fits {len(ids)} deleted runs ({', '.join(sorted(ids))}). Write more of the id.")
    return exact[0]


def restore(home: Home, run_id: str) -> str:
    """Move a run back among the runs; returns its whole id.

    Raises
    ------
    RunNotFound
        It is not in the trash, or a run of the same settings has been started since.
    """
    trashed = find(home, run_id)
    target = home.run(trashed.run_id)
    if (target / keys.CONFIG_FILE).exists():
        raise RunNotFound(
            f"{trashed.run_id} was started again after it was deleted, so the deleted one stays in the trash. Delete "
            "the new one first."
        )
    try:
        trashed.folder.rename(target)
    except FileNotFoundError:
        raise RunNotFound(f"{trashed.run_id} is no longer in the trash: it was emptied meanwhile.") from None
    return trashed.run_id


def remove(trashed: Trashed) -> None:
    """Delete a run for good. It first leaves the list, so that nobody takes back half of it."""
    gone = trashed.folder.with_name(f".{uuid.uuid4().hex[:12]}")
    try:
        trashed.folder.rename(gone)
    except FileNotFoundError:  # restored in this moment
        return
    shutil.rmtree(gone, ignore_errors=True)


def empty(home: Home, older_than_days: float = 0.0) -> int:
    """Delete for good what was deleted so many days ago; returns how many runs. Remains of earlier times go too."""
    for left in home.trash.glob(".*"):
        shutil.rmtree(left, ignore_errors=True)
    latest = time.time() - older_than_days * _DAY_SECONDS
    old = [trashed for trashed in contents(home) if trashed.deleted <= latest]
    for trashed in old:
        remove(trashed)
    return len(old)
