"""Deleted runs: where they lie, how they come back, when they are gone."""

import os

import pytest

from semafo.errors import RunNotFound
from semafo.runs import requests
from semafo.runs.home import Home
from semafo.runs.library import search as run_search
from semafo.runs.library import store, trash
from tests.support import fakes


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


@pytest.fixture
def record(home):
    return fakes.failed(home)


def test_a_deleted_run_comes_back_as_it_was(home, record):
    run_search.rename(home, record.run_id, "Mine")
    before = {path.name: path.read_bytes() for path in record.folder.iterdir()}
    trash.move_in(home, record.run_id)
    assert store.rows(home) == []
    assert store.restore(home, record.run_id[:9]) == record.run_id
    assert {path.name: path.read_bytes() for path in record.folder.iterdir()} == before
    assert trash.contents(home) == []


def test_a_deletion_that_no_engine_has_carried_out_is_withdrawn(home, record):
    store.delete(home, record.run_id)
    assert store.restore(home, record.run_id) == record.run_id
    assert list(requests.taken(home)) == []
    assert record.folder.exists()


def test_of_a_run_that_was_deleted_twice_the_later_comes_back(home, record):
    trash.move_in(home, record.run_id)
    again = fakes.failed(home)
    run_search.rename(home, again.run_id, "the second")
    trash.move_in(home, again.run_id)
    assert [trashed.run_id for trashed in trash.contents(home)] == [record.run_id] * 2
    trash.restore(home, record.run_id)
    assert record.about.name == "the second"


def test_a_run_that_was_started_again_is_not_written_over(home, record):
    trash.move_in(home, record.run_id)
    fakes.failed(home)
    with pytest.raises(RunNotFound, match="Delete the new one first"):
        store.restore(home, record.run_id)
    assert len(trash.contents(home)) == 1


def test_what_is_not_in_the_trash_is_said_so_with_the_days_it_is_kept(home):
    with pytest.raises(RunNotFound, match="kept for 7 days"):
        store.restore(home, "nothing")


def test_looking_for_a_deleted_run_says_how_to_get_it_back(home, record):
    trash.move_in(home, record.run_id)
    with pytest.raises(RunNotFound, match=f"semafo restore {record.run_id}"):
        store.get(home, record.run_id)


def test_only_what_was_deleted_long_ago_is_emptied(home, record):
    trash.move_in(home, record.run_id)
    (young,) = trash.contents(home)
    young.folder.rename(home.trash / "old-run@1000")
    fakes.failed(home)
    trash.move_in(home, record.run_id)
    (home.trash / ".half-gone").mkdir()
    assert trash.empty(home, older_than_days=7) == 1
    assert os.listdir(home.trash) == [trash.contents(home)[0].folder.name]
    assert trash.contents(home)[0].run_id == record.run_id
    assert trash.empty(home) == 1


@pytest.mark.parametrize(("given", "days"), [("3", 3.0), ("0.5", 0.5), ("-1", 0.0), ("soon", 7.0)])
def test_the_days_can_be_chosen(monkeypatch, given, days):
    monkeypatch.setenv(trash.DAYS_VARIABLE, given)
    assert trash.kept_days() == days
