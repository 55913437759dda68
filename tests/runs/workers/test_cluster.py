"""Which worker of a cluster is given a run, and what is said of one that is lost."""

import datetime
from types import SimpleNamespace

import pytest

from semafo.errors import EngineError, SettingsError
from semafo.runs.home import Home
from semafo.runs.workers.cluster import RemotePool, RemoteWorker
from semafo.runs.workers.memory import MEMORY_VARIABLE, worker_memory
from semafo.runs.workers.scheduler_address import (
    SCHEDULER_VARIABLE,
    checked,
    host_and_port,
    require_answer,
    scheduler_address,
)
from semafo.runs.workers.tls import home_keys
from semafo.settings.run_config import TrainSettings
from tests.support.serving import free_port

DONE = SimpleNamespace(done=lambda: True)


@pytest.fixture
def pool(tmp_path):
    found = RemotePool(Home.at(tmp_path / "home"), f"tls://127.0.0.1:{free_port()}")
    yield found
    found.close()


def join(pool: RemotePool, name: str, n_threads: int = 1, gpu: bool = False, status: str = "running") -> RemoteWorker:
    """A worker that has joined and greeted, without a process."""
    connection = pool.workers[0].connection if pool.workers else SimpleNamespace(is_alive=True, seen={})
    connection.seen[name] = {"status": status}
    facts = {"name": name, "address": name, "n_threads": n_threads, "has_gpu": gpu}
    worker = RemoteWorker(**facts, ready=DONE, connection=connection, greeting={"label": f"{name}:1"})
    pool.workers.append(worker)
    return worker


def test_a_gpu_goes_to_runs_that_may_use_one_and_the_others_keep_off_it(pool):
    cpu, gpu = join(pool, "cpu"), join(pool, "gpu", gpu=True)
    assert pool.reserve(TrainSettings(accelerator="auto")) is gpu
    assert pool.reserve(TrainSettings(accelerator="cpu")) is cpu
    gpu.task = DONE
    assert pool.reserve(TrainSettings(accelerator="auto")) is cpu
    gpu.task, cpu.task = None, DONE
    assert pool.reserve(TrainSettings(accelerator="cpu")) is gpu


def test_a_run_goes_to_a_worker_of_just_its_threads(pool):
    join(pool, "one")
    two = join(pool, "two", n_threads=2)
    assert pool.reserve(TrainSettings(n_threads=2)) is two
    assert pool.reserve(TrainSettings(n_threads=4)) is None
    assert "--nthreads 4" in pool._notice_of_threads()


def test_a_worker_that_dask_has_paused_or_that_refused_is_given_nothing(pool):
    join(pool, "paused", status="paused")
    join(pool, "refused").greeting = {"label": "x:1", "refusal": "was started without --preload."}
    assert pool.reserve(TrainSettings()) is None


def test_a_lost_worker_may_be_the_runs_fault_and_a_lost_scheduler_is_not(pool):
    worker = join(pool, "w")
    assert worker.loss is None
    worker.connection.seen.clear()
    assert worker.loss.counts
    assert "left the cluster" in worker.loss.reason
    worker.connection.is_alive = False
    assert not worker.loss.counts


@pytest.mark.parametrize(
    "address", ["tcp://host:8786", "host:8786", "tls://host", "tls://:1", "tls://host:99999", "8786"]
)
def test_only_addresses_with_tls_a_host_and_a_port_are_taken(address, monkeypatch):
    with pytest.raises(SettingsError, match="tls://login1:8786"):
        checked(address)
    monkeypatch.setenv(SCHEDULER_VARIABLE, address)
    with pytest.raises(SettingsError):
        scheduler_address()


def test_an_address_has_a_host_and_a_port():
    assert host_and_port(checked("tls://login1.cluster:8786/")) == ("login1.cluster", 8786)
    assert host_and_port(checked("tls://[::1]:8786")) == ("::1", 8786)


def test_a_host_that_nobody_knows_is_named(tmp_path):
    with pytest.raises(EngineError, match=r"host of tls://no-such-host\.invalid:1 is not known"):
        require_answer("tls://no-such-host.invalid:1", home_keys(Home.at(tmp_path)))


def test_keys_are_made_once_for_their_owner_only_and_hold_for_years(tmp_path):
    home = Home.at(tmp_path)
    kept = home_keys(home)
    before = kept.key.read_bytes()
    assert home_keys(home).key.read_bytes() == before
    assert kept.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in kept.folder.iterdir()} == {0o600}
    assert (kept.valid_until - datetime.datetime.now(datetime.UTC)).days > 9 * 365
    kept.cert.write_text("damaged")
    assert home_keys(home).key.read_bytes() != before


@pytest.mark.parametrize(
    ("given", "n_bytes"), [("", None), ("6GB", 6 * 10**9), ("2 GiB", 2**31), ("1.5gb", 15 * 10**8)]
)
def test_a_workers_memory_is_a_size(given, n_bytes, monkeypatch):
    monkeypatch.setenv(MEMORY_VARIABLE, given)
    assert worker_memory() == n_bytes


@pytest.mark.parametrize("given", ["much", "6 apples", "10MB", "-1GB"])
def test_a_workers_memory_that_is_no_size_is_refused_in_words(given, monkeypatch):
    monkeypatch.setenv(MEMORY_VARIABLE, given)
    with pytest.raises(SettingsError, match="for example 6GB"):
        worker_memory()
