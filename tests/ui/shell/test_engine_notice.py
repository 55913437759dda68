"""A page says why runs wait, where there is something to say."""

import fcntl

from streamlit.testing.v1 import AppTest

from semafo import inert
from semafo.files import write_json
from semafo.runs.home import Home

SCRIPT = """
from semafo.ui.shell import keep_engine_alive
keep_engine_alive.say_why_runs_wait()
"""
NOTICE = "No scheduler answers at tls://login1:8786 (Connection refused). Runs wait for it; finished ones are kept."


def captions(home: Home, monkeypatch) -> list[str]:
    monkeypatch.setenv("SEMAFO_HOME", str(home.path))
    return [caption.value for caption in AppTest.from_string(SCRIPT).run().caption]


def test_a_living_engine_s_notice_is_shown_and_a_dead_one_s_is_not(tmp_path, monkeypatch):
    home = Home.at(tmp_path)
    write_json(home.engine_file, {"pid": 1, "scheduler": "tls://login1:8786", "notice": NOTICE})
    assert captions(home, monkeypatch) == []
    with home.lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert captions(home, monkeypatch) == [inert.markdown(NOTICE)]
        write_json(home.engine_file, {"pid": 1, "scheduler": None, "notice": None})
        assert captions(home, monkeypatch) == []
