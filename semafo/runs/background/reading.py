"""Reading a file in a process of its own, with limits: how one that takes too long, or is killed, ends in words."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from semafo import installation, wording
from semafo.errors import DataError
from semafo.shortages import how_it_ended

_LEAST_SECONDS = 120.0  # a damaged file may have the HDF5 library go round for ever
_BYTES_A_SECOND = 2_000_000  # of a slow network disk


def run_reading(
    arguments: Sequence[str], paths: Sequence[Path], what: str, seconds: float | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, which read the files; the process limits its own memory.

    Parameters
    ----------
    what
        What messages call it: "The check of cells.h5ad".
    seconds
        After which it is ended; None for what files of their size can take.

    Raises
    ------
    DataError
        It took too long, or a signal ended it.
    """
    limit = seconds_for_reading(paths) if seconds is None else seconds
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=installation.environment(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        raise DataError(
            f"{what} was ended after {wording.duration(limit)} without a result. The file may be damaged, or lie on a "
            "disk that does not answer: copy it to this machine and try again."
        ) from None
    if done.returncode < 0:
        raise DataError(
            f"{what} {how_it_ended(done.returncode)}. The file may be damaged, or hold far more than its size says: "
            "use a whole one, or one with fewer cells or genes."
        )
    return done


def seconds_for_reading(paths: Sequence[Path]) -> float:
    """How long reading these files may take."""
    return _LEAST_SECONDS + sum(path.stat().st_size for path in paths) / _BYTES_A_SECOND
