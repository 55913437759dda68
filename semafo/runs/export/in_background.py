"""Exports that pages ask for: `semafo export` as a process in the background, and the files that it has written.

They lie in the home's `exports`, each under a hash of what was asked for, until newer ones need their room.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import semafo
from semafo.runs.background.process import Background, last_said
from semafo.runs.export.formats import MODEL, NOTEBOOK, OF_ONE_RUN
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.fingerprint import fingerprint

MOST_BYTES = 5_000_000_000  # that written files may take before the oldest go
_ERRORS = "errors.txt"


@dataclass(frozen=True)
class ExportedFile:
    """A file that is there, is being written, or could not be.

    Attributes
    ----------
    path
        Where it is or will be.
    error
        Why it could not be written the last time, in words; None where it did not fail.
    note
        What must be known of the file that is there; None where there is nothing.
    """

    path: Path
    error: str | None = None
    note: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the file is there."""
        return self.path.exists()


def prepared(home: Home, records: Sequence[RunRecord], kind: str) -> ExportedFile:
    """Where the file of these runs is, and how its last writing ended. Only to be asked while none is under way."""
    stamps = [(record.run_id, _stamp(record)) for record in records]
    folder = home.exports / fingerprint(stamps, kind, semafo.__version__)[:16]
    path = folder / file_name(records, kind)
    if path.exists():
        return ExportedFile(path, note=last_said(_said(folder), "warning"))
    if not (folder / _ERRORS).exists():
        return ExportedFile(path)
    said = _said(folder)
    return ExportedFile(path, last_said(said, "error") or _UNSAID.format((said.strip().splitlines() or ["none"])[-1]))


def _said(folder: Path) -> str:
    try:
        return (folder / _ERRORS).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


_UNSAID = (
    "The process that wrote the file ended without a reason. The system does that when memory runs out: export fewer "
    "runs, or try again when there is room. Its last words: {}"
)


def _stamp(record: RunRecord) -> int:
    """When the run's files were last changed: a name, tags and a t-SNE come later than the run."""
    return max((path.stat().st_mtime_ns for path in record.folder.iterdir()), default=0)


def file_name(records: Sequence[RunRecord], kind: str) -> str:
    """Name of the file: the run's id, or how many runs it holds."""
    name = records[0].run_id if len(records) == 1 else f"semafo-{len(records)}-runs"
    if kind == MODEL:
        return f"{name}-model.zip"
    zipped = kind in OF_ONE_RUN and len(records) > 1
    return f"{name}-{'notebooks' if kind == NOTEBOOK else 'scripts'}.zip" if zipped else f"{name}.{kind}"


def start(home: Home, records: Sequence[RunRecord], kind: str) -> bool:
    """Have the file written in the background; False where another one is being written."""
    if under_way(home) is not None:
        return False
    path = prepared(home, records, kind).path
    shutil.rmtree(path.parent, ignore_errors=True)  # what an earlier process left that was ended
    clean(home)
    path.parent.mkdir(mode=0o700)
    run_ids = [record.run_id for record in records]
    command = ["-m", "semafo", "export", *run_ids, "--as", kind, "--to", str(path), "--home", str(home.path)]
    note = {"run_ids": run_ids, "kind": kind, "path": str(path), "started": time.time()}
    return _work(home).start([*command, "--force", "--json"], note, path.parent / _ERRORS)


def under_way(home: Home) -> dict[str, Any] | None:
    """`run_ids`, `kind`, `path` and `started` of the file that is being written; None where none is."""
    return _work(home).under_way()


def stop(home: Home) -> None:
    """End the writing of a file."""
    busy = under_way(home)
    _work(home).stop()
    if busy and busy.get("path"):
        (Path(busy["path"]).parent / _ERRORS).unlink(missing_ok=True)  # somebody wanted that: it is no failure


def clean(home: Home, most_bytes: int = MOST_BYTES) -> None:
    """Delete the oldest written files until the others take no more than `most_bytes`."""
    folders = [folder for folder in home.exports.iterdir() if folder.is_dir()]
    left = most_bytes
    for folder in sorted(folders, key=lambda folder: -folder.stat().st_mtime):
        left -= sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if left < 0:
            shutil.rmtree(folder, ignore_errors=True)


def _work(home: Home) -> Background:
    return Background(home, "export")
