"""A home on a disk that lets nobody write, not even root."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from semafo.runs.home import Home
from tests.support.needs import missing


@contextmanager
def read_only(home: Home) -> Iterator[None]:
    """Within, the home can be read only; skips the test where nobody here may mount."""
    path = str(home.path)
    commands = (["mount", "--bind", path, path], ["mount", "-o", "remount,ro,bind", path])
    try:
        if shutil.which("mount") is None or any(
            subprocess.run(one, capture_output=True).returncode for one in commands
        ):
            missing("a disk that cannot be written, which only root can mount")
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], capture_output=True)
