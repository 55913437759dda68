"""Taking in the runs and sweeps of a zip that another home wrote.

It comes from elsewhere, so nothing of it is believed: names are of known forms only, sizes are counted while they are
read, hashes are checked, and a run appears whole or not at all.
"""

import hashlib
import json
import re
import shutil
import time
import uuid
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from semafo import keys, wording
from semafo.errors import DataError, RunNotFound, SemafoError, SettingsError
from semafo.files import read_json, sha256, write_json
from semafo.runs.export.run_archive import KIND, LIST_FILE, SCHEMA
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.sweeps.sweep import PREFIX, SWEEP_FILE
from semafo.runs.sweeps.sweep import SCHEMA as SWEEP_SCHEMA

MOST_BYTES = 50_000_000_000  # of all files, unpacked
_MOST_LIST_BYTES, _MOST_FILES = 50_000_000, 200_000
_ROOM = 500_000_000  # bytes that are left free on the disk
_BLOCK = 1 << 20
_ENCRYPTED = 0x1  # flag of a file in a zip
_NAME = re.compile(r"(?P<kind>runs|sweeps)/(?P<id>[a-z0-9][a-z0-9.-]{0,120})/(?P<file>[A-Za-z0-9][\w.-]{0,120})")
_NOT_OURS = "Give a .zip that `semafo export` or a Runs page wrote."


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
    """Take the runs and sweeps of a zip into a home. A run that is here already is kept as it is.

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
    try:
        with zipfile.ZipFile(source) as archive:
            _require_readable(archive)
            facts = _read_list(archive)
            members = _checked_members(archive, facts, _room(home, most_bytes))
            return _take_in(home, archive, facts, members)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:  # all that damage can look like
        raise DataError(f"The zip is damaged or no zip at all ({error}). {_NOT_OURS}") from None


def _require_readable(archive: zipfile.ZipFile) -> None:
    """Refuse what an export never has, and Python's zipfile may not read: encrypted or otherwise compressed files."""
    for info in archive.infolist():
        if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(f"{info.filename} in the zip is encrypted, or compressed in an unusual way. {_NOT_OURS}")


