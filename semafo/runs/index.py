"""The index of a home's runs: SQLite, written by the engine only, made anew from the folders at its start."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from semafo.errors import SemafoError
from semafo.runs.home import Home
from semafo.runs.record import RunRecord

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    run_id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    created REAL NOT NULL,
    dataset TEXT NOT NULL,
    row TEXT NOT NULL
)
"""


class Index:
    """The writing side. One per home, held by the engine."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._connection = sqlite3.connect(home.index, timeout=10, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute(_SCHEMA)

    def rebuild(self) -> None:
        """Forget everything and read the folders again."""
        self._connection.execute("DELETE FROM runs")
        for folder in sorted(self._home.runs.iterdir()):
            if not folder.name.startswith("."):
                self.update(folder.name)

    def update(self, run_id: str) -> None:
        """Read one run's folder again; a folder that is gone, or that nobody can read, leaves the index."""
        try:
            row = index_row(RunRecord(self._home.runs / run_id))
        except SemafoError:
            self._connection.execute("DELETE FROM runs WHERE run_id = ?", [run_id])
            return
        values = [run_id, row["state"], row["created"], row["dataset"], json.dumps(row)]
        self._connection.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?)", values)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def index_row(record: RunRecord) -> dict[str, Any]:
    """What a list of runs shows without opening the folders."""
    status = record.status
    times = {name: status.get(name) for name in ("created", "started", "finished")}
    return {
        **record.summary(),
        **times,
        "title": record.title,
        "batch": record.settings["batch"],
        "reason": status.get("reason"),
    }


def read_rows(home: Home) -> list[dict[str, Any]]:
    """All runs of a home, newest first; from the folders where there is no index yet."""
    rows = _indexed_rows(home) if home.index.exists() else None
    if rows is None:
        return sorted(_rows_of_folders(home), key=lambda row: row["created"], reverse=True)
    return rows


def _indexed_rows(home: Home) -> list[dict[str, Any]] | None:
    """None between the moments in which an engine makes the file and its table."""
    with _reading(home.index) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            return None
        rows = connection.execute("SELECT row FROM runs ORDER BY created DESC, rowid DESC").fetchall()
    return [json.loads(row) for (row,) in rows]


def _rows_of_folders(home: Home) -> Iterator[dict[str, Any]]:
    for folder in sorted(home.runs.iterdir()):
        if not folder.name.startswith("."):
            with suppress(SemafoError):  # no run, or one that this version cannot read
                yield index_row(RunRecord(folder))


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        yield connection
