"""A small disk of its own, which can really be full."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.needs import missing

_FILLER = "filler"


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    """A file system of that size (`2m`) at `path`; skips the test where nobody here may mount one."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode != 0:
        missing("a small file system, which only root can mount")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(disk: Path) -> None:
    """Leave no byte free."""
    with (disk / _FILLER).open("ab", buffering=0) as handle:
        for n_bytes in (2**20, 2**12, 1):
            while True:
                try:
                    if handle.write(bytes(n_bytes)) < n_bytes:
                        break
                except OSError:
                    break


def make_room(disk: Path) -> None:
    """Take back what `fill` wrote."""
    (disk / _FILLER).unlink()
