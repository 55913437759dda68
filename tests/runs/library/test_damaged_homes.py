"""Files of a home that say what nobody wrote: they count as not there, and the home goes on."""

import pytest

from semafo import keys
from semafo.files import write_json
from semafo.runs import requests
from semafo.runs.background.preflight import REPORT_FILE, _kept
from semafo.runs.engine.launch import engine_pid
from semafo.runs.engine.run_queue import Queue
from semafo.runs.home import Home
from semafo.runs.library import disk_use, store
from semafo.runs.sweeps.sweep import SWEEP_FILE, Sweep, sweeps
from semafo.training.stage_cache import StageCache
from tests.support import damage, fakes


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


@pytest.mark.parametrize("parts", [3, [3], [{"name": 1, "n": 2, "n_bytes": 3}], [{"name": "runs"}], {"a": 1}])
def test_disk_use_that_nobody_measured_is_none(home, parts):
    write_json(home.disk_file, {"measured": 1.0, "parts": parts})
    assert disk_use.last_measured(home) == []


@pytest.mark.parametrize("waiting", [{"a": 3}, {"a": {"position": "1"}}, {"a": {"position": 1, "waits_for": []}}])
def test_an_odd_queue_is_empty(home, waiting):
    write_json(home.queue_file, waiting)
    assert store.queue(home) == {}


@pytest.mark.parametrize("facts", [{"pid": "1"}, {"workers": 3}, {"pid": 1, "notice": []}])
def test_an_odd_engine_is_none(home, facts):
    write_json(home.engine_file, facts)
    assert engine_pid(home) is None


@pytest.mark.parametrize(
    "facts", [{}, {"name": 1}, {"name": "a", "grid": [], "run_ids": []}, {"name": "a", "grid": {}}]
)
def test_an_odd_list_is_no_sweep(home, facts):
    (home.sweeps / "sweep-odd").mkdir()
    write_json(home.sweeps / "sweep-odd" / SWEEP_FILE, facts)
    assert sweeps(home) == []


def test_a_list_without_a_grid_is_a_sweep_all_the_same(home):
    record = damage.finished(home)
    (home.sweeps / "sweep-a").mkdir()
    facts = {"name": "Mine", "grid": {}, "run_ids": ["../escape", record.run_id]}
    write_json(home.sweeps / "sweep-a" / SWEEP_FILE, facts)
    sweep = Sweep.of(home, "sweep-a")
    assert sweep.by_point() == {"": [record]}
    assert sweep.states()["../escape"] == "deleted"


@pytest.mark.parametrize(
    "request_",
    [
        {"action": ["queue"]},
        {"action": "queue", "run_ids": "abc"},
        {"action": "cancel", "run_id": 3},
        {"action": "clean", "items": [["a"], ["a", "b", "c"], []]},
        {"action": "index"},
        {"action": "delete", "run_id": "../../x"},
    ],
)
def test_an_odd_request_stops_no_engine(home, request_):
    requests.send(home, request_)
    queue = Queue(home, damage.NoWorkers())
    queue.round()
    queue.close()
    assert not list(home.inbox.iterdir())


@pytest.mark.parametrize(
    "status",
    [
        {"state": "queued", "created": [1], "order": "first"},
        {"state": "queued", "created": None},
        {"state": "running", "seconds": {"maps": "long"}, "deaths": "two"},
    ],
)
def test_an_odd_status_stops_no_engine(home, status):
    records = [fakes.queued(home), fakes.queued(home, fakes.CALIBRATED)]
    write_json(records[0].folder / keys.STATUS_FILE, status)
    queue = Queue(home, damage.NoWorkers())
    queue.round()
    queue.round()
    queue.close()
    assert records[1].state == keys.QUEUED


@pytest.mark.parametrize("meta", [3, [], {}, {"seconds": "long"}, {"seconds": 1.0, "n_epochs": 2.5}])
def test_a_damaged_stage_is_made_again(home, meta):
    cache = StageCache(home.cache)
    cache.make("scvi-1", lambda folder: {"n_epochs": 3})
    write_json(home.cache / "scvi-1" / "meta.json", meta)
    assert not cache.has("scvi-1")
    cache.make("scvi-1", lambda folder: {"n_epochs": 4})
    assert cache.meta("scvi-1")["n_epochs"] == 4


def test_a_damaged_report_of_a_check_is_none(home):
    fakes.write_inspection(home, fakes.REAL)
    folder = next(home.checks.iterdir())
    assert _kept(folder) is not None
    write_json(folder / REPORT_FILE, {"n_cells": "many"})
    assert _kept(folder) is None
