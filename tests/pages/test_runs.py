"""Runs: the table, what can be done with rows, downloads."""

from dataclasses import replace

from semafo import keys
from semafo.files import read_json, write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import disk_use, store, trash
from semafo.runs.library import search as run_search
from semafo.settings.run_config import TrainSettings
from semafo.ui.runs import run_table
from semafo.ui.widgets import score_tables
from tests.pages.conftest import texts
from tests.support import fakes


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
    monkeypatch.setattr(run_table, "choose", lambda rows: [record])
    app = open_page("runs")
    assert not app.exception
    assert "the machine may have run out of memory" in app.error[0].value
    assert "All cells are one batch" in texts(app)
    assert "training on 700 cells" in app.code[0].value


def test_chosen_rows_become_the_tray(home, open_page, monkeypatch):
    first, second, _ = fakes.comparison(home)
    monkeypatch.setattr(run_table, "choose", lambda rows: [second, first])
    app = open_page("runs")
    next(button for button in app.button if button.label == "Show 2 runs").click().run()
    assert app.session_state["tray"] == [second.run_id, first.run_id]
    assert app.title[0].value == "Compare"


def test_deletion_asks_first(home, open_page, monkeypatch):
    first, *_ = fakes.comparison(home)
    monkeypatch.setattr(run_table, "choose", lambda rows: [first])
    app = open_page("runs")
    next(button for button in app.button if button.label == "Delete").click().run()
    assert not list(home.inbox.iterdir())
    next(button for button in app.button if button.label == "Delete 1 run").click().run()
    assert [read_json(path) for path in home.inbox.iterdir()] == [{"action": "delete", "run_id": first.run_id}]
    assert first.run_id not in app.session_state["tray"]
    assert "**Chosen runs** · 2 of 6" in texts(app)


def button(app, label):
    return next(found for found in app.button if found.label == label)


def pick(monkeypatch, *records):
    """Selecting rows, which a page test cannot click."""
    monkeypatch.setattr(run_table, "choose", lambda rows: list(records))


def test_an_undone_deletion_is_as_if_it_had_never_been(home, open_page, monkeypatch):
    first, *_ = fakes.comparison(home)
    pick(monkeypatch, first)
    app = open_page("runs")
    tray = list(app.session_state["tray"])
    button(app, "Delete").click().run()
    assert "7 days" in texts(app)
    button(app, "Delete 1 run").click().run()
    trash.move_in(home, first.run_id)  # as the engine does
    pick(monkeypatch)
    app.run()
    assert "1 run deleted." in texts(app)
    button(app, "Undo").click().run()
    assert not app.exception
    assert first.state == keys.DONE
    assert app.session_state["tray"] == tray
    assert "Select rows at their left edge." in texts(app)


def test_a_run_deleted_long_ago_is_brought_back_from_the_trash(home, open_page):
    first, *_ = fakes.comparison(home)
    trash.move_in(home, first.run_id)
    app = open_page("runs")
    app.multiselect(key="to_restore").set_value([first.run_id]).run()
    button(app, "Bring back").click().run()
    assert first.state == keys.DONE
    assert len(app.dataframe[0].value) == 3


def test_the_last_run_that_is_deleted_can_come_back_as_well(home, open_page):
    record = fakes.finished(home)
    trash.move_in(home, record.run_id)
    app = open_page("runs")
    assert "There are no runs yet" in texts(app)
    app.multiselect(key="to_restore").set_value([record.run_id]).run()
    button(app, "Bring back").click().run()
    assert len(app.dataframe[0].value) == 1


def test_a_search_stands_in_the_address_and_narrows_the_list(home, open_page):
    fakes.full_home(home.path)
    app = open_page("runs", find="semafovae")
    assert set(app.dataframe[0].value["Run"]) == {"SemafoVAE · 20 % · seed 0"}
    assert "2 of 10 runs" in texts(app)
    app = open_page("runs", find="semafovae", data="simulated")
    assert "1 of 10 runs" in texts(app)
    app.text_input(key="find").set_value("").run()
    assert "3 of 10 runs" in texts(app)
    app.selectbox(key="in_state").set_value("Failed").run()
    assert "0 of 10 runs" in texts(app)
    assert not app.exception


