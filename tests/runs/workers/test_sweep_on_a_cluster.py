"""A sweep on a cluster: a real scheduler, real workers, TLS, and what is left when some of them are killed."""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter

import pytest

from semafo import keys
from semafo.errors import EngineError
from semafo.files import sha256
from semafo.runs.engine.launch import ensure_engine, notice
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.sweeps.sweep import Sweep, sweeps
from semafo.runs.workers.scheduler_address import SCHEDULER_VARIABLE
from tests.support.clusters import ROOT, Cluster, engine_facts, pid_of
from tests.support.serving import free_port
from tests.support.tiny import TINY, end_engine, wait_for

N_PRETRAIN, N_SEMI_SUPERVISED = 150, 20
SWEEP = (
    f"sweep --dataset {TINY} --labelled-rate 0.3 --mix scanvi --mix semafo --seed 0 --seed 1 "
    f"--epochs-pretrain {N_PRETRAIN} --epochs-reference {N_SEMI_SUPERVISED} --epochs-query 2 --json"
)
ONE_RUN = SWEEP.replace("--mix semafo ", "").replace("--seed 1 ", "")
SAME = (keys.WEIGHTS_FILE, keys.PREDICTIONS_FILE, keys.INTEGRATION_FILE, "X_umap.npy")


def semafo(home: Home, *arguments: str) -> subprocess.Popen:
    """The command line, as a process."""
    command = [sys.executable, "-m", "semafo", *arguments, "--home", str(home.path)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def cluster(home, tmp_path):
    found = Cluster(home, tmp_path)
    yield found
    end_engine(home)
    found.close()


@pytest.fixture(scope="module")
def serial_sweep(tmp_path_factory):
    """The same sweep by the engine's own workers, in another home."""
    home = Home.at(tmp_path_factory.mktemp("serial") / "home")
    _, complaints = semafo(home, *SWEEP.split()).communicate(timeout=180)
    end_engine(home)
    (sweep,) = sweeps(home)
    assert sweep.counts() == {keys.DONE: 4}, complaints
    return sweep


def someone_trains(home: Home) -> tuple[str, str] | None:
    """A run that is being trained, and its worker."""
    for run_id, label in engine_facts(home).get("busy", {}).items():
        record = RunRecord(home.runs / run_id)
        if record.progress().get("epoch", 0) > 3 and not record.has_maps:
            return run_id, label
    return None


@pytest.mark.long
def test_a_sweep_survives_a_killed_worker_and_a_killed_scheduler(home, cluster, serial_sweep):
    scheduler = cluster.start_scheduler()
    cluster.start_worker("--no-nanny")
    cluster.start_worker("--nanny")
    command = semafo(home, *SWEEP.split(), "--scheduler", cluster.address)

    wait_for(lambda: someone_trains(home) is not None)
    hit, label = someone_trains(home)
    os.kill(pid_of(label), signal.SIGKILL)
    wait_for(lambda: RunRecord(home.runs / hit).status.get("deaths") == 1)

    wait_for(lambda: someone_trains(home) is not None)
    put_back, _ = someone_trains(home)
    deaths = RunRecord(home.runs / put_back).status.get("deaths", 0)
    scheduler.kill()
    scheduler.wait()
    wait_for(lambda: "No scheduler answers" in (notice(home) or ""))
    assert RunRecord(home.runs / put_back).state == keys.QUEUED
    assert RunRecord(home.runs / put_back).status.get("deaths", 0) == deaths  # the scheduler's end is not its fault

    cluster.start_scheduler()
    cluster.start_worker("--no-nanny")
    cluster.start_worker("--nanny")
    _, complaints = command.communicate(timeout=180)
    assert command.returncode == 0, complaints
    assert "No scheduler answers" in complaints
    (sweep,) = sweeps(home)
    assert sweep.counts() == {keys.DONE: 4}
    _assert_trained_once(sweep)
    _assert_same(sweep, serial_sweep)


def _assert_trained_once(sweep: Sweep) -> None:
    """What a second worker had added would be in the curves, which are appended to, or among the tickets."""
    assert len(list(sweep.home.cache.glob("scvi-*"))) == 2
    for record in sweep.records:
        epochs = Counter(zip(record.history()["stage"], record.history()["epoch"], strict=True))
        assert len(epochs) == N_PRETRAIN + N_SEMI_SUPERVISED
        assert set(epochs.values()) == {1}
        assert [record.log().count(f"Done: {half}.") for half in ("train", "score")] == [1, 1]
        assert not list(record.folder.glob(".*"))


def _assert_same(sweep: Sweep, serial: Sweep) -> None:
    assert [record.run_id for record in sweep.records] == [record.run_id for record in serial.records]
    for mine, other in zip(sweep.records, serial.records, strict=True):
        for name in SAME:
            assert sha256(mine.folder / name) == sha256(other.folder / name), (mine.run_id, name)


@pytest.mark.long
def test_a_worker_that_comes_back_after_its_run_was_given_away_changes_nothing(home, cluster):
    """It stands still, as after a lost network, until another worker has finished its run, and then goes on."""
    cluster.start_scheduler(DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL="4s")
    cluster.start_worker("--no-nanny")
    command = semafo(home, *ONE_RUN.split(), "--scheduler", cluster.address)
    wait_for(lambda: someone_trains(home) is not None)
    run_id, label = someone_trains(home)
    os.kill(pid_of(label), signal.SIGSTOP)
    cluster.start_worker("--no-nanny")
    _, complaints = command.communicate(timeout=180)
    assert command.returncode == 0, complaints
    record = RunRecord(home.runs / run_id)
    before = {path.name: sha256(path) for path in record.folder.iterdir() if path.name != keys.LOG_FILE}
    os.kill(pid_of(label), signal.SIGCONT)
    wait_for(lambda: "Superseded" in record.log(), 20)
    assert {path.name: sha256(path) for path in record.folder.iterdir() if path.name != keys.LOG_FILE} == before
    assert record.status["deaths"] == 1
    assert record.log().count("Done: score.") == 1


def said(home: Home, words: str) -> None:
    """Wait until the engine says so."""
    wait_for(lambda: words in (notice(home) or ""), 60)


def test_runs_wait_in_words_until_there_are_a_scheduler_its_keys_and_workers(home, cluster, tmp_path, monkeypatch):
    monkeypatch.setenv(SCHEDULER_VARIABLE, cluster.address)
    ensure_engine(home)
    said(home, "No scheduler answers")
    stranger = Cluster(Home.at(tmp_path / "strange"), tmp_path)
    stranger.address = cluster.address
    other = stranger.start_scheduler()
    said(home, "has other keys than this home")
    stranger.close()
    assert other.returncode is not None
    cluster.start_scheduler()
    said(home, "No worker has joined")
    cluster.start_worker("--no-nanny", preload=None)
    said(home, "without --preload")
    monkeypatch.setenv(SCHEDULER_VARIABLE, "tls://elsewhere:1")
    with pytest.raises(EngineError, match=r"trains tls://.*asks for tls://elsewhere:1\."):
        ensure_engine(home)
    monkeypatch.delenv(SCHEDULER_VARIABLE)
    ensure_engine(home)  # who asks for nothing takes what there is


def test_a_worker_without_the_shared_disk_takes_no_part(home, cluster, tmp_path, monkeypatch):
    """A machine of its own is a mount of its own here: the home's place is empty there."""
    kept = tmp_path / "keys"
    shutil.copytree(cluster.keys.folder, kept)
    elsewhere = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs none {home.path} && exec "$@"', "sh")
    if subprocess.run([*elsewhere, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount something over the home")
    cluster.start_scheduler()
    cluster.start_worker("--no-nanny", keys_folder=kept, under=elsewhere)
    monkeypatch.setenv(SCHEDULER_VARIABLE, cluster.address)
    ensure_engine(home)
    said(home, "The home must lie on a disk that all workers share")


def test_an_address_without_tls_is_refused_in_words(home, monkeypatch):
    command = semafo(home, *SWEEP.split(), "--scheduler", f"tcp://127.0.0.1:{free_port()}")
    _, complaints = command.communicate(timeout=60)
    assert command.returncode == 2
    assert "Semafo speaks TLS only" in complaints
    assert "Traceback" not in complaints
    assert not engine_facts(home)
