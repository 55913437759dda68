import threading

import pytest

from semafo.errors import EngineError
from semafo.runs.engine import launch
from semafo.runs.home import Home
from semafo.ui.shell import keep_engine_alive


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """What the waking thread does, in a process that has drawn no page yet."""
    found = []
    monkeypatch.setenv("SEMAFO_HOME", str(tmp_path))
    monkeypatch.setattr(keep_engine_alive, "_last_try", float("-inf"))
    monkeypatch.setattr(keep_engine_alive.time, "sleep", lambda seconds: found.append(("sleep", seconds)))
    monkeypatch.setattr(launch, "ensure_engine", lambda home: found.append(("engine", home.path)))
    return found


def wake():
    keep_engine_alive.wake()
    for thread in threading.enumerate():
        if thread.name == "wake-engine":
            thread.join(10)


def test_the_first_page_is_delivered_before_the_engine_starts(calls, tmp_path):
    wake()
    assert calls == [("sleep", keep_engine_alive.FIRST_PAGE_SECONDS), ("engine", tmp_path)]


def test_an_engine_that_was_killed_is_started_without_waiting(calls, monkeypatch):
    wake()
    calls.clear()
    wake()
    assert calls == []  # not at every drawing
    monkeypatch.setattr(keep_engine_alive, "_last_try", keep_engine_alive.time.monotonic() - 60)
    wake()
    assert [name for name, _ in calls] == ["engine"]


def test_an_engine_that_lives_is_left_alone(calls, monkeypatch):
    monkeypatch.setattr(launch, "engine_pid", lambda home: 1)
    wake()
    assert calls == []


def test_an_engine_that_cannot_start_stops_no_page(calls, monkeypatch):
    def fail(home):
        raise EngineError("no")

    monkeypatch.setattr(launch, "ensure_engine", fail)
    wake()
    assert [name for name, _ in calls] == ["sleep"]


def test_pages_that_ask_at_once_start_one_engine(tmp_path, monkeypatch):
    home, started = Home.at(tmp_path), []

    class Process:
        def __init__(self, *_, **__):
            started.append(self)

        def poll(self):
            return None

    monkeypatch.setattr(launch, "engine_pid", lambda home: 1 if len(started) else None)
    monkeypatch.setattr(launch.subprocess, "Popen", Process)
    monkeypatch.setattr(launch, "_started", [])
    threads = [threading.Thread(target=launch.ensure_engine, args=(home,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(started) == 1
