"""Clocks that jumped, files of other versions, engines that start at once, a read-only home, too little memory."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from click.testing import CliRunner

from semafo import keys
from semafo.cli.main import cli
from semafo.files import read_json, write_json
from semafo.runs import requests
from semafo.runs.engine import process as engine_process
from semafo.runs.engine.launch import engine_pid, ensure_engine
from semafo.runs.folder.older_layouts import SCHEMA
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import cleanup, store, trash
from semafo.runs.workers.memory import MEMORY_VARIABLE
from semafo.settings.run_config import DatasetSpec
from tests.support import fakes, whole_home
from tests.support.needs import missing
from tests.support.odd_index import DAMAGES
from tests.support.read_only_home import read_only
from tests.support.serving import ROOT
from tests.support.tiny import finished, tiny_config, wait_for

YEAR = 365 * 86_400
PAST, FUTURE = 86_400.0, 120 * YEAR  # in 1970 and about 2090


def test_requests_keep_their_order_when_the_clock_is_set_back(home, monkeypatch):
    for now in (2 * 10**18, 10**18, 3 * 10**18, 5):
        monkeypatch.setattr(time, "time_ns", lambda now=now: now)
        requests.send(home, {"action": "cancel", "run_id": str(now)})
    asked = [request["run_id"] for request in requests.taken(home)]
    assert asked == [str(2 * 10**18), str(10**18), str(3 * 10**18), "5"]


def test_what_was_deleted_while_the_clock_was_ahead_is_kept_until_somebody_asks(home):
    record = fakes.finished(home)
    trash.move_in(home, record.run_id)
    (trashed,) = trash.contents(home)
    ahead = trashed.folder.rename(home.trash / f"{record.run_id}@{int(FUTURE * 1000)}")
    assert trash.empty(home, trash.kept_days()) == 0
    assert [item.name for item in cleanup.plan(home, [cleanup.TRASH])] == [ahead.name]
    assert trash.restore(home, record.run_id) == record.run_id


@pytest.mark.parametrize("moment", [PAST, FUTURE])
def test_files_of_another_time_are_no_reason_to_delete_what_is_fresh_or_to_lose_a_run(home, moment):
    records = fakes.comparison(home)
    for record in records:
        whole_home.commit(record)
    before = whole_home.finished_runs(home)
    upload, export = home.uploads / "cells.h5ad", home.exports / "abc"
    upload.write_text("cells")
    export.mkdir()
    for path in (upload, export, *home.runs.rglob("*"), *home.runs.iterdir(), *home.engine.iterdir()):
        os.utime(path, (moment, moment))
    assert whole_home.complaints(home, before) == []
    goes = {item.name for item in cleanup.plan(home)}
    assert goes == ({"cells.h5ad", "abc"} if moment == PAST else set())


@pytest.mark.parametrize("moment", [-1.0, PAST, FUTURE, 1e18])
def test_runs_of_any_time_are_listed(home, moment):
    record = fakes.finished(home)
    write_json(record.folder / keys.STATUS_FILE, {**record.status, "created": moment, "finished": moment + 40})
    fakes.failed(home, fakes.MAPPED)
    assert len(whole_home.listed(home)) == 2
    done = CliRunner().invoke(cli, ["show", record.run_id, "--home", str(home.path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def test_a_client_s_name_that_is_no_process_id_neither_ends_nor_keeps_an_engine(home):
    clients = home.engine / "clients"
    clients.mkdir()
    for name in ("12.part", "0", "99999999999999999999", "4194304999"):
        (clients / name).touch()
    assert not engine_process._has_clients(home)
    (clients / str(os.getpid())).touch()
    assert engine_process._has_clients(home)


def leave_what_other_versions_and_times_write(home):
    """Files of the engine as another version may write them, a run of a newer one, and requests of tomorrow."""
    write_json(home.engine_file, {"process": "one", "pid": "many", "layout": 9})
    write_json(home.queue_file, [{"run": 1}])
    write_json(home.disk_file, {"parts": 3})
    DAMAGES["of another version"](home)
    (home.engine / "clients").mkdir(exist_ok=True)
    (home.engine / "clients" / "99999999999999999999").touch()
    write_json(home.inbox / f"{'9' * 19}-abcdef.json", {"action": "dream", "of": []})
    newer = fakes.finished(home, fakes.MAPPED).folder.rename(home.runs / "from-tomorrow")
    settings = read_json(newer / keys.CONFIG_FILE)
    write_json(newer / keys.CONFIG_FILE, {**settings, "schema": SCHEMA + 1})
    (newer / keys.MANIFEST_FILE).unlink()
    write_json(newer / keys.STATUS_FILE, {"state": keys.RUNNING, "created": FUTURE, "mood": "new"})
    return newer


@pytest.mark.long
def test_an_engine_among_files_of_other_versions_and_times_trains_and_leaves_a_newer_run_alone(home):
    newer = leave_what_other_versions_and_times_write(home)
    untouched = {path.name: path.read_bytes() for path in newer.iterdir()}
    late, early = store.submit(home, [tiny_config(), tiny_config(seed=1)])
    for run_id, moment in ((late, FUTURE), (early, PAST)):
        status = {**RunRecord(home.run(run_id)).status, "created": moment}
        write_json(home.run(run_id) / keys.STATUS_FILE, status)
        os.utime(home.run(run_id), (moment, moment))
    ensure_engine(home)
    os.utime(home.lock, (FUTURE, FUTURE))
    assert [record.state for record in finished(home, [late, early])] == [keys.DONE, keys.DONE]
    assert RunRecord(home.run(early)).status["started"] <= RunRecord(home.run(late)).status["started"]
    assert {path.name: path.read_bytes() for path in newer.iterdir()} == untouched
    (row,) = [row for row in whole_home.listed(home) if row["run_id"] == newer.name]
    assert row["state"] == keys.UNREADABLE
    assert "newer" in row["reason"]


@pytest.mark.long
def test_of_engines_that_start_at_once_one_serves_and_the_others_end_quietly(home):
    command = [sys.executable, "-m", "semafo.runs.engine.process", str(home.path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SEMAFO_ENGINE_LINGER_SECONDS": "600"}
    engines = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(4)]
    wait_for(lambda: sum(engine.poll() is not None for engine in engines) == 3 and engine_pid(home) is not None)
    (winner,) = [engine for engine in engines if engine.poll() is None]
    losers = [engine for engine in engines if engine is not winner]
    assert engine_pid(home) == winner.pid
    assert [(loser.returncode, loser.stderr.read()) for loser in losers] == [(0, b"")] * 3
    (record,) = finished(home, store.submit(home, [tiny_config()]))
    assert record.state == keys.DONE
    winner.terminate()
    assert winner.wait(20) == 0
    winner.stderr.close()
    for loser in losers:
        loser.stderr.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["runs"],
        ["show", "RUN"],
        ["disk"],
        ["rename", "RUN", "Mine"],
        ["delete", "RUN"],
        ["clean", "--trash", "--failed", "--yes"],
        ["compare", "--dataset", "simulated:cells=240,genes=60,types=3,batches=3,seed=1"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_in_a_home_that_cannot_be_written_every_command_ends_in_words(home, arguments):
    record = fakes.finished(home)
    with read_only(home):
        given = [record.run_id if one == "RUN" else one for one in arguments]
        done = CliRunner().invoke(cli, [*given, "--home", str(home.path)])
        assert done.exit_code in (0, 2), done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code == 0 or "Read-only" in done.output, done.output
        if arguments[0] in ("runs", "show"):
            assert record.run_id in done.output


@pytest.mark.long
def test_a_run_that_needs_more_memory_than_a_worker_may_take_fails_in_words_and_the_worker_trains_the_next(
    home, monkeypatch
):
    if sys.platform != "linux":
        missing("a system that keeps RLIMIT_DATA: macOS takes the limit and lets everything through")
    monkeypatch.setenv(MEMORY_VARIABLE, "1.5GB")
    monkeypatch.setenv("SEMAFO_WORKERS", "1")
    ensure_engine(home)
    wait_for(lambda: read_json(home.engine_file, {}).get("workers"))
    workers = read_json(home.engine_file)["workers"]
    big = replace(tiny_config(), dataset=DatasetSpec("simulated:cells=100000,genes=2000,types=3,batches=3,seed=1"))
    failed, done = finished(home, store.submit(home, [big, tiny_config()]))
    assert failed.state == keys.FAILED
    assert f"more memory than a worker may take (1.5GB, set by {MEMORY_VARIABLE})" in failed.status["reason"]
    assert done.state == keys.DONE, done.status
    assert read_json(home.engine_file)["workers"] == workers
