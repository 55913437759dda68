"""Reading the files of a run's folder: what is damaged is said in words, with the run's and the file's name.

The manifest of a finished run has size and hash of every file. A file's size is compared each time it is read, which
costs one look at the folder; JSON, which is small and has to be gone through anyway, is hashed too and compared with
what it must hold (see `semafo.runs.folder.file_contents`), once for each version of the file. The content of all files
is checked by `semafo.runs.folder.verification`.
"""

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap
from numpy.lib.format import read_array as read_numpy

from semafo import keys
from semafo.errors import DamagedRun, SemafoError
from semafo.files import parsed_json, parsed_json_lines, read_json, read_table
from semafo.runs.folder.file_contents import misfit_of_file

Entries = Mapping[str, Mapping[str, Any]]
_Stamp = tuple[int, int, int]
_MOST_KEPT = 4096  # of each of the memories below, which are emptied when they are full
_SPENT = (keys.PROGRESS_FILE, keys.CANCEL_FILE)  # a run may be committed while they are still there
_NOT_DAMAGE = (errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE)

_manifests: dict[Path, tuple[_Stamp, Entries]] = {}  # in this process
_checked: dict[Path, _Stamp] = {}  # JSON files that were found to be as they should


def listed(folder: Path) -> Entries:
    """Size and hash of each file by name, as a finished run's manifest has them; empty without a manifest.

    Raises
    ------
    DamagedRun
        The manifest is there and cannot be read.
    """
    path = folder / keys.MANIFEST_FILE
    try:
        stamp = _stamp(os.stat(path))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    kept = _manifests.get(path)
    if kept is not None and kept[0] == stamp:
        return kept[1]
    manifest = read_json(path, {})
    found = misfit_of_file(keys.MANIFEST_FILE, manifest)
    if found is not None:
        raise _damaged(folder, keys.MANIFEST_FILE, f"it says no sizes and hashes ({found})")
    entries = {name: entry for name, entry in manifest["files"].items() if name not in _SPENT}
    _keep(_manifests, path, (stamp, entries))
    return entries


def size_damage(folder: Path, name: str) -> str | None:
    """What the size of a file says of it, in words; None where it is the manifest's, or the manifest names none."""
    wanted = listed(folder).get(name, {}).get("bytes")
    if wanted is None:
        return None
    try:
        found = os.stat(folder / name).st_size
    except (FileNotFoundError, NotADirectoryError):
        is_there = (folder / keys.MANIFEST_FILE).exists()  # else the whole run was deleted in this moment
        return "it is gone" if is_there else None
    return None if found == wanted else f"it has {found} bytes, and the run left it with {wanted}"


def require_sizes(folder: Path, *names: str) -> None:
    """Raise DamagedRun where one of the files has not the size that the manifest names."""
    for name in names:
        wrong = size_damage(folder, name)
        if wrong is not None:
            raise _damaged(folder, name, wrong)


@contextmanager
def reading(folder: Path, name: str) -> Iterator[Path]:
    """The path of a file, to be read in this block.

    Raises
    ------
    DamagedRun
        The manifest has another size, or what reads the file in the block cannot.
    FileNotFoundError
        There is no such file, and no manifest says that there should be.
    """
    require_sizes(folder, name)
    try:
        yield folder / name
    except (SemafoError, FileNotFoundError, NotADirectoryError):
        raise
    except Exception as error:  # what damage looks like has no common class: numpy alone has five
        if isinstance(error, OSError) and error.errno in _NOT_DAMAGE:
            raise
        raise _damaged(folder, name, f"it cannot be read ({type(error).__name__}: {str(error)[:200]})") from error


def read_object(folder: Path, name: str) -> dict[str, Any] | None:
    """A JSON object of the folder; None where there is none. Raises DamagedRun."""
    found: dict[str, Any] | None = _read_plain(folder, name)
    return found


def read_history(folder: Path) -> list[dict[str, Any]]:
    """The lines of the history; of a run that works those that are complete. Raises DamagedRun."""
    found: list[dict[str, Any]] | None = _read_plain(folder, keys.HISTORY_FILE)
    return found or []


def read_array(folder: Path, name: str, axes: int, mapped: bool = False) -> np.ndarray:
    """An array of so many axes; `mapped` leaves it on the disk. Raises DamagedRun, FileNotFoundError."""
    with reading(folder, name) as path:
        values: np.ndarray
        if mapped:
            values = open_memmap(path, mode="r")
        else:
            with path.open("rb") as file:
                values = read_numpy(file, allow_pickle=False)
        if values.ndim != axes or values.dtype.kind not in "fiub":
            raise ValueError(f"it holds no numbers along {axes} axes")
    return values


def read_needed_array(folder: Path, name: str, axes: int, mapped: bool = False) -> np.ndarray:
    """As `read_array`; a finished run without it is damaged."""
    try:
        return read_array(folder, name, axes, mapped)
    except FileNotFoundError:
        require(not (folder / keys.MANIFEST_FILE).exists(), folder, name, "it is gone")
        raise


def read_cells(folder: Path, name: str) -> pd.DataFrame:
    """A table of the folder, one row a cell. Raises DamagedRun, FileNotFoundError."""
    with reading(folder, name) as path:
        return read_table(path)


def require(holds: bool, folder: Path, name: str, wrong: str) -> None:
    """Raise DamagedRun of a file where a condition does not hold; `wrong` says what is found."""
    if not holds:
        raise _damaged(folder, name, wrong)


def _read_plain(folder: Path, name: str) -> Any:
    try:
        with reading(folder, name) as path, path.open("rb") as file:
            stamp, content = _stamp(os.fstat(file.fileno())), file.read()
            if name != keys.HISTORY_FILE and _checked.get(path) == stamp:
                return json.loads(content)  # which was found to be as it should
            found = parsed_json_lines(content) if name == keys.HISTORY_FILE else parsed_json(content)
            if _checked.get(path) != stamp:
                _require_fit(folder, name, content, found)
                _keep(_checked, path, stamp)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found


def _require_fit(folder: Path, name: str, content: bytes, found: Any) -> None:
    digest = listed(folder).get(name, {}).get("sha256")
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise _damaged(folder, name, "its content is not what the run left")
    wrong = misfit_of_file(name, found)
    if wrong is not None:
        raise _damaged(folder, name, wrong)


def _damaged(folder: Path, name: str, wrong: str) -> DamagedRun:
    return DamagedRun(
        f"The run {folder.name} is damaged. Its file {name}: {wrong}. Delete the run and train it again, or put the "
        "file back from a backup or an exported zip."
    )


def _stamp(stat: os.stat_result) -> _Stamp:
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _keep(memory: dict[Path, Any], path: Path, value: Any) -> None:
    if len(memory) >= _MOST_KEPT:
        memory.clear()
    memory[path] = value
