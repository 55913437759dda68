"""How much memory a worker may take: SEMAFO_WORKER_MEMORY, for example 6GB. Without it, what the machine has.

The limit is the system's own (RLIMIT_DATA), so that it is the run that fails, in words, and the worker lives on. Linux
keeps it; macOS takes it and lets everything through.
"""

import os
import re
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from semafo.errors import DataError, SettingsError
from semafo.shortages import is_memory_shortage

MEMORY_VARIABLE = "SEMAFO_WORKER_MEMORY"
_LEAST_BYTES = 10**9  # the libraries take half of it
_UNITS = {"": 1, "MB": 10**6, "MIB": 2**20, "GB": 10**9, "GIB": 2**30, "TB": 10**12, "TIB": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)")
_READING_BYTES, _READING_BYTES_A_CORE = 2_000_000_000, 2**24  # of any file; threads have stacks
_READING_BYTES_A_BYTE = 200  # of the file: compressed counts take a byte each, and 12 bytes in each of several copies
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def worker_memory() -> int | None:
    """The limit in bytes; None without one. Raises SettingsError."""
    given = os.environ.get(MEMORY_VARIABLE, "").strip()
    if not given:
        return None
    found = _SIZE.fullmatch(given)
    n_bytes = int(float(found[1]) * _UNITS.get(found[2].upper(), 0)) if found else 0
    if n_bytes < _LEAST_BYTES:
        raise SettingsError(f"{MEMORY_VARIABLE} is {given!r}: write a size of at least 1GB, for example 6GB or 512GiB.")
    return n_bytes


def limit_memory() -> None:
    """Keep this process, and what it starts, below the limit."""
    n_bytes = worker_memory()
    if n_bytes is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, hard))


@contextmanager
def memory_for_reading(paths: Sequence[Path], what: str) -> Iterator[None]:
    """Keep this process below what reading these files may take, and say so in words where that does not suffice.

    Parameters
    ----------
    paths
        The files; none where data are simulated.
    what
        What messages call the reading.

    Raises
    ------
    DataError
        What is done inside needs more memory.
    """
    limit, (soft, hard) = reading_memory(paths), resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    except Exception as error:
        if not is_memory_shortage(error):
            raise
        raise DataError(_reading_reason(what, limit)) from None
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def reading_memory(paths: Sequence[Path]) -> int:
    """How much memory reading these files may take, in bytes: SEMAFO_WORKER_MEMORY, where it is set.

    Without it, half of what the machine has, and no more than what files of their size can need: a small file that
    unfolds into gigabytes is no data set.
    """
    given = worker_memory()
    if given is not None:
        return given
    half = max(_LEAST_BYTES, _machine_memory() // 2)
    if not paths:
        return half
    stored = sum(path.stat().st_size for path in paths)
    needed = _READING_BYTES + _READING_BYTES_A_CORE * (os.cpu_count() or 1) + _READING_BYTES_A_BYTE * stored
    return min(half, needed)


def _machine_memory() -> int:
    """Of the machine, or of the container in it."""
    n_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        n_bytes = min(n_bytes, int(_CGROUP_LIMIT.read_text()))
    return n_bytes


def _reading_reason(what: str, limit: int) -> str:
    set_by = f", set by {MEMORY_VARIABLE}" if os.environ.get(MEMORY_VARIABLE, "").strip() else ""
    return (
        f"{what} needed more memory than it may take ({limit / 1e9:.1f} GB{set_by}). The file may unfold into far more "
        f"than its size says: look at what is in it, or use fewer cells or genes. To allow more, set {MEMORY_VARIABLE} "
        "to a larger size, such as 16GB."
    )


def shortage_reason() -> str:
    """What to say of a run for which the memory did not suffice."""
    given = os.environ.get(MEMORY_VARIABLE, "").strip()
    if not given:
        return "There was not enough memory. Use fewer cells or genes, or a machine with more memory."
    return (
        f"The run needed more memory than a worker may take ({given}, set by {MEMORY_VARIABLE}). Use fewer cells or "
        "genes, or raise the limit and start the engine and its workers anew."
    )
