"""What can lie in the place of a home's index."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from semafo.runs.home import Home


def _random_bytes(home: Home) -> None:
    home.index.write_bytes(random.Random(3).randbytes(20_000))


def _cut_short(home: Home) -> None:
    content = home.index.read_bytes() if home.index.exists() else b"SQLite format 3\0" * 40
    home.index.write_bytes(content[: max(600, len(content) // 2)])


def _garbled_pages(home: Home) -> None:
    if not home.index.exists():
        home.index.write_bytes(b"SQLite format 3\0" + bytes(84))
    with home.index.open("r+b") as handle:
        handle.seek(100)
        handle.write(random.Random(4).randbytes(30_000))


def _folder(home: Home) -> None:
    home.index.unlink(missing_ok=True)
    home.index.mkdir()
    (home.index / "somebody's").write_text("notes")


def _gone(home: Home) -> None:
    for path in home.path.glob(f"{home.index.name}*"):
        path.unlink()


def _of_another_version(home: Home) -> None:
    _gone(home)
    connection = sqlite3.connect(home.index, isolation_level=None)
    connection.execute("CREATE TABLE runs (other TEXT)")
    connection.execute("PRAGMA user_version = 99")
    connection.close()


DAMAGES: dict[str, Callable[[Home], None]] = {
    "random bytes": _random_bytes,
    "cut short": _cut_short,
    "garbled pages": _garbled_pages,
    "a folder in its place": _folder,
    "gone": _gone,
    "of another version": _of_another_version,
}


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Somebody holds the index and lets nobody write it."""
    connection = sqlite3.connect(home.index, isolation_level=None, timeout=10)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()
