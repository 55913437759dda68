"""Runs and sweeps as a zip that another home takes in, see `semafo.runs.export.archive_import`.

`semafo.json` comes first and lists every file with its size and SHA-256.
"""

import json
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import semafo
from semafo import keys
from semafo.files import sha256, write_atomically
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.sweeps.sweep import SWEEP_FILE, Sweep

SCHEMA = 1
KIND = "semafo-runs"
LIST_FILE = "semafo.json"
SPENT = {keys.PROGRESS_FILE, keys.CANCEL_FILE}  # of a run that has ended they say nothing


def write_bundle(records: Sequence[RunRecord], path: Path, sweeps: Sequence[Sweep] = ()) -> None:
    """Write finished runs, and the lists of sweeps, as one zip."""
    files = {f"runs/{record.run_id}/{one.name}": one for record in records for one in _files_of(record)}
    files |= {f"sweeps/{sweep.sweep_id}/{SWEEP_FILE}": sweep.folder / SWEEP_FILE for sweep in sweeps}
    listed = {name: {"bytes": one.stat().st_size, "sha256": sha256(one)} for name, one in files.items()}
    facts = {
        "kind": KIND,
        "schema": SCHEMA,
        "semafo": semafo.__version__,
        "created": time.time(),
        "runs": {record.run_id: record.title for record in records},
        "sweeps": {sweep.sweep_id: sweep.name for sweep in sweeps},
        "files": listed,
    }
    write_atomically(path, lambda handle: _write(handle, facts, files))


def _files_of(record: RunRecord) -> Iterable[Path]:
    visible = (path for path in sorted(record.folder.iterdir()) if path.is_file() and not path.name.startswith("."))
    return (path for path in visible if path.name not in SPENT)


def _write(handle: BinaryIO, facts: dict[str, Any], files: dict[str, Path]) -> None:
    with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr(LIST_FILE, json.dumps(facts, indent=1))
        for name, path in files.items():
            archive.write(path, name)
