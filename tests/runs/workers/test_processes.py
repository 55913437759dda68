"""A forkserver whose libraries and whose workers are stand-ins: how workers are born, live and end."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from semafo import threads
from semafo.runs.workers import processes
from semafo.runs.workers.processes import Forkserver, worker_environment
from tests.support.tiny import wait_for

# A worker of this forkserver ends with the code that it is given, or sleeps.
STAND_IN = """
import os, sys, time
from semafo.runs.workers import forkserver, work as worker
worker.import_libraries = lambda: None
sys.modules["distributed.cli"] = type(sys)("distributed.cli")
sys.modules["distributed.cli"].dask_worker = None
def work(arguments):
    time.sleep(60) if arguments == ["sleep"] else os._exit(int(arguments[0]))
forkserver._work = work
forkserver.main()
"""


@pytest.fixture
def forkserver(monkeypatch):
    if sys.platform != "linux":
        pytest.skip("prctl's adoption of orphans is Linux's own; elsewhere each worker imports for itself")
    monkeypatch.setattr(processes, "FORKSERVER_PROGRAM", ["-c", STAND_IN])
    opened = Forkserver.open()
    yield opened
    opened.close()
    ctypes.CDLL(None).prctl(processes._ADOPT_ORPHANS, 0, 0, 0, 0)


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_workers_are_children_of_the_process_that_asked_for_them(forkserver):
    workers = [forkserver.fork(["sleep"]) for _ in range(2)]
    assert [worker.pid for worker in workers] == [None, None]
    wait_for(lambda: [worker.poll() for worker in workers] == [None, None] and all(w.pid for w in workers), 20)
    assert [parent_of(worker.pid) for worker in workers] == [os.getpid()] * 2
    forkserver.close()
    time.sleep(0.2)
    assert [worker.poll() for worker in workers] == [None, None]  # they outlive the forkserver
    for worker in workers:
        worker.kill()
        worker.kill()
        assert worker.wait() == -signal.SIGKILL
        assert worker.poll() == -signal.SIGKILL


def test_the_exit_code_of_a_worker_is_seen(forkserver):
    worker = forkserver.fork(["7"])
    wait_for(lambda: worker.poll() is not None, 20)
    assert worker.poll() == 7


def test_a_worker_that_a_dead_forkserver_cannot_bear_has_ended(forkserver):
    forkserver._process.kill()
    forkserver._process.wait()
    worker = forkserver.fork(["sleep"])
    assert worker.poll() == forkserver.exit_code == -signal.SIGKILL
    worker.kill()
    assert worker.wait() is None


def test_a_worker_gives_way_once():
    program = (
        "import os; from semafo.runs.workers.processes import give_way;"
        "before = os.nice(0); give_way(); give_way(); print(before, os.nice(0))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after == max(before, processes.NICENESS)


def test_threads_and_engine_of_a_worker_are_in_its_environment():
    environment = worker_environment(3)
    assert {environment[name] for name in threads.VARIABLES} == {"3"}
    assert environment[processes.ENGINE_VARIABLE] == str(os.getpid())


def test_a_kernel_compiled_once_is_found_by_a_later_worker(tmp_path):
    """A stand-in takes the place of umap-learn, whose import compiles for half a minute into an empty folder."""
    package = tmp_path / "umap"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "layouts.py").write_text(
        "import numba\n_nb_optimize_layout_euclidean_single_epoch = numba.njit(lambda x: x + 1)\n"
    )
    program = (
        "from semafo.runs.workers.work import keep_compiled_layout; from umap import layouts; keep_compiled_layout();"
        "f = layouts._nb_optimize_layout_euclidean_single_epoch; f(1); print(sum(f.stats.cache_hits.values()))"
    )
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), root])}
    hits = [
        subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert [done.stdout.strip() for done in hits] == ["0", "1"]
