"""Runs of which nobody told the engine."""

from semafo import keys
from semafo.files import write_json
from semafo.runs import requests
from semafo.runs.engine import forgotten_runs
from semafo.runs.engine.forgotten_runs import ForgottenRuns
from semafo.runs.library import store
from tests.support.tiny import finished, tiny_config


def test_a_run_whose_submitter_was_killed_before_it_could_say_so_is_trained(served_home, monkeypatch):
    monkeypatch.setattr(requests, "send", lambda home, request: None)
    (record,) = finished(served_home, store.submit(served_home, [tiny_config(seed=21)]))
    assert record.state == keys.DONE, record.status


def test_what_waits_is_found_once_it_has_rested_and_only_once(home, monkeypatch):
    monkeypatch.setattr(forgotten_runs, "_SECONDS_BETWEEN_LOOKS", 0.0)
    waiting, known, ended = store.submit(home, [tiny_config(), tiny_config(seed=1), tiny_config(seed=2)])
    write_json(home.run(ended) / keys.STATUS_FILE, {"state": keys.FAILED, "reason": "it was so"})
    forgotten = ForgottenRuns(home)
    assert list(forgotten.found({known})) == []
    assert list(forgotten.found({known})) == [waiting]
    assert list(forgotten.found({known})) == []
    store.submit(home, [tiny_config(seed=2)])
    assert list(forgotten.found({known})) == []
    assert list(forgotten.found({known})) == [ended]