def _read_list(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        info = archive.getinfo(LIST_FILE)
    except KeyError:
        raise DataError(f"There is no {LIST_FILE} in the zip, so it is no export of runs. {_NOT_OURS}") from None
    if info.file_size > _MOST_LIST_BYTES:
        raise DataError(f"{LIST_FILE} is too large to be a list of runs. {_NOT_OURS}")
    try:
        with archive.open(info) as stream:
            facts = json.loads(stream.read(_MOST_LIST_BYTES))
    except (ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{LIST_FILE} in the zip cannot be read ({error}). {_NOT_OURS}") from None
    if not isinstance(facts, dict) or facts.get("kind") != KIND:
        raise DataError(f"The zip is no export of runs. {_NOT_OURS}")
    if not isinstance(facts.get("schema"), int) or facts["schema"] > SCHEMA:
        raise SettingsError(
            f"The zip was written by a newer Semafo ({facts.get('semafo')}; layout {facts.get('schema')}, and this one "
            f"reads up to {SCHEMA}). Update Semafo here, or export it there with this version."
        )
    return facts


def _room(home: Home, most_bytes: int) -> int:
    return min(most_bytes, max(0, shutil.disk_usage(home.path).free - _ROOM))


def _checked_members(archive: zipfile.ZipFile, facts: dict[str, Any], room: int) -> dict[str, dict[str, Any]]:
    """Files to take, by name, with their size and hash. Names that point elsewhere, or more than fits, are refused."""
    listed = facts.get("files")
    if not isinstance(listed, dict) or len(listed) > _MOST_FILES or not all(map(_is_listed, listed.items())):
        raise DataError(f"{LIST_FILE} lists files that a run does not have. {_NOT_OURS} Nothing was imported.")
    inside = {info.filename: info for info in archive.infolist()}
    missing = [name for name in listed if name not in inside]
    if missing:
        raise DataError(f"The zip lacks {missing[0]}, which it lists. Export it again.")
    total = sum(entry["bytes"] for entry in listed.values())
    if total > room:
        raise DataError(
            f"The runs take {wording.size(total)}, and {wording.size(room)} can be taken in. Free space where the home "
            "lies, or export fewer runs."
        )
    wrong = [name for name, entry in listed.items() if inside[name].file_size != entry["bytes"]]
    if wrong:
        raise DataError(f"{wrong[0]} in the zip has another size than is listed. Export it again.")
    return listed


def _is_listed(item: tuple[Any, Any]) -> bool:
    name, entry = item
    if not isinstance(name, str) or _NAME.fullmatch(name) is None or not isinstance(entry, dict):
        return False
    size, digest = entry.get("bytes"), entry.get("sha256")
    return isinstance(size, int) and size >= 0 and isinstance(digest, str)


def _take_in(home: Home, archive: zipfile.ZipFile, facts: dict[str, Any], members: dict[str, Any]) -> Taken:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name in members:
        match = _NAME.fullmatch(name)
        assert match is not None  # `_is_listed` has seen to that
        kind, own_id, file = match.groups()
        found.setdefault((kind, own_id), {})[file] = name
    taken = Taken()
    for (kind, own_id), files in found.items():
        if kind == "sweeps":
            taken.sweeps += [own_id] * _take_sweep(home, archive, own_id, files, members)
        elif _is_done(home, own_id):
            taken.kept.append(own_id)
        else:
            _take_run(home, archive, own_id, files, members)
            taken.runs.append(own_id)
    return taken


def _is_done(home: Home, run_id: str) -> bool:
    """Whether the run is here; one that is being trained here is not touched either."""
    record = RunRecord(home.run(run_id))
    return (record.folder / keys.CONFIG_FILE).exists() and (record.is_active or record.state == keys.DONE)


def _take_run(
    home: Home, archive: zipfile.ZipFile, run_id: str, files: dict[str, str], members: dict[str, Any]
) -> None:
    """Unpack a run beside the others, look at it, and move it into place."""
    draft = home.runs / f".{run_id}-{uuid.uuid4().hex[:8]}"
    draft.mkdir()
    try:
        for file, name in files.items():
            _unpack(archive, name, members[name], draft / file)
        _require_finished(draft, run_id)
        status = RunRecord(draft).status
        write_json(draft / keys.STATUS_FILE, {**status, "imported": time.time()})
        target = home.run(run_id)
        if target.exists():  # it failed or was cancelled here
            shutil.rmtree(target)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    store.announce(home, run_id)


def _unpack(archive: zipfile.ZipFile, name: str, entry: dict[str, Any], target: Path) -> None:
    """Write one file, no more bytes than are listed, and check its hash."""
    digest, left = hashlib.sha256(), entry["bytes"]
    with archive.open(name) as stream, target.open("wb") as handle:
        while block := stream.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                raise DataError(f"{name} in the zip is larger than is listed. Nothing of its run was imported.")
            digest.update(block)
            handle.write(block)
    if left or digest.hexdigest() != entry["sha256"]:
        raise DataError(f"{name} is damaged: its content is not what its hash says. Export the run again.")


def _require_finished(draft: Path, run_id: str) -> None:
    """Refuse a folder that is no finished run of that id, or that this version cannot read."""
    record = RunRecord(draft)
    try:
        _ = record.config, record.settings["context"]["data"]
        state, manifest = record.state, read_json(draft / keys.MANIFEST_FILE)
        listed = manifest["files"].items() if manifest["run_id"] == run_id and state == keys.DONE else None
    except RunNotFound:
        raise DataError(f"The zip has no settings of the run {run_id}. {_NOT_OURS}") from None
    except SemafoError:
        raise
    except (KeyError, TypeError, AttributeError):
        listed = None
    if listed is None:
        raise DataError(f"{run_id} in the zip is no finished run. Export it once it is done.")
    for file, entry in listed:
        path = draft / Path(file).name
        if not path.is_file() or sha256(path) != entry["sha256"]:
            raise DataError(f"{file} of {run_id} is missing or not what the run's manifest says. Export the run again.")


def _take_sweep(
    home: Home, archive: zipfile.ZipFile, sweep_id: str, files: dict[str, str], members: dict[str, Any]
) -> bool:
    """Whether the sweep is new here."""
    folder = home.sweeps / sweep_id
    if set(files) != {SWEEP_FILE} or not sweep_id.startswith(PREFIX) or folder.exists():
        return False
    draft = home.sweeps / f".{sweep_id}-{uuid.uuid4().hex[:8]}"
    draft.mkdir(mode=0o700)
    try:
        _unpack(archive, files[SWEEP_FILE], members[files[SWEEP_FILE]], draft / SWEEP_FILE)
        facts = read_json(draft / SWEEP_FILE)
        if not isinstance(facts, dict) or not {"name", "grid", "run_ids"} <= set(facts):
            raise DataError(f"{sweep_id} in the zip is no sweep. {_NOT_OURS}")
        if facts.get("schema", 1) > SWEEP_SCHEMA:
            raise SettingsError(f"{sweep_id} is from a newer Semafo. Update Semafo here to import it.")
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return True
