"""What must be true of a home whatever was killed in it: looked at from outside, once nothing works there any more."""

import json
import zipfile
from collections.abc import Iterator, Set
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from click.testing import CliRunner

from semafo import keys
from semafo.cli.main import cli
from semafo.files import read_json, sha256, write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import index, trash
from semafo.runs.library.rows import names_of, rows_of
from semafo.runs.workers.work import write_manifest

ENDED = (keys.DONE, keys.FAILED, keys.CANCELLED)
FEWEST_WORDS = 3  # of a reason
Finished = tuple[str, str]  # a run's id and the hash of its manifest


def listed(home: Home) -> list[dict]:
    """What `semafo runs --json` prints."""
    done = CliRunner().invoke(cli, ["runs", "--json", "--home", str(home.path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def is_settled(home: Home) -> bool:
    """Whether no run of the home waits or works, and no request is left."""
    records = (RunRecord(home.run(run_id)) for run_id in names_of(home))
    left = [path for path in home.inbox.iterdir() if not path.name.startswith(".")]
    return not left and not any(record.is_active for record in records)


def finished_runs(home: Home) -> set[Finished]:
    """Every finished run with its manifest's hash, those in the trash included."""
    folders = [(trashed.run_id, trashed.folder) for trashed in trash.contents(home)]
    folders += [(run_id, home.run(run_id)) for run_id in names_of(home)]
    manifests = [(run_id, folder / keys.MANIFEST_FILE) for run_id, folder in folders]
    return {(run_id, sha256(path)) for run_id, path in manifests if path.exists()}


def complaints(home: Home, before: Set[Finished], may_be_gone: Set[Finished] = frozenset()) -> list[str]:
    """What is wrong, one sentence each.

    Parameters
    ----------
    before
        `finished_runs` of earlier.
    may_be_gone
        Those that were asked to go for good.
    """
    rows = listed(home)
    return [
        *(f"{run_id} was finished and is lost or changed" for run_id, _ in before - finished_runs(home) - may_be_gone),
        *(said for row in rows for said in _of_row(home, row)),
        *_strangers(home, {row["run_id"] for row in rows}),
        *(f"{one.folder.name} in the trash: {said}" for one in trash.contents(home) for said in _of_files(one.folder)),
    ]


def _of_row(home: Home, row: dict) -> Iterator[str]:
    run_id, state, reason = row["run_id"], row["state"], row.get("reason")
    if state not in ENDED:
        yield f"{run_id} is {state} though nothing works"
    elif state != keys.DONE and len((reason or "").split()) < FEWEST_WORDS:
        yield f"{run_id} is {state} without a reason: {reason!r}"
    folder = home.run(run_id)
    for said in _of_files(folder):
        yield f"{run_id}: {said}"
    if state == keys.DONE and not (folder / keys.MANIFEST_FILE).exists():
        yield f"{run_id} is listed as done without a manifest"


def _of_files(folder: Path) -> Iterator[str]:
    """A finished run is whole and readable; another one has settings that say what it was."""
    record = RunRecord(folder)
    if not record.is_readable:
        yield "its settings cannot be read"
        return
    manifest = read_json(folder / keys.MANIFEST_FILE)
    if manifest is None:
        return
    for name, facts in manifest["files"].items():
        path = folder / name
        if not path.is_file() or sha256(path) != facts["sha256"]:
            yield f"{name} is missing or changed"
    n_cells = len(record.cells())
    for array in (record.array(keys.X_UMAP), record.array(record.config.mix.obsm_key), record.probabilities()):
        if len(array) != n_cells or not np.isfinite(array).all():
            yield "an array does not fit its cells"
    if record.predictions().get("test", {}).get("accuracy") is None:
        yield "its predictions cannot be read"


def _strangers(home: Home, known: set[str]) -> Iterator[str]:
    for name in names_of(home):
        if name not in known:
            yield f"{name} lies among the runs and is no run"


def index_agrees(home: Home) -> bool:
    """Whether the index says of every run what its folder says, and knows no other."""
    found = {row["run_id"]: row["state"] for row in index._read(home) or ()}
    return found == {row["run_id"]: row["state"] for row in rows_of(home, names_of(home))}


def half_exports(folder: Path) -> list[str]:
    """Names of exported files that are there and not whole."""
    return [path.name for path in sorted(folder.iterdir()) if path.name[0] != "." and not _is_whole_export(path)]


def _is_whole_export(path: Path) -> bool:
    if path.is_dir():
        return {"model.pt"} <= {inner.name for inner in path.iterdir()}
    match path.suffix:
        case ".zip":
            with zipfile.ZipFile(path) as archive:
                return archive.testzip() is None
        case ".h5ad":
            with h5py.File(path) as file:
                return {"X", "obs", "obsm", "var", "uns"} <= set(file) and "umap" in str(list(file["obsm"])).lower()
    return path.read_bytes().rstrip().endswith((b"</html>", b"}", b")"))


def commit(record: RunRecord) -> None:
    """Give a fake finished run the manifest of a real one."""
    path = record.folder / keys.MANIFEST_FILE
    path.unlink(missing_ok=True)
    write_manifest(record.folder, partial(write_json, path))
