"""Start a home's engine where none lives. Cheap to call: a lock says whether one does."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Required, TypedDict

from semafo import installation
from semafo.errors import EngineError
from semafo.files import read_json, write_json
from semafo.runs.engine.process import n_cores
from semafo.runs.home import Home
from semafo.runs.workers.memory import worker_memory
from semafo.runs.workers.scheduler_address import SCHEDULER_VARIABLE, scheduler_address
from semafo.shortages import disk_sentence

_LEAST_FREE_BYTES = 2**18  # below which not even a status can be written
START_SECONDS = 30  # until the engine must be ready; a slow disk needs a few

_launching = threading.Lock()  # two pages that ask at once start one engine
_started: list[subprocess.Popen[bytes]] = []  # by this process, which buries them when they end


def ensure_engine(home: Home) -> None:
    """Return with an engine alive that serves this home; it lives at least as long as this process.

    Raises
    ------
    EngineError
        The engine ended at its start (the message quotes its log), or lives with other workers than those that
        SEMAFO_SCHEDULER asks for.
    SettingsError
        SEMAFO_SCHEDULER is no address of a scheduler that speaks TLS, or SEMAFO_WORKER_MEMORY no size.
    """
    with _launching:
        _ensure(home)


def _ensure(home: Home) -> None:
    address = scheduler_address()
    worker_memory()
    home.require_there()
    _register(home)
    _started[:] = [process for process in _started if process.poll() is None]
    if engine_pid(home) is not None:
        _require_same_scheduler(home, address)
        return
    log = home.engine / "engine.log"
    command = [sys.executable, "-m", "semafo.runs.engine.process", str(home.path)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=installation.environment(),
        )
    _started.append(process)
    deadline = time.monotonic() + START_SECONDS
    while engine_pid(home) is None:
        # Exit code 0 means that another engine was faster; it is about to be ready.
        if process.poll() or time.monotonic() > deadline:
            raise EngineError(_why_not_started(home, log))
        time.sleep(0.05)


def _why_not_started(home: Home, log: Path) -> str:
    """A full disk, which takes no log either, or what the log says."""
    full = _full_disk(home)
    if full is not None:
        return full
    tail = log.read_text(encoding="utf-8", errors="replace")[-800:] if log.exists() else "nothing"
    return f"The engine did not start. Its log {log} ends with:\n{tail}"


def _full_disk(home: Home) -> str | None:
    """A sentence where the home's disk has no room for anything; None while it has, or where the home is gone."""
    try:
        is_full = shutil.disk_usage(home.path).free < _LEAST_FREE_BYTES
    except OSError:
        return None
    return disk_sentence(home.path) if is_full else None


def _require_same_scheduler(home: Home, address: str | None) -> None:
    """One engine a home, with one kind of workers. Who asks for no scheduler takes what there is."""
    facts = _facts(home)
    if address is None or not facts or facts.get("scheduler") == address:
        return
    trains_at = facts.get("scheduler") or "on its own machine"
    raise EngineError(
        f"The engine of this home (process {facts.get('pid')}) trains {trains_at}, and {SCHEDULER_VARIABLE} or "
        f"--scheduler asks for {address}. Close the apps and commands that use this home; the engine ends two minutes "
        "after its last run. Then start again."
    )


def notice(home: Home) -> str | None:
    """Why runs wait, in a sentence for users: a full disk, no scheduler, no workers. None while all is well."""
    if not is_alive(home):
        return None
    return _full_disk(home) or _facts(home).get("notice")


def is_loading(home: Home) -> bool:
    """Whether a run that is started now has to wait until an engine is there and a worker has loaded its libraries."""
    facts = _facts(home) if is_alive(home) else {}
    return bool(facts.get("is_loading", not facts))


def n_workers(home: Home) -> int:
    """Workers that a run may count on: those that have joined SEMAFO_SCHEDULER's scheduler, or this machine's cores.

    At least 1: a cluster whose engine does not live yet is not known.
    """
    if scheduler_address() is None:
        return n_cores()
    return max(1, len(_facts(home).get("workers", ())) if is_alive(home) else 0)


def is_alive(home: Home) -> bool:
    """Whether an engine holds the home's lock."""
    try:
        handle = home.lock.open("rb")  # to be read only: so may the home be
    except FileNotFoundError:
        return False
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def engine_pid(home: Home) -> int | None:
    """Process id of the engine that is ready to work, or None."""
    return _facts(home).get("pid") if is_alive(home) else None


class _EngineFacts(TypedDict, total=False):
    """What the engine tells of itself, see `semafo.runs.engine.published_state`."""

    pid: Required[int]
    workers: list[int | str]  # process ids, or the names of those that joined a scheduler
    busy: dict[str, int | str]
    scheduler: str | None
    notice: str | None
    is_loading: bool


def _facts(home: Home) -> dict[str, Any]:
    found: dict[str, Any] = read_json(home.engine_file, {}, _EngineFacts)
    return found


def _register(home: Home) -> None:
    """Tell the engine that this process is a client: it stays while one is alive."""
    clients = home.engine / "clients"
    clients.mkdir(exist_ok=True)
    mine = clients / str(os.getpid())
    if not mine.exists():
        write_json(mine, {"pid": os.getpid(), "since": time.time()})
