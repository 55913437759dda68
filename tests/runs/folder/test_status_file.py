"""What a run is, whatever became of its status."""

from dataclasses import replace

import pytest

from semafo import keys
from semafo.files import sha256, write_json
from semafo.runs.engine.launch import ensure_engine
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.settings.run_config import TrainSettings
from tests.support import fakes
from tests.support.tiny import end_engine, tiny_config, wait_for

DAMAGES = {
    "gone": None,
    "cut": b'{"state": "do',
    "empty": b"",
    "no bytes of text": b"\xff\xfe\x00",
    "a list": b"[]",
    "nothing said": b"{}",
    "queued": b'{"state": "queued"}',
    "running": b'{"state": "running"}',
    "failed": b'{"state": "failed", "reason": "It did not."}',
    "state is a list": b'{"state": ["done"]}',
    "times of another type": b'{"state": "done", "created": [1], "finished": {}, "seconds": 3}',
    "Infinity": b'{"state": "done", "created": Infinity}',
    "deep": b"[" * 200_000 + b"]" * 200_000,
}


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def damage(record, content):
    path = record.folder / keys.STATUS_FILE
    path.unlink()
    if content is not None:
        path.write_bytes(content)


def contents(record):
    changing = {keys.STATUS_FILE}
    return {path.name: sha256(path) for path in record.folder.iterdir() if path.name not in changing}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_a_run_with_a_manifest_is_done_whatever_its_status_says(home, content):
    record = fakes.finished(home, fakes.REAL)
    damage(record, content)
    assert record.state == keys.DONE
    assert all(value is None or value >= 0 for name, value in record.status.items() if name in ("created", "finished"))
    (row,) = store.rows(home)
    assert (row["run_id"], row["state"]) == (record.run_id, keys.DONE)


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_asking_for_a_finished_run_again_leaves_it_as_it_is(home, content):
    config, context = store.in_context(fakes.REAL)
    folder = home.run(store.run_id_of(config, context))
    fakes.finished(home, config).folder.rename(folder)
    record = RunRecord(folder)
    damage(record, content)
    before = contents(record)
    assert store.submit(home, [config]) == [record.run_id]
    assert contents(record) == before
    assert record.state == keys.DONE


def test_an_engine_changes_no_finished_run_and_makes_its_status_good(home):
    """Those of a crashed home: each damage of a status at once, and an engine that starts."""
    records = {}
    for seed, (name, content) in enumerate(DAMAGES.items()):
        record = fakes.finished(home, replace(fakes.REAL, train=TrainSettings(seed=seed)))
        damage(record, content)
        records[name] = record
    before = {name: contents(record) for name, record in records.items()}
    ensure_engine(home)
    try:
        wait_for(lambda: all((record.folder / keys.STATUS_FILE).exists() for record in records.values()), 20)
        for record in records.values():
            store.cancel(home, record.run_id)
        wait_for(lambda: not list(home.inbox.glob("*.json")), 20)
    finally:
        end_engine(home)
    assert {name: contents(record) for name, record in records.items()} == before
    assert {record.state for record in records.values()} == {keys.DONE}
    assert {RunRecord(record.folder).status["state"] for record in records.values()} == {keys.DONE}


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"state": 3}'])
def test_a_damaged_status_of_an_unfinished_run_is_said_in_words(home, content):
    (run_id,) = store.submit(home, [tiny_config()])
    record = store.get(home, run_id)
    damage(record, content)
    assert record.state == keys.FAILED
    assert "damaged" in record.status["reason"]
    (row,) = store.rows(home)
    assert row["state"] == keys.FAILED
    assert store.submit(home, [tiny_config()]) == [run_id]  # and can be started again
    assert record.state == keys.QUEUED


def test_a_whole_status_is_given_as_it_is(home):
    record = fakes.finished(home, fakes.REAL)
    said = {"state": keys.DONE, "created": 1.5, "started": 2, "finished": 3.0, "seconds": {"scVI": 2.0}, "order": 1}
    write_json(record.folder / keys.STATUS_FILE, said)
    assert record.status == said
