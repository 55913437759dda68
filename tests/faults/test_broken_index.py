"""An index that was damaged, locked or replaced is made anew from the folders, while engine and pages go on."""

import time

import pytest

from semafo import keys
from semafo.files import write_json
from semafo.runs.engine.launch import engine_pid, ensure_engine
from semafo.runs.library import store
from semafo.runs.library.index import Index
from tests.support import fakes, whole_home
from tests.support.odd_index import DAMAGES, locked
from tests.support.tiny import finished, tiny_config, wait_for

damaged = pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)


def ids(home):
    return sorted(row["run_id"] for row in store.rows(home))


@damaged
def test_an_engine_that_starts_makes_it_anew_and_pages_list_the_runs_before(home, damage):
    known = sorted(record.run_id for record in fakes.comparison(home))
    damage(home)
    assert ids(home) == known
    index = Index(home)
    index.rebuild()
    assert whole_home.index_agrees(home)
    assert ids(home) == known
    index.close()


@damaged
def test_an_engine_that_works_notices_and_makes_it_anew(home, damage):
    fakes.comparison(home)
    index = Index(home)
    index.rebuild()
    damage(home)
    new = fakes.failed(home, fakes.MAPPED)
    assert new.run_id in ids(home)
    index.update(new.run_id)
    write_json(new.folder / keys.STATUS_FILE, {**new.status, "state": keys.CANCELLED})
    index.update(new.run_id)
    assert whole_home.index_agrees(home)
    index.close()


def test_what_lay_in_its_place_is_put_aside_and_kept(home):
    DAMAGES["a folder in its place"](home)
    Index(home).close()
    assert [path.read_text() for path in home.path.glob(".index.sqlite*/somebody's")] == ["notes"]


def test_while_somebody_locks_it_pages_read_the_folders_and_the_engine_writes_later(home):
    fakes.comparison(home)
    index = Index(home)
    index.rebuild()
    with locked(home):
        new = fakes.failed(home, fakes.MAPPED)
        start = time.monotonic()
        index.update(new.run_id)
        assert new.run_id in ids(home)
        assert time.monotonic() - start < 5
    index.pay()
    assert whole_home.index_agrees(home)
    index.close()


@pytest.mark.long
def test_a_living_engine_trains_on_whatever_becomes_of_its_index(home):
    ensure_engine(home)
    pid = engine_pid(home)
    for seed, damage in enumerate(DAMAGES.values()):
        damage(home)
        (record,) = finished(home, store.submit(home, [tiny_config(seed=seed)]))
        assert record.state == keys.DONE, record.status
        assert record.run_id in ids(home)
        wait_for(lambda: whole_home.index_agrees(home), 20)
    with locked(home):
        (record,) = finished(home, store.submit(home, [tiny_config(seed=90)]))
        assert record.state == keys.DONE, record.status
    wait_for(lambda: whole_home.index_agrees(home), 20)
    assert engine_pid(home) == pid
