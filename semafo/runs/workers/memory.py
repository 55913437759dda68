"""How much memory a worker may take: SEMAFO_WORKER_MEMORY, for example 6GB. Without it, what the machine has.

The limit is the system's own (RLIMIT_DATA), so that it is the run that fails, in words, and the worker lives on. Linux
keeps it; macOS takes it and lets everything through.
"""

import os
import re
import resource

from semafo.errors import SettingsError

MEMORY_VARIABLE = "SEMAFO_WORKER_MEMORY"
_LEAST_BYTES = 10**9  # the libraries take half of it
_UNITS = {"": 1, "MB": 10**6, "MIB": 2**20, "GB": 10**9, "GIB": 2**30, "TB": 10**12, "TIB": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)")
_SAID_BY_LIBRARIES = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc", "bad allocation")


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


def is_shortage(error: BaseException) -> bool:
    """Whether an error says that memory ran out; torch and C++ say so in a RuntimeError."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(said in text for said in _SAID_BY_LIBRARIES)
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
