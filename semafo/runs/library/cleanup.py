"""What of a home could go, and how much that would free. The engine, which knows what is in use, carries it out.

Nothing goes that was not in a plan somebody saw: a request names its items, and the engine makes its own plan again.
"""

import shutil
import time
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from semafo import keys
from semafo.errors import SemafoError
from semafo.runs import requests
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import trash
from semafo.runs.library.disk_use import freed_by, size_of
from semafo.runs.library.rows import names_of
from semafo.runs.library.trash import Trashed
from semafo.training.stage_cache import all_keys

KINDS = ("trash", "failed", "cache", "uploads", "exports")  # in the order in which they go
TRASH, FAILED, CACHE, UPLOADS, EXPORTS = KINDS
ACTION = "clean"
_BUSY_SECONDS = 3600
_FRESH_SECONDS = 86_400  # an upload of the last day may be about to be used


@dataclass(frozen=True)
class Item:
    """Something that could go: its kind, its name within the kind, what people call it, where it is, its bytes."""

    kind: str
    name: str
    title: str
    path: Path
    n_bytes: int


def plan(home: Home, kinds: Iterable[str] = KINDS) -> list[Item]:
    """What could go, by kind.

    Runs that failed or were cancelled (they go to the trash); what is in the trash; shared stages that no run of the
    home needs, while none works; uploads of before yesterday that no run refers to, those in the trash included;
    exported files. Where a run cannot be read nobody knows what it needs, and stages and uploads stay.
    """
    makers = {TRASH: _trashed, FAILED: _failed, CACHE: _stages, UPLOADS: _uploads, EXPORTS: _exports}
    return [item for kind in KINDS if kind in set(kinds) for item in makers[kind](home)]


def freed(items: Sequence[Item]) -> int:
    """Bytes that are free once these are gone; what goes to the trash frees none."""
    return freed_by(item.path for item in items if item.kind != FAILED)


def request(home: Home, items: Sequence[Item]) -> None:
    """Ask the engine to let these go."""
    requests.send(home, {"action": ACTION, "items": [[item.kind, item.name] for item in items]})


def carry_out(home: Home, wanted: Sequence[Sequence[str]]) -> list[Item]:
    """Let go what was asked for and may still go. The engine's part; returns what went."""
    asked = {(kind, name) for kind, name in wanted}
    going = [item for item in plan(home, {kind for kind, _ in asked}) if (item.kind, item.name) in asked]
    for item in going:
        if item.kind == TRASH:
            trash.remove(Trashed.of(item.path))
        elif item.kind == FAILED:
            trash.move_in(home, item.name)
        elif item.kind == CACHE:
            _remove_stage(item.path)
        elif item.kind == EXPORTS:
            shutil.rmtree(item.path, ignore_errors=True)
        else:
            item.path.unlink(missing_ok=True)
    return going


def _trashed(home: Home) -> list[Item]:
    found = trash.contents(home)
    return [Item(TRASH, one.folder.name, _title(one.folder), one.folder, size_of(one.folder)) for one in found]


def _failed(home: Home) -> list[Item]:
    ended = [record for record in _records(home) if record.state in (keys.FAILED, keys.CANCELLED)]
    return [Item(FAILED, r.run_id, _title(r.folder), r.folder, size_of(r.folder)) for r in ended if r.is_readable]


def _stages(home: Home) -> list[Item]:
    records = _records(home)
    if any(record.is_active or not record.is_readable for record in records):
        return []
    needed = {key for record in records for key in all_keys(record.config, record.settings["context"])}
    folders = [folder for folder in sorted(home.cache.iterdir()) if not folder.name.startswith(".")]
    spare = [folder for folder in folders if folder.name not in needed]
    return [Item(CACHE, folder.name, folder.name, folder, size_of(folder)) for folder in spare]


def _uploads(home: Home) -> list[Item]:
    records = [*_records(home), *(RunRecord(trashed.folder) for trashed in trash.contents(home))]
    if not all(record.is_readable for record in records):
        return []
    used = {name for record in records for name in (record.config.dataset.name, record.config.dataset.query)}
    old = [path for path in sorted(home.uploads.iterdir()) if path.is_file() and _age(path) > _FRESH_SECONDS]
    spare = [path for path in old if str(path) not in used]
    return [Item(UPLOADS, path.name, path.name, path, path.stat().st_size) for path in spare]


def _exports(home: Home) -> list[Item]:
    """Written files; one of the last hour may be about to be downloaded, or be still written."""
    folders = [path for path in sorted(home.exports.iterdir()) if path.is_dir() and _age(path) > _BUSY_SECONDS]
    return [Item(EXPORTS, path.name, _first_name(path), path, size_of(path)) for path in folders]


def _first_name(folder: Path) -> str:
    return min((path.name for path in folder.iterdir()), default=folder.name)


def _records(home: Home) -> list[RunRecord]:
    records = [RunRecord(home.run(run_id)) for run_id in names_of(home)]
    return [record for record in records if (record.folder / keys.CONFIG_FILE).exists()]


def _title(folder: Path) -> str:
    try:
        return RunRecord(folder).title
    except (SemafoError, AttributeError, TypeError, ValueError):
        return folder.name


def _remove_stage(folder: Path) -> None:
    """Whoever looks for the stage finds it whole or not at all."""
    gone = folder.with_name(f".gone-{uuid.uuid4().hex[:8]}")
    with suppress(FileNotFoundError):
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def why_stages_stay(home: Home) -> str | None:
    """Why no shared stage may go now; None where they may."""
    records = _records(home)
    if any(record.is_active for record in records):
        return "Shared stages stay while a run waits or works."
    if not all(record.is_readable for record in records):
        return "Shared stages stay while there is a run that this version cannot read: nobody knows what it needs."
    return None
