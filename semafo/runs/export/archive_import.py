"""Taking in the runs and sweeps of a zip that another home wrote.

It comes from elsewhere, so nothing of it is believed: names are of known forms only, sizes are counted while they are
read, hashes are checked, and all of it appears, or nothing.
"""

import hashlib
import shutil
import time
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from semafo import keys, wording
from semafo.errors import DataError, SettingsError
from semafo.files import parsed_json, parsed_json_lines, read_json, remove_folder, write_json
from semafo.plain_values import misfit
from semafo.runs.export.archive_checks import (
    NAME,
    NOT_OURS,
    checked_members,
    damage_in_words,
    read_list,
    require_readable,
)
from semafo.runs.export.run_archive import SPENT
from semafo.runs.folder.file_contents import SHAPES, misfit_of_file
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.folder.run_shapes import Manifest
from semafo.runs.folder.verification import damage_of
from semafo.runs.home import Home, is_run_id
from semafo.runs.library import store
from semafo.runs.sweeps.sweep import PREFIX, SWEEP_FILE, SweepNote
from semafo.runs.sweeps.sweep import SCHEMA as SWEEP_SCHEMA

MOST_BYTES = 50_000_000_000  # of all files, unpacked
_ROOM = 500_000_000  # bytes that are left free on the disk
_BLOCK = 1 << 20
_MOST_FILES_OF_RUN = 200
# Files of a finished run that its manifest does not name: they change, or come later
_UNLISTED = (
    *(keys.CONFIG_FILE, keys.ABOUT_FILE, keys.STATUS_FILE, keys.LOG_FILE),
    *(keys.array_file(keys.X_TSNE), keys.X_TSNE_STATE_FILE),
)


@dataclass
class Taken:
    """What an import did: ids of the runs and sweeps that are new here, and of the runs that were here already."""

    runs: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    sweeps: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """In a sentence."""
        parts = [f"{wording.counted(len(self.runs), 'run')} imported"] if self.runs or not self.kept else []
        parts += [f"{wording.counted(len(self.kept), 'run')} here already and kept"] if self.kept else []
        parts += [f"{wording.counted(len(self.sweeps), 'sweep')} imported"] if self.sweeps else []
        return ", ".join(parts) + "."


def read_bundle(home: Home, source: Path | BinaryIO, most_bytes: int = MOST_BYTES) -> Taken:
    """Take the runs and sweeps of a zip into a home. A run that is here already is kept as it is,
    but gives way where it is damaged.

    Parameters
    ----------
    source
        The file, or its path.
    most_bytes
        Unpacked size that is accepted; never more than the disk has room for.

    Raises
    ------
    DataError
        It is no such zip, damaged, larger than it says, or a file in it is not what its hash says.
    SettingsError
        It was written by a newer version.
    """
    with damage_in_words():
        archive = zipfile.ZipFile(source)
    with archive:
        with damage_in_words():
            require_readable(archive)
            facts = read_list(archive)
        members = checked_members(archive, facts, _room(home, most_bytes))
        return _take_in(home, archive, members)


def _room(home: Home, most_bytes: int) -> int:
    return min(most_bytes, max(0, shutil.disk_usage(home.path).free - _ROOM))


def _take_in(home: Home, archive: zipfile.ZipFile, members: dict[str, Any]) -> Taken:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name in members:
        match = NAME.fullmatch(name)
        assert match is not None  # `checked_members` has seen to that
        kind, own_id, file = match.groups()
        found.setdefault((kind, own_id), {})[file] = name
    crowded = next((own_id for (_, own_id), files in found.items() if len(files) > _MOST_FILES_OF_RUN), None)
    if crowded is not None:
        raise DataError(f"{crowded} in the zip has more files than a run has. {NOT_OURS} Nothing was imported.")
    taken, drafts = Taken(), dict[Path, Path]()
    try:  # nothing appears before all of it is found to be good
        for (kind, own_id), files in found.items():
            if kind == "sweeps":
                if set(files) == {SWEEP_FILE} and own_id.startswith(PREFIX) and not (home.sweeps / own_id).exists():
                    _write_sweep(archive, own_id, files, members, _draft(drafts, home.sweeps / own_id))
                    taken.sweeps.append(own_id)
            elif _is_kept(home, own_id):
                taken.kept.append(own_id)
            else:
                _write_run(archive, own_id, files, members, _draft(drafts, home.run(own_id)))
                taken.runs.append(own_id)
        for draft, place in drafts.items():
            _move_in(draft, place)
    finally:
        for draft in drafts:
            shutil.rmtree(draft, ignore_errors=True)
    for run_id in taken.runs:
        store.announce(home, run_id)
    return taken


def _is_kept(home: Home, run_id: str) -> bool:
    """Whether the run is here, and whole; one that is being trained here is not touched either."""
    record = RunRecord(home.run(run_id))
    if not (record.folder / keys.CONFIG_FILE).exists():
        return False
    return record.is_active or (record.state == keys.DONE and not any(damage_of(record)))


