"""The engine's processes: how much they may take, and how workers are started. Light to import."""

import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from semafo import installation, threads

NICENESS = 5  # the processes that serve pages go before those that train
ENGINE_VARIABLE = "SEMAFO_ENGINE_PID"  # a worker ends with the engine of this process id
FORKSERVER_PROGRAM = ["-m", "semafo.runs.workers.forkserver"]
_ADOPT_ORPHANS = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)


def give_way() -> None:
    """Lower this process's priority to that of training, once."""
    os.nice(max(0, NICENESS - os.nice(0)))


@contextmanager
def imports_are_no_garbage() -> Iterator[None]:
    """Import with the garbage collector off, in three quarters of the time, and hide all modules from it for good.

    Collecting while thousands of modules come in finds nothing, and nothing of them is garbage later.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def worker_environment(n_threads: int) -> dict[str, str]:
    """Environment of a worker: its threads have to be known before anything is imported."""
    variables = dict.fromkeys(threads.VARIABLES, str(n_threads))
    no_pages = {"DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]"}
    own = {"PYTHONWARNINGS": "ignore", ENGINE_VARIABLE: str(os.getpid())}
    return {**installation.environment(), **variables, **no_pages, **own}


class Forkserver:
    """A process that imports the libraries once, and from which workers of one thread are forked (Linux).

    Two workers that import for themselves take the processor twice, at the moment when the first page is drawn. The
    forked ones share the libraries' memory as well. See `semafo.runs.workers.forkserver` for the other side.
    """

    def __init__(self) -> None:
        command = [sys.executable, *FORKSERVER_PROGRAM]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=worker_environment(1)
        )
        assert self._process.stdin is not None  # a pipe, like the next
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdout.fileno(), False)
        self._expected: deque[Forked] = deque()
        self._unread = b""

    @classmethod
    def open(cls) -> "Forkserver | None":
        """A forkserver, or None where the system has no safe way to fork: macOS, whose frameworks do not survive it."""
        if sys.platform != "linux" or ctypes.CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0) != 0:
            return None
        return cls()

    @property
    def exit_code(self) -> int | None:
        """None while it lives."""
        return self._process.poll()

    def fork(self, arguments: Sequence[str]) -> "Forked":
        """A worker with these arguments of `dask worker`. It is born once the libraries are imported."""
        worker = Forked(self)
        self._expected.append(worker)
        with suppress(BrokenPipeError):  # a forkserver that has died is seen by `Forked.poll`
            self._stdin.write(json.dumps(list(arguments)).encode() + b"\n")
            self._stdin.flush()
        return worker

    def hear(self) -> None:
        """Learn of the workers that were born since the last call, in the order in which they were asked for."""
        with suppress(BlockingIOError):
            self._unread += os.read(self._stdout.fileno(), 4096)
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            self._expected.popleft().pid = int(line)

    def close(self) -> None:
        """End the forkserver. Workers that were born live on."""
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._stdin.close()
        self._stdout.close()


class Forked:
    """A worker from a forkserver, with the methods of `subprocess.Popen` that the pool uses.

    Attributes
    ----------
    pid
        Process id; None until it is born.
    """

    def __init__(self, forkserver: Forkserver) -> None:
        self._forkserver = forkserver
        self._exit_code: int | None = None
        self.pid: int | None = None

    def poll(self) -> int | None:
        """Exit code, None while it lives or is not born; negative is the signal that ended it."""
        if self.pid is None:
            self._forkserver.hear()
        if self.pid is None:
            return self._forkserver.exit_code
        return self._reap(self.pid, os.WNOHANG)

    def wait(self) -> int | None:
        """Wait for the end of one that was born."""
        return None if self.pid is None else self._reap(self.pid, 0)

    def kill(self) -> None:
        """Kill one that was born and has not ended."""
        if self.pid is not None and self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def _reap(self, pid: int, options: int) -> int | None:
        if self._exit_code is None:
            ended, status = os.waitpid(pid, options)
            self._exit_code = os.waitstatus_to_exitcode(status) if ended else None
        return self._exit_code
