"""Start a home's engine where none lives. Cheap to call: a lock says whether one does."""

import fcntl
import os
import subprocess
import sys
import threading
import time

from semafo.errors import EngineError
from semafo.files import read_json, write_json
from semafo.runs.home import Home

START_SECONDS = 30  # until the engine must be ready; a slow disk needs a few

_launching = threading.Lock()  # two pages that ask at once start one engine
_started: list[subprocess.Popen] = []  # engines that this process started, so that it can bury them when they end


def ensure_engine(home: Home) -> None:
    """Return with an engine alive that serves this home; it lives at least as long as this process.

    Raises
    ------
    EngineError
        The engine ended at its start; the message quotes its log.
    """
    with _launching:
        _ensure(home)


def _ensure(home: Home) -> None:
    _register(home)
    _started[:] = [process for process in _started if process.poll() is None]
    if engine_pid(home) is not None:
        return
    log = home.engine / "engine.log"
    command = [sys.executable, "-m", "semafo.runs.engine", str(home.path)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, env=_environment()
        )
    _started.append(process)
    deadline = time.monotonic() + START_SECONDS
    while engine_pid(home) is None:
        # Exit code 0 means that another engine was faster; it is about to be ready.
        if process.poll() or time.monotonic() > deadline:
            tail = log.read_text(encoding="utf-8", errors="replace")[-800:]
            raise EngineError(f"The engine did not start. Its log {log} ends with:\n{tail}")
        time.sleep(0.05)


def is_alive(home: Home) -> bool:
    """Whether an engine holds the home's lock."""
    with home.lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def engine_pid(home: Home) -> int | None:
    """Process id of the engine that is ready to work, or None."""
    return read_json(home.engine_file, {}).get("pid") if is_alive(home) else None


def _register(home: Home) -> None:
    """Tell the engine that this process is a client: it stays while one is alive."""
    clients = home.engine / "clients"
    clients.mkdir(exist_ok=True)
    mine = clients / str(os.getpid())
    if not mine.exists():
        write_json(mine, {"pid": os.getpid(), "since": time.time()})


def _environment() -> dict[str, str]:
    """The engine imports this very semafo, wherever the calling process found it."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
