"""What can be asked of a home, engine or not."""

import json
import os
import sqlite3
import time

import pytest

from semafo import keys
from semafo.errors import DataError, RunNotFound, SettingsError
from semafo.files import read_json, write_json
from semafo.runs.engine.launch import ensure_engine
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import index, store
from semafo.runs.library.index import Index
from semafo.settings.run_config import DatasetSpec, RunConfig
from tests.support import fakes
from tests.support.tiny import end_engine, tiny_config


@pytest.fixture
def home(tmp_path):
    """A home without an engine."""
    return Home.at(tmp_path / "home")


def test_a_submitted_run_is_there_before_any_engine(home):
    (run_id,) = store.submit(home, [tiny_config("both", seed=4)])
    record = store.get(home, run_id)
    assert record.state == keys.QUEUED
    assert record.config == store.in_context(tiny_config("both", seed=4))[0]
    assert [row["run_id"] for row in store.rows(home)] == [run_id]


def test_runs_are_listed_while_an_engine_is_only_beginning_its_index(home):
    (run_id,) = store.submit(home, [tiny_config()])
    sqlite3.connect(home.index).execute("PRAGMA journal_mode=WAL").connection.close()
    assert [row["run_id"] for row in store.rows(home)] == [run_id]


def test_equal_settings_are_one_run_and_equal_ids_everywhere(home, tmp_path):
    config = tiny_config()
    assert len(set(store.submit(home, [config, config]))) == 1
    assert store.submit(home, [config]) == store.submit(Home.at(tmp_path / "other"), [config])


def test_any_other_setting_is_another_run(home):
    configs = [tiny_config(), tiny_config(seed=1), tiny_config("semafo"), tiny_config(labelled_rate=0.3)]
    assert len(set(store.submit(home, configs))) == 4


@pytest.mark.parametrize("state", [keys.FAILED, keys.CANCELLED])
def test_a_run_that_did_not_finish_is_queued_again_when_asked_for_again(home, state):
    (run_id,) = store.submit(home, [tiny_config()])
    write_json(home.runs / run_id / keys.STATUS_FILE, {"state": state, "created": 0.0, "reason": "it did"})
    store.submit(home, [tiny_config()])
    assert store.get(home, run_id).state == keys.QUEUED
    assert store.get(home, run_id).status.get("reason") is None


def test_a_run_is_found_by_the_start_of_its_id(home):
    first, second = store.submit(home, [tiny_config("both"), tiny_config("both", seed=1)])
    assert store.get(home, first[:9]).run_id == first
    with pytest.raises(RunNotFound, match="fits 2 runs"):
        store.get(home, "both")
    assert store.get(home, second).run_id == second


@pytest.mark.parametrize("name", ["nothing", "", "../cache", ".", "*"])
def test_what_is_no_run_is_not_found(home, name):
    store.submit(home, [tiny_config()])
    with pytest.raises(RunNotFound, match="There is no run"):
        store.get(home, name)


def test_an_unknown_data_set_is_refused_before_anything_is_queued(home):
    with pytest.raises(DataError, match="pbmc68k"):
        store.submit(home, [RunConfig(dataset=DatasetSpec("pbmc69k"))])
    assert store.rows(home) == []


def test_the_index_can_be_made_anew_from_the_folders(home):
    store.submit(home, [tiny_config(), tiny_config("both")])
    from_folders = store.rows(home)
    index = Index(home)
    index.rebuild()
    index.close()
    assert sorted(map(json.dumps, store.rows(home))) == sorted(map(json.dumps, from_folders))


def test_a_run_is_done_only_when_its_manifest_is_there(home):
    (run_id,) = store.submit(home, [tiny_config()])
    record = RunRecord(home.runs / run_id)
    write_json(record.folder / keys.STATUS_FILE, {"state": keys.DONE, "created": 0.0})
    assert record.state == keys.FAILED
    assert "manifest" in record.status["reason"]
    write_json(record.folder / keys.MANIFEST_FILE, {"files": {}})
    assert record.state == keys.DONE


def test_a_home_that_cannot_be_written_to_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="SEMAFO_HOME"):
        Home.at(tmp_path / "file" / "home")


def test_requests_wait_in_the_inbox_for_the_engine(home):
    (run_id,) = store.submit(home, [tiny_config()])
    store.cancel(home, run_id[:12])  # the start of an id is enough
    requests = [read_json(path) for path in sorted(home.inbox.iterdir())]
    assert requests == [{"action": "queue", "run_ids": [run_id]}, {"action": "cancel", "run_id": run_id}]


def test_an_engine_that_starts_leaves_the_drafts_of_others_alone(home):
    """A run that an app is writing in this moment must not be swept away with old drafts."""
    young, old = home.runs / ".young", home.runs / ".old"
    young.mkdir()
    old.mkdir()
    os.utime(old, (0, 0))
    ensure_engine(home)
    try:
        assert young.exists()
        assert not old.exists()
    finally:
        end_engine(home)


def test_rows_that_were_read_in_the_moment_of_a_write_do_not_stay(home, monkeypatch):
    """SQLite's log changes before readers see what is in it: the first look may find the rows from before."""
    (run_id,) = store.submit(home, [tiny_config()])
    writer = Index(home)
    writer.rebuild()
    looks = []

    def read(home, read=index._read):
        looks.append(True)
        return [] if len(looks) == 1 else read(home)

    monkeypatch.setattr(index, "_read", read)
    monkeypatch.setattr(index, "_SETTLING_SECONDS", 0.2)
    assert index._indexed_rows(home) == []
    assert [row["run_id"] for row in index._indexed_rows(home)] == [run_id]
    time.sleep(0.3)
    for _ in range(5):
        assert [row["run_id"] for row in index._indexed_rows(home)] == [run_id]
    assert len(looks) == 3  # a file that has rested is read once
    writer.close()


def test_scores_of_a_file_cannot_stand_in_for_what_a_run_is(home):
    record = fakes.finished(home)
    predictions = record.predictions()
    odd = {"run_id": "../elsewhere", "state": keys.QUEUED, "created": [1], "reason": {}, "kind": 3}
    write_json(record.folder / keys.PREDICTIONS_FILE, {**predictions, "test": {**predictions["test"], **odd}})
    (row,) = store.rows(home)
    assert (row["run_id"], row["state"], row["kind"]) == (record.run_id, keys.DONE, "run")
    assert row["created"] == record.status["created"]
    assert row["accuracy"] == predictions["test"]["accuracy"]
