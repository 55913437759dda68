"""Opening HDF5 files: whatever stands in the way becomes one sentence, and only damage is called damage."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semafo.data.hdf5.self_contained import require_self_contained
from semafo.errors import DataError, SemafoError
from semafo.shortages import is_memory_shortage

if TYPE_CHECKING:
    import h5py

_HELD_BY_FLAGS = "already open for write"  # how HDF5 says that whoever wrote the file has not closed it

_KNOWN_VERSIONS = ("", "0.1.0", "0.2.0")  # of AnnData's encodings


class UnreadablePart(Exception):
    """A part of a file that is stored in a way unknown here; the message follows the part's name."""


@contextmanager
def opened(path: Path) -> Iterator["h5py.File"]:
    """An HDF5 file, once nothing in it leads elsewhere; open until the context ends. Nobody can write to it meanwhile.

    Raises
    ------
    DataError
        It cannot be opened. What reading it raises later is for `troubles_reported`.
    """
    import h5py
    import hdf5plugin  # noqa: F401  teaches the HDF5 library Zstandard, Blosc, LZ4 and others

    with troubles_reported(path):
        require_self_contained(path)
        file = h5py.File(path, "r")
    with file:
        yield file


@contextmanager
def troubles_reported(path: Path) -> Iterator[None]:
    """Whatever h5py and AnnData raise while they read a file becomes a DataError of one sentence."""
    try:
        yield
    except (SemafoError, MemoryError):
        raise
    except Exception as error:
        if is_memory_shortage(error):
            raise MemoryError(str(error)) from error
        raise DataError(_in_words(path, error)) from error


def require_filters(stored: Any) -> None:
    """Raise UnreadablePart where a data set, or one in a group, was compressed by what is not installed here."""
    import h5py

    if isinstance(stored, h5py.Group):
        for part in stored.values():
            require_filters(part)
    elif isinstance(stored, h5py.Dataset):
        settings = stored.id.get_create_plist()
        for i in range(settings.get_nfilters()):
            number, _, _, name = settings.get_filter(i)
            if not h5py.h5z.filter_avail(number):
                named = f" ({name.decode(errors='replace')})" if name else ""
                raise UnreadablePart(f"is compressed by the HDF5 filter {number}{named}, which is not installed here")


def encoding_of(stored: Any) -> str:
    """How a part says that it is encoded; empty where it says nothing."""
    return _attribute(stored, "encoding-type")


def require_known(stored: Any, encodings: Collection[str]) -> None:
    """Raise UnreadablePart where a part is encoded otherwise, or by a later version of an encoding."""
    encoding, version = encoding_of(stored), _attribute(stored, "encoding-version")
    if encoding not in encodings:
        raise UnreadablePart(f"is stored as {encoding[:80]!r}, which this version cannot read")
    if version not in _KNOWN_VERSIONS:
        raise UnreadablePart(
            f"is stored as {encoding[:80]!r} in version {version[:80]!r}, which is later than this one"
        )


def native(values: np.ndarray) -> np.ndarray:
    """Numbers in a form that pandas and SciPy take: of this machine's byte order, and not in half precision."""
    if values.dtype.kind == "f" and values.dtype.itemsize == 2:
        return values.astype(np.float32)
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))


def _attribute(stored: Any, name: str) -> str:
    found = stored.attrs.get(name, "")
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)


def _in_words(path: Path, error: Exception) -> str:
    if isinstance(error, BlockingIOError):
        return (
            f"{path} is held by another program, which is writing it or has it open for writing. Close it there, or "
            "copy the file and use the copy."
        )
    if _HELD_BY_FLAGS in str(error):
        return (
            f"{path} was never closed by the program that writes it. Wait until it is done; if it was ended before "
            "that, write the file again."
        )
    if isinstance(error, PermissionError):
        return f"{path} cannot be read: this user has no permission. Change the file's permissions, or copy it."
    if isinstance(error, FileNotFoundError):
        return f"{path} is not there any more. Give the path of an .h5ad file on the machine that runs Semafo."
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return (
        f"{path} is damaged or incomplete. Expected a whole .h5ad file: copy or download it again. "
        f"What reading it said: {reason}"
    )
