"""What a first visitor sees before there is any run."""

import pytest

from semafo.files import write_json
from semafo.runs.engine import launch
from tests.pages.conftest import texts
from tests.support import fakes


def test_the_first_page_shows_what_will_come_in_three_steps(home, open_page):
    app = open_page()
    assert not app.exception
    said = texts(app)
    for words in ("1 · Hide labels", "2 · Train", "3 · Compare"):
        assert words in said
    [example] = app.get("image")
    assert "A real comparison" in example.proto.imgs[0].caption
    assert {button.key for button in app.button} >= {"real-cells", "query-mapping"}


def test_it_says_while_the_libraries_load_and_when_they_are_there(home, open_page, monkeypatch):
    assert "The training libraries are loading" in texts(open_page())
    monkeypatch.setattr(launch, "is_loading", lambda home: False)
    assert "Ready to train." in texts(open_page())


@pytest.mark.parametrize(("facts", "loading"), [({"pid": 1, "is_loading": True}, True), ({"pid": 1}, False)])
def test_training_can_start_once_a_worker_of_the_engine_is_ready(home, monkeypatch, facts, loading):
    assert launch.is_loading(home)  # no engine yet
    monkeypatch.setattr(launch, "is_alive", lambda home: True)
    write_json(home.engine_file, facts)
    assert launch.is_loading(home) is loading


def test_who_has_runs_comes_to_the_form_instead(home, open_page):
    fakes.finished(home)
    assert "1 · Hide labels" not in texts(open_page())