def test_a_run_gets_name_tags_and_notes_that_stand_wherever_runs_do(home, open_page, monkeypatch):
    first, second, _ = fakes.comparison(home)
    pick(monkeypatch, first)
    app = open_page("runs", runs=f"{first.run_id},{second.run_id}")
    app.text_input(key=f"name-{first.run_id}").set_value("For the talk")
    app.multiselect(key=f"tags-{first.run_id}").set_value(["paper"])
    app.text_area(key=f"notes-{first.run_id}").set_value("look again")
    button(app, "Save").click().run()
    assert not app.exception
    assert (first.about.name, first.about.tags, first.about.notes) == ("For the talk", ("paper",), "look again")
    assert list(score_tables.run_table(store.rows(home))["Name"]).count("For the talk") == 1
    assert app.subheader[0].value == "For the talk"
    assert "scANVI · 20 % · seed 0 · Done" in texts(app)
    chips = [element.proto.body for element in app.get("html")]
    assert any("For the talk" in chip and "scANVI · 20 % · seed 0" in chip for chip in chips)


def test_a_name_that_cannot_be_is_refused_in_words(home, open_page, monkeypatch):
    first, *_ = fakes.comparison(home)
    pick(monkeypatch, first)
    app = open_page("runs")
    app.text_input(key=f"name-{first.run_id}").set_value("a\x07b")
    button(app, "Save").click().run()
    assert "control character" in texts(app)
    assert first.about.name is None


def test_several_runs_are_tagged_together(home, open_page, monkeypatch):
    first, second, _ = fakes.comparison(home)
    run_search.tag(home, first.run_id, ["old"])
    pick(monkeypatch, first, second)
    app = open_page("runs")
    app.multiselect(key="tags-to-add").set_value(["new"])
    app.multiselect(key="tags-to-remove").set_value(["old"])
    button(app, "Save for 2 runs").click().run()
    assert not app.exception
    assert first.about.tags == second.about.tags == ("new",)


def test_two_selected_runs_show_what_differs(home, open_page, monkeypatch):
    first, second, _ = fakes.comparison(home)
    pick(monkeypatch, first, second)
    app = open_page("runs")
    differences = next(frame.value for frame in app.dataframe if frame.value.index.name == "Setting")
    assert list(differences.columns) == ["scANVI · 20 % · seed 0", "SemafoVAE · 20 % · seed 0"]
    assert list(differences.loc["Weight of SemafoVAE's regulariser"]) == ["0 (default)", "1"]
    assert "Everything else is the same." in texts(app)


def test_a_run_from_a_newer_version_is_listed_with_the_reason_and_breaks_no_page(home, open_page, monkeypatch):
    fakes.comparison(home)
    newer = fakes.failed(home, replace(fakes.REAL, train=TrainSettings(seed=9)), age=1.0)
    write_json(newer.folder / keys.CONFIG_FILE, {**read_json(newer.folder / keys.CONFIG_FILE), "schema": 99})
    app = open_page("runs")
    assert not app.exception
    assert list(app.dataframe[0].value["State"]).count("Cannot be read") == 1
    pick(monkeypatch, RunRecord(newer.folder))
    app = open_page("runs", runs=newer.run_id)
    assert not app.exception
    assert not app.error
    assert "Update Semafo" in texts(app)
    assert button(app, "Show").disabled


def test_cleaning_up_shows_what_would_go_before_it_is_asked_for(home, open_page):
    fakes.comparison(home)
    failed = fakes.failed(home, replace(fakes.REAL, train=TrainSettings(seed=9)))
    disk_use.write_measured(home)
    app = open_page("runs")
    assert any(expander.label.startswith("Disk · ") for expander in app.expander)
    app.session_state["clean_failed"] = True  # a page test cannot press within a dialog and stay there
    button(app, "Clean up").click().run()
    preview = next(frame.value for frame in app.dataframe if "What" in frame.value)
    assert list(preview["What"]) == ["scANVI · 20 % · seed 9"]
    assert list(home.inbox.iterdir()) == []
    app.button(key="clean_now").click().run()
    assert not app.exception
    assert [read_json(path) for path in home.inbox.iterdir()] == [
        {"action": "clean", "items": [["failed", failed.run_id]]}
    ]
