"""Which worker may finish a run: tickets.

A worker that lost its connection may go on working while its run is given to another. So each attempt at a run has a
ticket, an empty hidden file in the run's folder that the engine puts there and takes away. A worker that finds its
ticket gone stops. The manifest, which commits the run, is the ticket itself, filled in and renamed: the file system
lets either the worker rename it or the engine remove it, and never both, on a shared disk as well.

A second file says that a worker has begun, because dask may give a task of a lost worker to the next one by itself.
"""

import errno
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from semafo import keys
from semafo.errors import RunSuperseded
from semafo.files import write_guarded

_TICKET, _BEGUN = ".attempt-", ".begun-"
_SECONDS_BETWEEN_LOOKS = 0.2  # a look at a shared disk is a message to its server
_GONE = (errno.ENOENT, errno.ESTALE)


def issue(folder: Path) -> str:
    """A ticket for a new attempt; earlier ones are void. Called by the engine only."""
    revoke(folder)
    token = uuid.uuid4().hex
    (folder / f"{_TICKET}{token}").touch(mode=0o600)
    return token


def revoke(folder: Path) -> None:
    """Void all tickets: from now on the run is committed already, or by nobody. Called by the engine only."""
    for pattern in (_TICKET, _BEGUN):
        for path in folder.glob(f"{pattern}*"):
            path.unlink(missing_ok=True)


class Attempt:
    """A worker's side of a ticket."""

    def __init__(self, folder: Path, token: str) -> None:
        self._folder = folder
        self._ticket = folder / f"{_TICKET}{token}"
        self._begun = folder / f"{_BEGUN}{token}"
        self._looked = 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Begin, once; inside, no file of the run is moved to its place without the ticket. Raises RunSuperseded."""
        try:
            os.close(os.open(self._begun, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            raise RunSuperseded("This attempt was begun before, by a worker that is lost.") from None
        try:
            self.check()
        except RunSuperseded:
            self._begun.unlink(missing_ok=True)
            raise
        with write_guarded(self.check):
            yield

    def check(self) -> None:
        """Raise RunSuperseded where the ticket is gone. Setting its time asks a shared disk's server, not a cache."""
        self._looked = time.monotonic()
        try:
            os.utime(self._ticket)
        except OSError as error:
            raise self._superseded(error) from None

    def tick(self) -> None:
        """`check`, but not at every step of a training."""
        if time.monotonic() - self._looked > _SECONDS_BETWEEN_LOOKS:
            self.check()

    def commit(self, manifest: dict[str, Any]) -> None:
        """Write the manifest: the run is finished, by this attempt. Raises RunSuperseded."""
        try:
            with self._ticket.open("r+b") as handle:
                handle.write(json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False).encode())
                handle.flush()
                os.fsync(handle.fileno())
            self._ticket.rename(self._folder / keys.MANIFEST_FILE)
        except OSError as error:
            raise self._superseded(error) from None

    def _superseded(self, error: OSError) -> OSError | RunSuperseded:
        return RunSuperseded("The run was given to another worker.") if error.errno in _GONE else error
