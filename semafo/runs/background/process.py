"""Work that pages ask for and must not do themselves: a process of its own, one at a time a home and kind of work.

The process outlives the page that asked for it and gives way to all others. It holds a lock, which the system takes
from it however it ends, so one that was killed is in nobody's way.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypedDict

from semafo.files import parsed_json, read_json
from semafo.runs.home import Home
from semafo.runs.workers.processes import worker_environment

_NICENESS = 10


class _Note(TypedDict, total=False):
    """What a lock file says of its work."""

    pid: int
    started: float
    folders: list[str]
    run_ids: list[str]
    kind: str
    path: str


@dataclass(frozen=True)
class Background:
    """A kind of work in a home, such as t-SNE. Its lock file says what is being done."""

    home: Home
    name: str

    def start(self, arguments: Sequence[str], note: dict[str, Any], errors: Path | None = None) -> bool:
        """Start Python with these arguments; False where work of this kind is under way.

        Parameters
        ----------
        note
            What `under_way` gives while the process lives.
        errors
            File for what it says on stderr; None throws it away.
        """
        with self._lock_file.open("a+b") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            process = _started(arguments, lock, errors)
            _write(lock, {**note, "pid": process.pid})
        threading.Thread(target=process.wait, daemon=True).start()  # buries it when it has ended
        return True

    def under_way(self) -> dict[str, Any] | None:
        """The note of the living process, with its `pid`; None where none lives."""
        if not self._lock_file.exists():
            return None
        with self._lock_file.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                note: dict[str, Any] = read_json(self._lock_file, {}, _Note)
                return note
        return None

    def stop(self) -> None:
        """End the living process, if there is one."""
        found = self.under_way()
        if found and found.get("pid"):
            with suppress(ProcessLookupError):
                os.kill(found["pid"], signal.SIGTERM)

    @property
    def _lock_file(self) -> Path:
        return self.home.engine / f"{self.name}.lock"


def _started(arguments: Sequence[str], lock: BinaryIO, errors: Path | None) -> subprocess.Popen[bytes]:
    with open(os.devnull if errors is None else errors, "wb") as said:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
            pass_fds=[lock.fileno()],  # the lock is the process's from its first moment, and ends with it
            env=worker_environment(1),
        )
    with suppress(OSError):  # it has ended already
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICENESS)
    return process


def _write(lock: BinaryIO, value: dict[str, Any]) -> None:
    lock.truncate(0)
    lock.write(json.dumps(value).encode())
    lock.flush()


def last_said(text: str, kind: str) -> str | None:
    """The last `error` or `warning` among what a command said with `--json` on stderr; None where it said none."""
    for line in reversed(text.splitlines()):
        try:
            said = parsed_json(line)[kind]
        except (ValueError, LookupError, TypeError):
            continue
        if isinstance(said, str):
            return said
    return None
