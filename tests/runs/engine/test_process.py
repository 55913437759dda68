"""The engine with real workers: what it trains, what it shares, and what it survives."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from semafo import keys
from semafo.data.load import load
from semafo.files import read_json, sha256, write_json
from semafo.runs import requests
from semafo.runs.engine.launch import engine_pid, ensure_engine
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import store
from semafo.settings.run_config import DatasetSpec, RunConfig
from tests.support.tiny import TINY_BATCHES, finished, tiny_config, wait_for

LONG = 100_000  # epochs: such a run ends only because somebody stops it


def busy_worker(home, run_id):
    """Process id of the worker that is training a run, once it is."""
    wait_for(lambda: RunRecord(home.runs / run_id).progress().get("epoch", 0) > 0)
    return read_json(home.engine_file)["busy"][run_id]


def answer_without_tls(place):
    """What a port says to a browser; nothing where it hangs up."""
    with socket.create_connection((place.ip, place.port), timeout=5) as asking, suppress(ConnectionResetError):
        asking.sendall(b"GET /info/main/workers.html HTTP/1.0\r\n\r\n")
        return asking.recv(200)
    return b""


def test_a_comparison_ends_with_whole_runs(comparison):
    for record in comparison:
        assert record.state == keys.DONE, record.status
        manifest = read_json(record.folder / keys.MANIFEST_FILE)
        assert {keys.CELLS_FILE, keys.WEIGHTS_FILE, keys.INTEGRATION_FILE, keys.CONFIG_FILE} <= set(manifest["files"])
        for name, facts in manifest["files"].items():
            assert sha256(record.folder / name) == facts["sha256"]


def test_a_run_can_be_read_with_pandas_and_numpy(comparison):
    for record in comparison:
        cells, split = record.cells(), record.split()
        n_cells = split["n_cells"]
        assert record.array(record.config.mix.obsm_key).shape == (n_cells, 30)
        assert record.array(keys.X_UMAP).shape == (n_cells, 2)
        assert np.allclose(record.probabilities().sum(1), 1, atol=1e-5)
        scored = cells[cells[keys.PART] == keys.TEST]
        accuracy = (scored[keys.TRUE] == scored[keys.PREDICTED]).mean()
        assert record.summary()["accuracy"] == pytest.approx(accuracy)
        assert record.summary()["n_scored"] == split["n_test"]


def test_the_engine_and_its_workers_listen_on_this_machine_alone(served_home, comparison):
    engine = psutil.Process(engine_pid(served_home))
    processes = [engine, *engine.children(recursive=True)]
    places = [one.laddr for process in processes for one in process.net_connections() if one.status == "LISTEN"]
    assert len(places) >= 3  # the scheduler and two workers
    assert {place.ip for place in places} == {"127.0.0.1"}
    assert not any(b"200 OK" in answer_without_tls(place) for place in places)


def test_what_the_engine_writes_is_for_its_owner(served_home, comparison):
    paths = [served_home.index, served_home.queue_file, *comparison[0].folder.iterdir()]
    written = [path for path in paths if path.name not in (keys.CONFIG_FILE, keys.ABOUT_FILE)]
    assert {path.name for path in written if path.stat().st_mode & 0o077} == set()


def test_every_loss_term_is_kept_under_its_own_name(comparison):
    scanvi, _, both = (record.history() for record in comparison)
    assert {"reconstruction", "kl", "loss"} <= set(scanvi.columns)
    fine_tuned = both[both["stage"] == keys.SEMI_SUPERVISED]
    assert fine_tuned[[*keys.TERMS, "loss"]].notna().all(axis=None)
    assert "semafo_regulariser" not in scanvi.columns


def test_the_scib_table_has_rows_for_the_model_scvi_and_pca(comparison):
    for record in comparison:
        integration = record.integration()
        assert list(integration["rows"]) == ["model", "scVI", "PCA"]
        assert integration["n_cells"] == record.split()["n_test"]
        assert all(0 <= integration["rows"][row]["kmeans_nmi"] <= 1 for row in integration["rows"])


def test_mixes_share_one_scvi_stage(served_home, comparison):
    assert len(list(served_home.cache.glob("scvi-*"))) == 1
    curves = [record.history().query(f"stage == '{keys.PRETRAIN}'").dropna(axis="columns") for record in comparison]
    assert curves[0].equals(curves[1])
    assert curves[0].equals(curves[2])
    assert sum(record.status.get("reused_seconds") is None for record in comparison) == 1


def test_finished_work_is_not_done_again(served_home, comparison):
    again = store.submit(served_home, [record.config for record in comparison])
    assert again == [record.run_id for record in comparison]
    finished_at = [record.status["finished"] for record in comparison]
    time.sleep(1)
    assert [RunRecord(served_home.runs / run_id).status["finished"] for run_id in again] == finished_at


def test_surgery_maps_the_query_onto_the_reference(served_home):
    reference = TINY_BATCHES[:2]
    (record,) = finished(served_home, store.submit(served_home, [tiny_config("both", reference=reference)]))
    assert record.state == keys.DONE, record.status
    assert set(record.history()["stage"]) == {keys.PRETRAIN, keys.SEMI_SUPERVISED, keys.QUERY_STAGE}
    cells = record.cells()
    assert set(cells.loc[cells[keys.ROLE] == keys.REFERENCE, keys.BATCH_COLUMN]) == set(reference)
    assert list(record.integration()["rows"]) == ["model", "scVI", "PCA"]


def test_a_running_run_stops_within_two_seconds(served_home):
    (run_id,) = store.submit(served_home, [tiny_config(seed=11, epochs=LONG)])
    busy_worker(served_home, run_id)
    asked = time.monotonic()
    store.cancel(served_home, run_id)
    (record,) = finished(served_home, [run_id])
    assert time.monotonic() - asked < 2
    assert record.state == keys.CANCELLED
    assert not (record.folder / keys.WEIGHTS_FILE).exists()


def test_a_waiting_run_can_be_cancelled_and_the_queue_shows_its_place(served_home):
    configs = [tiny_config(seed=12, epochs=LONG), tiny_config("semafo", seed=12, epochs=LONG)]
    first, second = store.submit(served_home, configs)
    busy_worker(served_home, first)
    place = store.queue(served_home)[second]
    assert place["position"] == 1
    assert "scANVI" in place["waits_for"]
    store.cancel(served_home, second)
    assert finished(served_home, [second])[0].state == keys.CANCELLED
    store.cancel(served_home, first)
    finished(served_home, [first])


def test_a_deleted_run_leaves_the_list(served_home):
    (run_id,) = store.submit(served_home, [tiny_config(seed=13)])
    finished(served_home, [run_id])
    store.delete(served_home, run_id)
    wait_for(lambda: run_id not in [row["run_id"] for row in store.rows(served_home)])
    assert not (served_home.runs / run_id).exists()


def test_deleting_a_running_run_ends_its_work_at_once(served_home):
    (run_id,) = store.submit(served_home, [tiny_config(seed=14, epochs=LONG)])
    worker = busy_worker(served_home, run_id)
    store.delete(served_home, run_id)
    wait_for(lambda: not is_running(worker), 5)
    time.sleep(0.5)
    assert not (served_home.runs / run_id).exists()


@pytest.mark.long
def test_a_run_may_have_more_threads_than_one(served_home):
    config = tiny_config(seed=15)
    config = replace(config, train=replace(config.train, n_threads=2))
    (record,) = finished(served_home, store.submit(served_home, [config]))
    assert record.state == keys.DONE, record.status
    assert read_json(record.folder / keys.ENVIRONMENT_FILE)["n_threads"] == 2


def test_requests_that_nobody_here_sends_are_left_out(served_home):
    engine = engine_pid(served_home)
    odd: list[dict] = [{"action": "queue"}, {"action": "queue", "run_ids": 3}, {"action": "delete", "run_id": "/tmp"}]
    for request in (*odd, {"action": "queue", "run_ids": ["../../elsewhere", None]}, {"action": ["cancel"]}, {}):
        requests.send(served_home, request)
    wait_for(lambda: not list(served_home.inbox.glob("*.json")), 20)
    (run_id,) = store.submit(served_home, [tiny_config(seed=8)])
    assert finished(served_home, [run_id])[0].state == keys.DONE
    assert engine_pid(served_home) == engine


def test_a_run_that_this_version_cannot_read_fails_and_stops_nobody(home):
    unreadable, good = store.submit(home, [tiny_config(), tiny_config("both")])
    settings = read_json(home.runs / unreadable / keys.CONFIG_FILE)
    settings["config"]["flavour"] = "new"
    write_json(home.runs / unreadable / keys.CONFIG_FILE, settings)
    (home.runs / "no-run-at-all").mkdir()
    ensure_engine(home)
    assert finished(home, [good])[0].state == keys.DONE
    status = RunRecord(home.runs / unreadable).status
    assert status["state"] == keys.FAILED
    assert "flavour" in status["reason"]
    expected = {unreadable: keys.UNREADABLE, good: keys.DONE}
    wait_for(lambda: {row["run_id"]: row["state"] for row in store.rows(home)} == expected, 10)  # the index comes last


def test_a_killed_worker_takes_its_run_and_nothing_else(home):
    ensure_engine(home)
    dead, alive = store.submit(home, [tiny_config(epochs=LONG), tiny_config("semafo", seed=1)])
    os.kill(busy_worker(home, dead), signal.SIGKILL)
    failed, done = finished(home, [dead, alive])
    assert failed.state == keys.FAILED
    assert "signal 9, SIGKILL" in failed.status["reason"]
    assert "memory" in failed.status["reason"]
    assert "It was at: scVI, without labels, epoch" in failed.status["reason"]
    assert done.state == keys.DONE
    (after,) = finished(home, store.submit(home, [tiny_config("both", seed=1)]))
    assert after.state == keys.DONE


def test_a_killed_engine_is_replaced_and_says_what_it_left_unfinished(home):
    ensure_engine(home)
    (kept,) = finished(home, store.submit(home, [tiny_config()]))
    lost, waiting = store.submit(home, [tiny_config(seed=1, epochs=400), tiny_config("both", seed=1, epochs=400)])
    worker = busy_worker(home, lost)
    killed = engine_pid(home)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: engine_pid(home) is None)
    ensure_engine(home)
    assert engine_pid(home) != killed
    assert kept.state == keys.DONE
    unfinished = RunRecord(home.runs / lost)
    assert unfinished.state == keys.FAILED
    assert "engine stopped" in unfinished.status["reason"]
    assert finished(home, [waiting])[0].state == keys.DONE
    wait_for(lambda: not is_running(worker))
    rows = {row["run_id"]: row["state"] for row in store.rows(home)}
    assert rows[kept.run_id] == keys.DONE
    assert rows[lost] == keys.FAILED


def is_running(pid):
    """Whether a process lives; one that ended and was not buried yet does not."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_two_apps_on_one_home_share_one_engine(home):
    program = (
        "import sys; from semafo.runs.home import Home;"
        "from semafo.runs.engine.launch import engine_pid, ensure_engine;"
        "home = Home.at(sys.argv[1]); ensure_engine(home); print(engine_pid(home))"
    )
    command = [sys.executable, "-c", program, str(home.path)]
    apps = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    pids = {app.communicate()[0].strip() for app in apps}
    assert len(pids) == 1
    assert pids == {str(engine_pid(home))}


def test_data_that_changed_since_the_run_was_queued_are_refused(home, tmp_path):
    path = tmp_path / "cells.h5ad"
    adata = load(tiny_config().dataset)
    adata.write_h5ad(path)
    config = RunConfig(dataset=DatasetSpec(str(path), label_key=keys.TRUE, batch_key=keys.BATCH_COLUMN))
    (run_id,) = store.submit(home, [config])
    adata[:200].copy().write_h5ad(path)
    ensure_engine(home)
    (record,) = finished(home, [run_id])
    assert record.state == keys.FAILED
    assert "changed" in record.status["reason"]


def test_an_engine_whose_home_was_deleted_ends_itself(home):
    ensure_engine(home)
    pid = engine_pid(home)
    shutil.rmtree(home.path)
    wait_for(lambda: not is_running(pid), 20)
    home.create()
