"""The t-SNE's button: offered, under way, done, failed."""

import fcntl

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from semafo import keys
from semafo.files import write_json
from semafo.runs.background import tsne
from semafo.runs.home import Home
from tests.pages.conftest import texts
from tests.support import fakes


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMAFO_HOME", str(tmp_path / "home"))
    return Home.at(tmp_path / "home")


def page():
    import streamlit as st

    from semafo.ui.latent_space import tsne as latent_space_tsne
    from semafo.ui.session import tray

    runs = tray.chosen_runs()
    latent_space_tsne.button(runs)
    st.write(f"ready: {[latent_space_tsne.ready(run) for run in runs]}")


def opened():
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    return app


def give_tsne(record):
    np.save(record.folder / keys.array_file(keys.X_TSNE), np.zeros((700, 2), np.float32))


def test_the_button_says_about_how_long_and_starts_the_runs_that_lack_a_tsne(home, monkeypatch):
    first, *others = fakes.comparison(home)
    give_tsne(first)
    started = []
    monkeypatch.setattr(tsne, "start_tsne", lambda home, records: started.extend(records))
    app = opened()
    (button,) = app.button
    assert button.label == "Compute t-SNE of 2 runs (about 10 s)"
    button.click().run()
    assert {record.run_id for record in started} == {record.run_id for record in others}


def test_nothing_is_offered_where_all_runs_have_one(home):
    give_tsne(fakes.finished(home))
    app = opened()
    assert not app.button
    assert "ready: [True]" in texts(app)


def test_a_computation_under_way_is_told_and_offers_no_button(home):
    run = fakes.finished(home)
    path = home.engine / "derive.lock"
    write_json(path, {"pid": 1, "folders": [str(run.folder)]})
    with path.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        app = opened()
    assert not app.button
    assert "Computing the t-SNE" in texts(app)


def test_another_runs_computation_is_waited_for(home):
    fakes.finished(home)
    path = home.engine / "derive.lock"
    write_json(path, {"pid": 1, "folders": ["/elsewhere"]})
    with path.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        app = opened()
    assert app.button[0].disabled
    assert "Another t-SNE" in texts(app)


def test_a_failure_is_told_in_words_and_may_be_tried_again(home):
    run = fakes.finished(home)
    write_json(run.folder / keys.X_TSNE_STATE_FILE, {"error": "There was not enough memory for the t-SNE."})
    app = opened()
    assert "not enough memory" in app.warning[0].value
    assert not app.button[0].disabled
