"""The engine: one process a home that holds the queue, starts workers and writes the index.

`python -m semafo.runs.engine.process HOME` is started by the first app or command that needs it
(`semafo.runs.engine.launch`). It takes requests from the home's inbox, gives each run to a worker in two halves
(training and maps, then scores), and writes down how each ended. It ends itself when nobody is left to serve. Workers
are its own processes or, where SEMAFO_SCHEDULER names a scheduler, those that have joined it.
"""

import fcntl
import logging
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, TextIO

from semafo.runs.home import Home
from semafo.runs.workers.processes import Forkserver, imports_are_no_garbage
from semafo.runs.workers.scheduler_address import scheduler_address

if TYPE_CHECKING:
    from semafo.runs.engine.run_queue import Queue

_ROUND_SECONDS = 0.1
_LINGER_SECONDS = float(os.environ.get("SEMAFO_ENGINE_LINGER_SECONDS", "120"))  # without clients and work


def main(home_path: str) -> None:
    """Serve a home until nobody needs it."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.umask(0o077)  # what the engine and its workers write is for the home's owner
    home = Home.at(home_path)
    lock = _take_lock(home)
    if lock is None:
        return
    home.engine_file.unlink(missing_ok=True)  # left by an engine that was killed; it appears when this one is ready
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    address = scheduler_address()
    forkserver = None if address else Forkserver.open()  # imports while this process does
    queue = _queue(home, address, forkserver)
    try:
        _serve(home, queue, lock)
    finally:
        queue.close()
        if forkserver is not None:
            forkserver.close()
        if _holds(home, lock):
            home.engine_file.unlink(missing_ok=True)
        lock.close()


def _queue(home: Home, address: str | None, forkserver: Forkserver | None) -> "Queue":
    """The queue; its scheduler's library takes a second to import."""
    with imports_are_no_garbage():
        from semafo.runs.engine.run_queue import Queue

        if address:
            from semafo.runs.workers.cluster import RemotePool

            return Queue(home, RemotePool(home, address))
        from semafo.runs.workers.local import Pool

    return Queue(home, Pool(home, n_cores(), forkserver))


def n_cores() -> int:
    """Cores to train on: SEMAFO_WORKERS, or those that this process may use."""
    given = os.environ.get("SEMAFO_WORKERS")
    if given:
        return max(1, int(given))
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return usable or 1


def _serve(home: Home, queue: "Queue", lock: TextIO) -> None:
    last_needed = time.monotonic()
    while time.monotonic() - last_needed < _LINGER_SECONDS and _holds(home, lock):
        queue.round()
        if queue.has_work or _has_clients(home):
            last_needed = time.monotonic()
        time.sleep(_ROUND_SECONDS)


def _has_clients(home: Home) -> bool:
    """Whether an app or command that asked for the engine still lives."""
    alive = False
    for path in (home.engine / "clients").glob("[1-9]*"):
        try:
            os.kill(int(path.name), 0)
            alive = True
        except (ProcessLookupError, ValueError, OverflowError):  # it has ended, or is no process id
            path.unlink(missing_ok=True)
        except PermissionError:
            alive = True
    return alive


def _holds(home: Home, lock: TextIO) -> bool:
    """Whether the home's lock is still the file that this engine locked. A deleted home has another, or none."""
    try:
        return os.path.samestat(os.stat(home.lock), os.fstat(lock.fileno()))
    except FileNotFoundError:
        return False


def _take_lock(home: Home) -> TextIO | None:
    """Hold the home's lock, or None where another engine does. A client that looks holds it for a moment too."""
    handle = home.lock.open("a")
    for _ in range(40):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return handle
    return None


if __name__ == "__main__":
    main(sys.argv[1])
