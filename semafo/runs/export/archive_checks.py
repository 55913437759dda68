"""What a zip must be like before anything of it is unpacked, see `semafo.runs.export.archive_import`."""

import errno
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from semafo import wording
from semafo.errors import DataError, SettingsError
from semafo.files import parsed_json
from semafo.runs.export.run_archive import KIND, LIST_FILE, SCHEMA

_MOST_LIST_BYTES, _MOST_FILES = 2**25, 200_000
# Times its size in the zip that a file may unpack to, and all files together; numbers and tables have two or three
_MOST_INFLATION, _MOST_INFLATION_OF_ALL = 1000, 200
_SMALL = 1_000_000  # bytes that may be as dense as they like
_LONGEST_NAME = 120  # characters of a name that are repeated
_ENCRYPTED = 0x1  # flag of a file in a zip
NAME = re.compile(r"(?P<kind>runs|sweeps)/(?P<id>[a-z0-9][a-z0-9.-]{0,120})/(?P<file>[A-Za-z0-9][\w.-]{0,120})")
NOT_OURS = "Give a .zip that `semafo export` or a Runs page wrote."


# What damage of a zip looks like to Python's zipfile
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OverflowError, ValueError)


@contextmanager
def damage_in_words() -> Iterator[None]:
    """In a block that reads a zip and does nothing else: raise DataError of whatever damage makes of that."""
    try:
        yield
    except _DAMAGE as error:
        raise DataError(f"The zip is damaged or no zip at all ({str(error)[:200]}). {NOT_OURS}") from None
    except NotImplementedError as error:  # zipfile's answer to a compression, encryption or version that it cannot read
        raise DataError(f"The zip is packed in a way that is not read here ({str(error)[:200]}). {NOT_OURS}") from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place before the file's beginning
            raise
        raise DataError(f"The zip is damaged: it points to places that it has not. {NOT_OURS}") from None


def require_readable(archive: zipfile.ZipFile) -> None:
    """Refuse what an export never has: too many files, two of one name, files that swell, or that nobody can read."""
    infos = archive.infolist()
    names = Counter(info.filename for info in infos)
    if len(infos) > _MOST_FILES + 1:
        raise DataError(f"The zip has {len(infos)} files; {_MOST_FILES} are the most that are taken in. {NOT_OURS}")
    twice = next((name for name, n in names.items() if n > 1), None)
    if twice is not None:
        raise DataError(f"The zip has two files of the name {twice[:_LONGEST_NAME]}. {NOT_OURS}")
    for info in infos:
        if info.file_size > max(_SMALL, _MOST_INFLATION * info.compress_size):
            name = info.filename[:_LONGEST_NAME]
            raise DataError(f"{name} in the zip unpacks to far more than a file does. {NOT_OURS}")
    unpacked, packed = (sum(getattr(info, name) for info in infos) for name in ("file_size", "compress_size"))
    if packed > archive.start_dir:
        raise DataError(f"Files in the zip overlap. {NOT_OURS}")
    if unpacked > max(100 * _SMALL, _MOST_INFLATION_OF_ALL * packed):
        raise DataError(f"The zip unpacks to {wording.size(unpacked)}, far more than it holds. {NOT_OURS}")
    for info in infos:
        if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            name = info.filename[:_LONGEST_NAME]
            raise DataError(f"{name} in the zip is encrypted, or compressed in an unusual way. {NOT_OURS}")


def read_list(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        info = archive.getinfo(LIST_FILE)
    except KeyError:
        raise DataError(f"There is no {LIST_FILE} in the zip, so it is no export of runs. {NOT_OURS}") from None
    if info.file_size > _MOST_LIST_BYTES:
        raise DataError(f"{LIST_FILE} is too large to be a list of runs. {NOT_OURS}")
    try:
        with archive.open(info) as stream:
            facts = parsed_json(stream.read(_MOST_LIST_BYTES))
    except ValueError as error:
        raise DataError(f"{LIST_FILE} in the zip cannot be read ({error}). {NOT_OURS}") from None
    if not isinstance(facts, dict) or facts.get("kind") != KIND:
        raise DataError(f"The zip is no export of runs. {NOT_OURS}")
    if not isinstance(facts.get("schema"), int) or facts["schema"] > SCHEMA:
        version, layout = (str(facts.get(name))[:_LONGEST_NAME] for name in ("semafo", "schema"))
        raise SettingsError(
            f"The zip was written by a newer Semafo ({version}; layout {layout}, and this one reads up to {SCHEMA}). "
            "Update Semafo here, or export it there with this version."
        )
    return facts


def checked_members(archive: zipfile.ZipFile, facts: dict[str, Any], room: int) -> dict[str, dict[str, Any]]:
    """Files to take, by name, with their size and hash. Names that point elsewhere, or more than fits, are refused."""
    listed = facts.get("files")
    if not isinstance(listed, dict) or len(listed) > _MOST_FILES or not all(map(_is_listed, listed.items())):
        raise DataError(f"{LIST_FILE} lists files that a run does not have. {NOT_OURS} Nothing was imported.")
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
    if not isinstance(name, str) or NAME.fullmatch(name) is None or not isinstance(entry, dict):
        return False
    size, digest = entry.get("bytes"), entry.get("sha256")
    is_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return is_size and isinstance(digest, str)
