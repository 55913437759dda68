"""An engine whose disk is full: what ends says why, nothing is lost, and it goes on when there is room."""

import pytest

from semafo import keys
from semafo.errors import EngineError
from semafo.runs import requests
from semafo.runs.engine.launch import engine_pid, ensure_engine, notice
from semafo.runs.engine.run_queue import Queue
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.library.index import Index, read_rows
from tests.support import fakes
from tests.support.small_disk import fill, make_room, small_disk
from tests.support.tiny import end_engine, finished, tiny_config, wait_for

LONG = 100_000  # epochs


class NoWorkers:
    """A pool in which nothing ever works."""

    workers, address, notice, shares_cores = (), None, None, True

    def reserve(self, train):
        return None

    def fill(self):
        pass

    def close(self):
        pass


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", "60m") as found:
        yield found


def test_a_full_disk_fails_the_run_in_words_and_the_engine_trains_when_there_is_room(disk):
    home = Home.at(disk / "home")
    try:
        ensure_engine(home)
        pid = engine_pid(home)
        (run_id,) = store.submit(home, [tiny_config(epochs=LONG)])
        record = RunRecord(home.run(run_id))
        wait_for(lambda: record.progress().get("epoch", 0) > 0)
        fill(disk)
        wait_for(lambda: f"The disk that holds {home.path} is full" in (notice(home) or ""), 20)
        wait_for(lambda: "status of" in (home.engine / "engine.log").read_text() or not record.is_active, 20)
        make_room(disk)
        wait_for(lambda: record.state == keys.FAILED, 30)
        assert f"The disk that holds {home.path} is full" in record.status["reason"]
        (after,) = finished(home, store.submit(home, [tiny_config("semafo")]))
        assert after.state == keys.DONE, after.status
        assert engine_pid(home) == pid
    finally:
        end_engine(home)


def test_an_engine_that_cannot_start_says_that_the_disk_is_full(disk):
    home = Home.at(disk / "home")
    fill(disk)
    with pytest.raises((EngineError, OSError)) as refusal:
        ensure_engine(home)
    assert isinstance(refusal.value, OSError) or f"The disk that holds {home.path} is full" in str(refusal.value)


def test_requests_and_statuses_wait_until_there_is_room(disk, monkeypatch):
    monkeypatch.setattr("semafo.runs.engine.run_queue._PAUSE_SECONDS", 0)
    home = Home.at(disk / "home")
    waiting = fakes.queued(home)
    queue = Queue(home, NoWorkers())
    queue.round()
    requests.send(home, {"action": "cancel", "run_id": waiting.run_id})
    (request,) = home.inbox.glob("*.json")
    with request.open():  # so that taking it makes no room
        fill(disk)
        for _ in range(3):
            queue.round()
    assert queue.has_work
    assert waiting.state == keys.QUEUED
    make_room(disk)
    for _ in range(2):
        queue.round()
    assert waiting.state == keys.CANCELLED
    assert not queue.has_work
    assert [row["state"] for row in read_rows(home)] == [keys.CANCELLED]
    queue.close()


def test_rows_that_the_index_has_no_room_for_are_written_later(tmp_path):
    home = Home.at(tmp_path / "home")
    index = Index(home)
    index.rebuild()
    index._connection.execute(f"PRAGMA max_page_count = {index._connection.execute('PRAGMA page_count').fetchone()[0]}")
    records = fakes.comparison(home)
    for record in records:
        index.update(record.run_id)
    index.pay()
    assert index._owed
    index._connection.execute("PRAGMA max_page_count = 100000")
    index.pay()
    index.close()
    assert {row["run_id"] for row in read_rows(home)} == {record.run_id for record in records}


def test_a_home_that_was_deleted_is_a_sentence_for_those_who_ask_for_its_engine(tmp_path):
    home = Home.at(tmp_path / "home")
    home.path.rename(tmp_path / "elsewhere")
    with pytest.raises(EngineError, match=r"home is gone: it was deleted"):
        ensure_engine(home)
    with pytest.raises(EngineError, match=r"home is gone: it was deleted"):
        requests.send(home, {"action": "cancel", "run_id": "x"})
