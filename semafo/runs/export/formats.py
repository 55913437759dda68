"""What finished runs can be taken away as. Light to import: what writes a file is loaded with the first one."""

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from semafo import keys
from semafo.errors import RunNotFound, SettingsError
from semafo.files import write_atomically
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.folder.verification import require_whole
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.sweeps.sweep import PREFIX, Sweep

CELLS, BUNDLE, REPORT, SCRIPT, NOTEBOOK, MODEL = KINDS = ("h5ad", "zip", "html", "py", "ipynb", "model")
OF_ONE_RUN = (SCRIPT, NOTEBOOK, MODEL)  # of several runs a zip with one for each
MOST_IN_REPORT = 6


@dataclass(frozen=True)
class Asked:
    """What is to be exported: finished runs, and the sweeps that were named."""

    records: tuple[RunRecord, ...]
    sweeps: tuple[Sweep, ...] = ()


def find(home: Home, names: Sequence[str]) -> Asked:
    """The runs and sweeps of these ids, or of the only ids that begin so; of a sweep its finished runs.

    Raises
    ------
    RunNotFound
        There is no such run or sweep, or it has no finished run.
    SettingsError
        A run is not finished.
    DamagedRun
        A file of a run is not what the run left.
    """
    records: dict[str, RunRecord] = {}
    sweeps = []
    for name in names:
        if name.startswith(PREFIX):
            sweeps.append(Sweep.of(home, name))
            found = sweeps[-1].done()
            if not found:
                raise RunNotFound(f"No run of {sweeps[-1].sweep_id} is finished yet. Export it once there is one.")
        else:
            found = [store.get(home, name)]
        records |= {record.run_id: record for record in found}
    for record in records.values():
        _require_done(record)
    require_whole(records.values())
    return Asked(tuple(records.values()), tuple(sweeps))


def _require_done(record: RunRecord) -> None:
    _ = record.settings  # RunNotFound where the folder is none
    if record.state != keys.DONE:
        raise SettingsError(
            f"{record.title} ({record.run_id}) is {record.state}, and only finished runs can be exported. "
            f"{'Wait for its end.' if record.is_active else 'Start it again.'}"
        )


def kind_of(to: Path, asked: str | None) -> str:
    """What to write: what was asked for, or what the file's suffix says. Raises SettingsError where neither does."""
    kind = asked or to.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise SettingsError(
            f"{to.name} does not say what to write. End it in .h5ad, .zip, .html, .py or .ipynb, or say --as "
            f"{', '.join(KINDS)}."
        )
    return kind


def require_possible(kind: str, asked: Asked, to: Path) -> None:
    """Raise SettingsError where these runs cannot be written so, before any time is spent."""
    n_runs = len(asked.records)
    if kind in OF_ONE_RUN and n_runs > 1 and to.suffix.lower() != ".zip":
        raise SettingsError(
            f"This writes one run, and {n_runs} were named. Name one, or end the file in .zip (--as {kind} --to "
            f"{to.stem}.zip) to have one for each."
        )
    if kind == REPORT and n_runs > MOST_IN_REPORT:
        more = f" `semafo report {asked.sweeps[0].sweep_id} --to {to.name}` reports on a sweep." if asked.sweeps else ""
        raise SettingsError(f"A report shows up to {MOST_IN_REPORT} runs, and {n_runs} were named. Name fewer.{more}")


def write(home: Home, asked: Asked, kind: str, to: Path) -> str:
    """Write the runs as any kind but a report, which the UI's layer draws. Returns what must be known of it, or "".

    Raises
    ------
    SemafoError
        The runs cannot be written so; the message says why.
    """
    if kind == CELLS:
        from semafo.runs.export.h5ad import UNS, annotated, write_h5ad

        adata = annotated(home, asked.records)
        write_h5ad(adata, to)
        note: str = adata.uns[UNS]["note"]
        return note
    if kind == BUNDLE:
        from semafo.runs.export.run_archive import write_bundle

        write_bundle(asked.records, to, asked.sweeps)
        return ""
    if to.suffix.lower() == ".zip":
        _write_zip(home, asked.records, kind, to)
    else:
        _write_one(home, asked.records[0], kind, to)
    return ""


def _write_one(home: Home, record: RunRecord, kind: str, to: Path) -> None:
    if kind == MODEL:
        _write_model(home, record, to)
        return
    from semafo.runs.export.script import as_notebook, as_script

    text = as_script(record) if kind == SCRIPT else as_notebook(record)
    write_atomically(to, lambda handle: handle.write(text.encode()))


def _write_model(home: Home, record: RunRecord, to: Path) -> None:
    """A folder, written beside its place and then moved there."""
    from semafo.runs.export.model_folder import write_model_folder

    with tempfile.TemporaryDirectory(prefix=f".{to.name}-", dir=to.parent) as drafts:
        draft = Path(drafts) / to.name
        draft.mkdir()
        write_model_folder(home, record, draft)
        if to.exists():
            to.rename(Path(drafts) / "old")
        draft.rename(to)


def _write_zip(home: Home, records: Sequence[RunRecord], kind: str, to: Path) -> None:
    """One script, notebook or model folder for each run, in a zip."""
    suffix = "" if kind == MODEL else f".{kind}"
    with tempfile.TemporaryDirectory(prefix=f".{to.name}-", dir=to.parent) as folder:
        for record in records:
            _write_one(home, record, kind, Path(folder) / f"{record.run_id}{suffix}")
        files = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]

        def pack(handle: BinaryIO) -> None:
            with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in files:
                    archive.write(path, path.relative_to(folder))

        write_atomically(to, pack)
