"""What a home takes on disk. Walks over all files happen in the engine or a command; pages read what was found."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypedDict

from semafo.files import read_json, write_json
from semafo.runs.home import Home


@dataclass(frozen=True)
class Part:
    """A part of the home: how many things are in it, and how many bytes they take."""

    name: str
    n: int
    n_bytes: int


PARTS = ("runs", "trash", "cache", "uploads", "exports", "checks", "sweeps")
RUNS, TRASH, CACHE, UPLOADS, EXPORTS, CHECKS, SWEEPS = PARTS


def measure(home: Home) -> list[Part]:
    """Walk through the home. A file that several folders share (runs of the same cells do) counts where it is first."""
    seen: set[tuple[int, int]] = set()
    return [_part(name, home.path / name, seen) for name in PARTS]


def last_measured(home: Home) -> list[Part]:
    """What the engine found the last time; empty where none has looked yet."""
    return [Part(part["name"], part["n"], part["n_bytes"]) for part in _measured(home).get("parts", ())]


def seconds_since_measured(home: Home) -> float:
    """Age of `last_measured` in seconds; NaN where there is none."""
    age: float = time.time() - _measured(home).get("measured", float("nan"))
    return age


class _PartNote(TypedDict):
    name: str
    n: int
    n_bytes: int


class _Measured(TypedDict):
    measured: float
    parts: list[_PartNote]


def _measured(home: Home) -> dict[str, Any]:
    found: dict[str, Any] = read_json(home.disk_file, {}, _Measured)
    return found


def write_measured(home: Home) -> None:
    """Measure, and leave for others to read."""
    write_json(home.disk_file, {"measured": time.time(), "parts": [asdict(part) for part in measure(home)]})


def size_of(folder: Path) -> int:
    """Bytes of the files of one folder, as they are listed: files that it shares with others are counted whole."""
    return sum(entry.st_size for entry in _stats([folder]))


def freed_by(paths: Iterable[Path]) -> int:
    """Bytes that are free once all of these are deleted: a file that others share is freed with its last name."""
    names: dict[tuple[int, int], int] = {}
    found = {}
    for entry in _stats(paths):
        key = (entry.st_dev, entry.st_ino)
        names[key] = names.get(key, 0) + 1
        found[key] = entry
    return sum(entry.st_size for key, entry in found.items() if names[key] >= entry.st_nlink)


def _part(name: str, folder: Path, seen: set[tuple[int, int]]) -> Part:
    n_bytes = 0
    for entry in _stats([folder]):
        if (entry.st_dev, entry.st_ino) not in seen:
            n_bytes += entry.st_size
            if entry.st_nlink > 1:
                seen.add((entry.st_dev, entry.st_ino))
    n = sum(not entry.startswith(".") for entry in os.listdir(folder)) if folder.is_dir() else 0
    return Part(name, n, n_bytes)


def _stats(paths: Iterable[Path]) -> Iterator[os.stat_result]:
    """Every file below the paths; what vanishes meanwhile is left out."""
    for path in paths:
        try:
            if path.is_dir():
                yield from _stats(list(path.iterdir()))
            else:
                yield path.lstat()
        except OSError:
            continue