def _draft(drafts: dict[Path, Path], place: Path) -> Path:
    """A new folder beside the place to which it is to be moved."""
    draft = place.with_name(f".{place.name}-{uuid.uuid4().hex[:8]}")
    draft.mkdir(mode=0o700)
    drafts[draft] = place
    return draft


def _move_in(draft: Path, place: Path) -> None:
    """A run that failed, was cancelled or is damaged here gives way; what people wrote about it stays."""
    about = place / keys.ABOUT_FILE
    if about.is_file():
        shutil.copyfile(about, draft / keys.ABOUT_FILE)
    remove_folder(place)
    draft.rename(place)


def _write_run(
    archive: zipfile.ZipFile, run_id: str, files: dict[str, str], members: dict[str, Any], draft: Path
) -> None:
    """Unpack a run beside the others, and look at it."""
    if keys.MANIFEST_FILE in files:  # first: it says what else belongs to the run
        _unpack_file(archive, files, members, draft, keys.MANIFEST_FILE)
    for file in _own_files(draft, files):
        _unpack_file(archive, files, members, draft, file)
    _require_finished(draft, run_id)
    status = RunRecord(draft).status
    write_json(draft / keys.STATUS_FILE, {**status, "imported": time.time()})


def _own_files(draft: Path, files: dict[str, str]) -> list[str]:
    """Files that the run's manifest names, and those that come after it; whatever else is in the zip is not kept."""
    manifest = read_json(draft / keys.MANIFEST_FILE, {}, Manifest)
    wanted = {*manifest.get("files", ()), *_UNLISTED} - {keys.MANIFEST_FILE, *SPENT}
    return [file for file in files if file in wanted]


def _unpack_file(
    archive: zipfile.ZipFile, files: dict[str, str], members: dict[str, Any], draft: Path, file: str
) -> None:
    _unpack(archive, files[file], members[files[file]], draft / file)


def _unpack(archive: zipfile.ZipFile, name: str, entry: dict[str, Any], target: Path) -> None:
    """Write one file, no more bytes than are listed, and check its hash."""
    digest, left = hashlib.sha256(), entry["bytes"]
    with damage_in_words(), archive.open(name) as stream, target.open("wb") as handle:
        while block := stream.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise DataError(f"{name} in the zip is larger than is listed. Nothing was imported.")
            digest.update(block)
            handle.write(block)
    if left or digest.hexdigest() != entry["sha256"]:
        raise DataError(f"{name} is damaged: its content is not what its hash says. Export the run again.")


def _require_finished(draft: Path, run_id: str) -> None:
    """Refuse a folder that is no finished run of that id, that this version cannot read, or that says odd things."""
    record, missing = RunRecord(draft), f"{run_id} in the zip is no finished run. Export it once it is done."
    manifest = read_json(draft / keys.MANIFEST_FILE, {}, Manifest)
    if not (draft / keys.CONFIG_FILE).exists():
        raise DataError(f"The zip has no settings of the run {run_id}. {NOT_OURS}")
    if manifest.get("run_id") != run_id or record.state != keys.DONE:
        raise DataError(missing)
    for damage in damage_of(record):
        if damage.file == keys.CONFIG_FILE and record.refusal == damage.wrong:
            raise SettingsError(f"{run_id} in the zip: {damage.wrong}")
        raise DataError(
            f"{damage.file} of {run_id} is missing or not what the run's manifest says ({damage.wrong}). Export the "
            "run again."
        )
    _require_plain(draft, run_id)


def _require_plain(draft: Path, run_id: str) -> None:
    """Refuse JSON that no run can have written, whatever hash its maker gave it."""
    for file in (path.name for path in sorted(draft.iterdir()) if path.suffix in (".json", ".jsonl")):
        wrong = None
        try:
            content = (draft / file).read_bytes()
            found = parsed_json_lines(content) if file == keys.HISTORY_FILE else parsed_json(content)
            wrong = misfit_of_file(file, found) if file in SHAPES else misfit(found, dict, file)
        except ValueError as error:
            wrong = str(error)
        if wrong is not None:
            raise DataError(f"{file} of {run_id} is not what a run writes ({wrong}). Nothing was imported.")


def _write_sweep(
    archive: zipfile.ZipFile, sweep_id: str, files: dict[str, str], members: dict[str, Any], draft: Path
) -> None:
    _unpack_file(archive, files, members, draft, SWEEP_FILE)
    facts = read_json(draft / SWEEP_FILE, {}, SweepNote)
    if not facts or not all(map(is_run_id, facts["run_ids"])):
        raise DataError(f"{sweep_id} in the zip is no sweep. {NOT_OURS} Nothing was imported.")
    if facts.get("schema", 1) > SWEEP_SCHEMA:
        raise SettingsError(f"{sweep_id} is from a newer Semafo. Update Semafo here to import it.")
