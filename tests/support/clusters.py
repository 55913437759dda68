"""A cluster on this machine: a real `dask scheduler` and real `dask worker` processes that speak TLS."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from semafo.cli.cluster import scheduler_command, worker_command
from semafo.files import read_json
from semafo.runs.home import Home
from semafo.runs.workers import cluster_worker
from semafo.runs.workers.tls import HomeKeys, home_keys
from tests.support.serving import free_port

ROOT = Path(__file__).parents[2]
WORKER = cluster_worker.__name__


class Cluster:
    """Started by the very commands that `semafo keys` prints; everything that was started is ended by `close`."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home = home
        self.keys = home_keys(home)
        self.address = f"tls://127.0.0.1:{free_port()}"
        self._folder = folder
        self._processes: list[subprocess.Popen] = []
        self.log = folder / "cluster.log"

    def start_scheduler(self, **variables: str) -> subprocess.Popen:
        return self._start(f"{scheduler_command(self.keys, self.address)} --host 127.0.0.1", **variables)

    def start_worker(
        self, *options: str, preload: str | None = WORKER, keys_folder: Path | None = None, under: Sequence[str] = ()
    ) -> subprocess.Popen:
        """Another place of the keys, another preload, and a program under which it runs can be given."""
        command = worker_command(HomeKeys(keys_folder) if keys_folder else self.keys, self.address, 1, 1)
        if preload is None:
            command = command.replace(f"--preload {WORKER}", "")
        return self._start(f"{command} --local-directory {self._folder} {shlex.join(options)}", under)

    def _start(self, command: str, under: Sequence[str] = (), **variables: str) -> subprocess.Popen:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
        arguments = [*under, sys.executable, "-m", *shlex.split(command)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        self._processes.append(process)
        return process

    def close(self) -> None:
        """Ask all to end, and kill those that take long; a nanny's worker ends with it."""
        for process in self._processes:
            process.terminate()
        deadline = time.monotonic() + 3
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
            process.kill()
            process.wait()


def engine_facts(home: Home) -> dict[str, Any]:
    return read_json(home.engine_file, {})


def pid_of(label: str) -> int:
    """Process id of a worker, as engine.json calls it."""
    return int(label.rpartition(":")[2])
