"""The folder in which everything is kept: SEMAFO_HOME, by default ~/.semafo."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from semafo.errors import RunNotFound, SettingsError

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


def is_run_id(text: object) -> bool:
    """Whether this can be a run's id: a plain name, which leads nowhere but into the folder of the runs."""
    return isinstance(text, str) and _RUN_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class Home:
    """Paths of a home. Nothing here reads or writes but `create`."""

    path: Path

    @classmethod
    def default(cls) -> Self:
        """The home named by SEMAFO_HOME, or ~/.semafo."""
        return cls.at(os.environ.get("SEMAFO_HOME") or Path.home() / ".semafo")

    @classmethod
    def at(cls, path: str | Path) -> Self:
        """The home at `path`, made where missing and readable by its owner only."""
        home = cls(Path(path).expanduser().resolve())
        home.create()
        return home

    def create(self) -> None:
        """Make the folders that are missing."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in (
                *(self.runs, self.trash, self.sweeps, self.cache, self.uploads),
                *(self.checks, self.inbox, self.engine, self.exports),
            ):
                folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise SettingsError(
                f"The home {self.path} cannot be used ({error.strerror}). Set SEMAFO_HOME, or --home, to a folder that "
                "you can write to."
            ) from None

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.path / "runs"

    def run(self, run_id: str) -> Path:
        """A run's folder, there or not. Raises RunNotFound for what can be no run's id, such as a path."""
        if not is_run_id(run_id):
            raise RunNotFound(
                f"There is no run {str(run_id)[:80]!r}: an id is a name of letters, digits, dots and dashes. "
                "`semafo runs` lists the runs of this home."
            )
        return self.runs / run_id

    @property
    def trash(self) -> Path:
        """Deleted runs, for some days."""
        return self.path / "trash"

    @property
    def sweeps(self) -> Path:
        """One folder a sweep: which runs it asked for."""
        return self.path / "sweeps"

    @property
    def cache(self) -> Path:
        """Stages that several runs share; may be deleted while no engine works."""
        return self.path / "cache"

    @property
    def uploads(self) -> Path:
        """Data sets that came in through a page."""
        return self.path / "uploads"

    @property
    def checks(self) -> Path:
        """Preflight reports, by content of the data set."""
        return self.path / "checks"

    @property
    def exports(self) -> Path:
        """Files that pages had written for people to take away; may be deleted at any time."""
        return self.path / "exports"

    @property
    def inbox(self) -> Path:
        """Requests to the engine, one file each."""
        return self.path / "inbox"

    @property
    def engine(self) -> Path:
        """The engine's lock, address, keys and log."""
        return self.path / "engine"

    @property
    def lock(self) -> Path:
        """Locked by the engine as long as it lives."""
        return self.engine / "lock"

    @property
    def engine_file(self) -> Path:
        """Process id of the engine and of its workers."""
        return self.engine / "engine.json"

    @property
    def queue_file(self) -> Path:
        """Order of the queue, and what each run waits for."""
        return self.engine / "queue.json"

    @property
    def disk_file(self) -> Path:
        """What the home takes on disk, as the engine last measured it."""
        return self.engine / "disk.json"

    @property
    def index(self) -> Path:
        """SQLite index of the runs, written by the engine only."""
        return self.path / "index.sqlite"
