"""What a timing depends on, printed beside every table."""

import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any


def machine(packages: Sequence[str] = (), n_threads: int | None = None) -> dict[str, Any]:
    """Processor, cores that may be used, threads, load average of the last minute, Python and package versions."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = {package: metadata.version(package) for package in packages}
    facts = {"processor": _processor(), "cores": usable, "load": round(os.getloadavg()[0], 1)}
    threads = {} if n_threads is None else {"threads": n_threads}
    return {**facts, **threads, "python": platform.python_version(), **versions}


def described(facts: dict[str, Any]) -> str:
    """The same in one line."""
    return " · ".join(f"{name} {value}" for name, value in facts.items())


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
