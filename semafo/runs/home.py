"""The folder in which everything is kept: SEMAFO_HOME, by default ~/.semafo."""

import logging
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from semafo.errors import EngineError, RunNotFound, SettingsError

_OTHERS = 0o077  # what group and others may
_logger = logging.getLogger(__name__)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


def is_run_id(text: object) -> bool:
    """Whether this can be a run's id: a plain name, which leads nowhere but into the folder of the runs."""
    return isinstance(text, str) and _RUN_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class Home:
    """Paths of a home. Nothing here reads or writes but `create` and `close_to_others`."""

    path: Path

    @classmethod
    def default(cls) -> Self:
        """The home named by SEMAFO_HOME, or ~/.semafo."""
        return cls.at(cls.path_of(None))

    @staticmethod
    def path_of(given: str | Path | None) -> Path:
        """Where the home is that was given, else that of SEMAFO_HOME, else ~/.semafo; there or not."""
        return Path(given or os.environ.get("SEMAFO_HOME") or Path.home() / ".semafo").expanduser().resolve()

    @classmethod
    def at(cls, path: str | Path) -> Self:
        """The home at `path`, made where missing, and closed to all but its owner where it was open."""
        home = cls(cls.path_of(path))
        home.create()
        home.close_to_others()
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

    def require_there(self) -> None:
        """Raise EngineError where somebody deleted the home while it was used."""
        if not self.engine.is_dir():
            raise EngineError(
                f"The home {self.path} is gone: it was deleted, or its disk was taken away, while it was used. Put it "
                "back, or start again to make an empty one."
            )

    def close_to_others(self) -> None:
        """Take from group and others what they may do in the home, and say so; nobody gets at what is in it then."""
        mode = stat.S_IMODE(self.path.stat().st_mode)
        if not mode & _OTHERS:
            return
        try:
            self.path.chmod(mode & ~_OTHERS)
        except OSError:
            _logger.warning(
                "The home %s is open to other users of this machine (mode %o), and belongs to somebody else. Have them "
                "close it (chmod 700), or set SEMAFO_HOME to a folder of your own.",
                self.path,
                mode,
            )
            return
        _logger.warning(
            "The home %s was open to other users of this machine (mode %o). It is closed now (mode %o).",
            self.path,
            mode,
            mode & ~_OTHERS,
        )

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
