"""Runs: the table, what can be done with rows, downloads."""

import io
import zipfile

from semafo.files import read_json
from semafo.ui import downloads, run_list
from tests import fakes
from tests.pages.conftest import texts


def select(app, *rows):
    app.session_state["runs_table"] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    return app.run()


def test_every_state_is_listed_with_accuracy_n_and_interval(home, open_page):
    fakes.full_home(home.path)
    app = open_page("runs")
    assert not app.exception
    frame = app.dataframe[0].value
    assert set(frame["State"]) == {"Done", "Failed", "Cancelled", "Training", "Waiting"}
    done = frame[frame["State"] == "Done"]
    assert done["Accuracy"].str.fullmatch(r"0\.\d{3} \[0\.\d\d, 0\.\d\d\]").all()
    assert set(done["n"]) == {"210", "477"}
    assert (frame.loc[frame["State"] == "Failed", "Accuracy"] == "").all()


def test_the_reason_of_a_failure_and_the_warnings_are_read_in_the_page(home, open_page, monkeypatch):
    record = fakes.failed(home)
    monkeypatch.setattr(run_list, "choose", lambda rows: [record])
    app = open_page("runs")
    assert not app.exception
    assert "the machine may have run out of memory" in app.error[0].value
    assert "All cells are one batch" in texts(app)
    assert "training on 700 cells" in app.code[0].value


def test_chosen_rows_become_the_tray(home, open_page, monkeypatch):
    first, second, _ = fakes.comparison(home)
    monkeypatch.setattr(run_list, "choose", lambda rows: [second, first])
    app = open_page("runs")
    next(button for button in app.button if button.label == "Show 2 runs").click().run()
    assert app.session_state["tray"] == [second.run_id, first.run_id]
    assert app.title[0].value == "Latent space"


def test_deletion_asks_first(home, open_page, monkeypatch):
    first, *_ = fakes.comparison(home)
    monkeypatch.setattr(run_list, "choose", lambda rows: [first])
    app = open_page("runs")
    next(button for button in app.button if button.label == "Delete").click().run()
    assert not list(home.inbox.iterdir())
    next(button for button in app.button if button.label == "Delete 1 run").click().run()
    assert [read_json(path) for path in home.inbox.iterdir()] == [{"action": "delete", "run_id": first.run_id}]
    assert first.run_id not in app.session_state["tray"]
    assert "**Chosen runs** · 2 of 6" in texts(app)


def test_a_zip_holds_all_files_of_a_run(home):
    record = fakes.finished(home)
    with zipfile.ZipFile(io.BytesIO(downloads.zipped(record))) as archive:
        names = {name.removeprefix(f"{record.run_id}/") for name in archive.namelist()}
    assert names == {path.name for path in record.folder.iterdir()}
