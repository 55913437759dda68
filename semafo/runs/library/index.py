"""The index of a home's runs: SQLite, written by the engine only, made anew from the folders at its start."""

import json
import logging
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library.rows import Row, brought_up_to_date, names_of, row_of, rows_of
from semafo.shortages import is_disk_shortage

_VERSION = 4  # of the table and of its rows; an index of another version is made anew, and not read
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    created REAL NOT NULL,
    dataset TEXT NOT NULL,
    row TEXT NOT NULL
)
"""
_Stamp = tuple[tuple[str, int, int, int], ...]
_BUSY_SECONDS = 1.0  # that is waited for somebody who locks the file
_SETTLING_SECONDS = 2.0  # a write shows in the file before readers see its rows


class _Kept(NamedTuple):
    """Rows of an index, the file's stamp, since when it has this stamp, and whether the rows are surely of it."""

    stamp: _Stamp
    since: float
    rows: list[Row]
    is_settled: bool


_kept: dict[Path, _Kept] = {}  # in this process
_logger = logging.getLogger(__name__)


class Index:
    """The writing side. One per home, held by the engine. Whatever becomes of the file, it is made anew."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._open()
        self.n_changes = 0
        self._owed: set[str] = set()  # runs whose rows could not be written

    def rebuild(self) -> None:
        """Forget everything and read the folders again."""
        self._connection.execute("BEGIN")  # one write to the disk, and readers see the old rows until then
        try:
            self._connection.execute("DELETE FROM runs")
            for run_id in names_of(self._home):
                self._update(run_id)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # SQLite ends some of them by itself
                self._connection.execute("ROLLBACK")
            raise

    def update(self, run_id: str) -> None:
        """Read one run's folder again; a folder that is gone, or no run, leaves the index.

        Where somebody locks the file, or the disk is full, the row is owed, and `pay` writes it later.
        """
        self.n_changes += 1
        self._owed.add(run_id)
        self.pay()

    def pay(self) -> None:
        """Write the rows that are owed, as far as that can be done now."""
        try:
            if self._owed and not self._is_in_place():
                self._make_anew("is another file than before")
            for run_id in sorted(self._owed):
                self._update(run_id)
                self._owed.discard(run_id)
        except (sqlite3.DatabaseError, OSError) as error:
            if not _may_pass(error):
                self._make_anew(f"cannot be written ({error})")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _update(self, run_id: str) -> None:
        row = row_of(RunRecord(self._home.run(run_id)))
        if row is None:
            self._connection.execute("DELETE FROM runs WHERE run_id = ?", [run_id])
            return
        values = [run_id, row["state"], row["created"] or 0.0, row["dataset"], json.dumps(row)]
        self._connection.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)", values)

    def _open(self) -> None:
        path = self._home.index
        try:
            self._connection = _opened(path)
        except sqlite3.DatabaseError as error:
            if is_disk_shortage(error):
                raise
            _logger.warning("The index cannot be read and is made anew from the folders.")
            _put_aside(path)
            self._connection = _opened(path)
        self._file = path.stat()

    def _is_in_place(self) -> bool:
        """Whether the file that is open is the one that readers find."""
        try:
            return os.path.samestat(self._home.index.stat(), self._file)
        except OSError:
            return False

    def _make_anew(self, why: str) -> None:
        _logger.warning("The index %s, and is made anew from the folders.", why)
        try:
            self._connection.close()
            self._open()
            self.rebuild()
            self._owed.clear()
        except (sqlite3.DatabaseError, OSError):  # the rows stay owed
            _logger.exception("The index could not be made anew yet. Pages read the folders.")


def _may_pass(error: Exception) -> bool:
    """Whether somebody locks the file, or the disk is full: it need not be made anew for that."""
    code = getattr(error, "sqlite_errorcode", None)
    passing = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)
    return isinstance(error, OSError) or (code is not None and code & 0xFF in passing)


def _put_aside(path: Path) -> None:
    """Make room for an index. What is no file is somebody's, and stays under a hidden name."""
    for found in path.parent.glob(f"{path.name}*"):  # the write-ahead log as well
        if found.is_dir():
            found.rename(found.with_name(f".{found.name}.{uuid.uuid4().hex[:8]}"))
        else:
            found.unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    """The file with its table, empty where another version made it. Raises sqlite3.DatabaseError."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        if _version(connection) != _VERSION:
            connection.execute("DROP TABLE IF EXISTS runs")
            connection.execute(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {_VERSION}")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def read_rows(home: Home) -> list[Row]:
    """All runs of a home, newest first; from the folders where there is no index that can be read."""
    rows = _indexed_rows(home) if home.index.exists() else None
    found = list(rows_of(home, names_of(home))) if rows is None else brought_up_to_date(home, rows)
    return sorted(found, key=lambda row: row["created"] or 0.0, reverse=True)


def _indexed_rows(home: Home) -> list[Row] | None:
    """None where the file is of another version or damaged, as in the moments in which an engine makes it.

    A page asks many times in one drawing, so the rows of an unchanged file are kept. SQLite writes to its log first and
    lets readers see the rows a moment later: what was read just after a change may be older than the file looks, and is
    read again until the file has rested.
    """
    stamp, now = _stamp(home.index), time.monotonic()
    kept = _kept.get(home.index)
    is_same = kept is not None and kept.stamp == stamp
    if kept is not None and is_same and kept.is_settled:
        return kept.rows
    since = kept.since if kept is not None and is_same else now
    rows = _read(home)
    if rows is not None:
        _kept[home.index] = _Kept(stamp, since, rows, now - since >= _SETTLING_SECONDS)
    return rows


def _stamp(path: Path) -> _Stamp:
    """What changes with every write: the file and its write-ahead log."""
    found = []
    for name in (path.name, f"{path.name}-wal"):
        with suppress(FileNotFoundError):
            stat = path.with_name(name).stat()
            found.append((name, stat.st_ino, stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _read(home: Home) -> list[Row] | None:
    try:
        with _reading(home.index) as connection:
            if _version(connection) != _VERSION:
                return None
            rows = connection.execute("SELECT row FROM runs").fetchall()
        found = [json.loads(row) for (row,) in rows]
    except (sqlite3.DatabaseError, ValueError, TypeError):
        return None
    return found if all(isinstance(row, dict) and "run_id" in row for row in found) else None


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)) as connection:
        yield connection
