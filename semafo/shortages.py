"""When a machine has no more to give: which errors say that memory or a disk ran out, and what to say of it.

Libraries say so in errors of many types, so these are known by their words as well.
"""

import errno
import re
import shutil
import signal
from pathlib import Path

from semafo.errors import SemafoError

_MEMORY_WORDS = (
    *("can't allocate memory", "cannot allocate memory", "unable to allocate", "memory allocation failed"),
    *("not enough memory", "out of memory", "bad_alloc", "bad allocation"),
)
_DISK_WORDS = ("no space left on device", "disk quota exceeded", "database or disk is full")
_CUT_SHORT = re.compile(r"\d+ requested and \d+ written")  # NumPy, which leaves out why
_DISK_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CRASHES = {"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"}


def is_memory_shortage(error: BaseException) -> bool:
    """Whether an error says that memory ran out; torch, C++ and HDF5 say so in errors of other types."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, SemafoError):  # says already what it has to say
        return False
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return any(words in str(error).lower() for words in _MEMORY_WORDS)


def is_disk_shortage(error: BaseException) -> bool:
    """Whether an error says that a disk, or a user's share of it, is full."""
    if isinstance(error, SemafoError):
        return False
    if isinstance(error, OSError) and error.errno in _DISK_CODES:
        return True
    text = str(error).lower()
    return any(words in text for words in _DISK_WORDS) or _CUT_SHORT.search(text) is not None


def disk_sentence(place: Path) -> str:
    """That the disk which holds a file or folder is full, how much is free, and what to do."""
    return (
        f"The disk that holds {place} is full: {_free(place)}. Free some space, for example with `semafo clean`, and "
        "start it again."
    )


def in_words(error: BaseException, place: Path | None = None) -> str | None:
    """What to say of an error that is a shortage; None of any other.

    place: the home, or what else was being written; the file that the error names goes before it.
    """
    if is_disk_shortage(error):
        named = getattr(error, "filename", None)
        inside = place is not None and (named is None or place in Path(str(named)).parents)
        return disk_sentence(place if inside and place is not None else Path(str(named or ".")).absolute())
    if is_memory_shortage(error):
        return "There was not enough memory. Use fewer cells or genes, or a machine with more memory."
    return None


def how_it_ended(exit_code: int) -> str:
    """How a process ended, to follow upon its name; a negative exit code is the signal that ended it."""
    if exit_code >= 0:
        return f"ended unexpectedly (exit code {exit_code})"
    try:
        name = signal.Signals(-exit_code).name
    except ValueError:
        name = "unknown"
    said = f"(signal {-exit_code}, {name})"
    if name == "SIGKILL":
        return f"was ended by the system {said}, most likely for lack of memory"
    return f"crashed {said}" if name in _CRASHES else f"was ended from outside {said}"


def _free(place: Path) -> str:
    for folder in (place, *place.parents):
        try:
            return f"{shutil.disk_usage(folder).free / 1e6:,.1f} MB free"
        except OSError:  # a file that is not there, or not any more
            continue
    return "no room left"
