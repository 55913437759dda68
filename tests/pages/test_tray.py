"""The tray: which runs every page shows, and how it survives a reload."""

import shutil
from dataclasses import replace

from semafo import keys
from semafo.files import write_json
from semafo.runs.home import Home
from semafo.settings.run_config import TrainSettings
from tests.pages.conftest import texts
from tests.support import fakes


def test_a_new_session_opens_the_newest_comparison(home, open_page):
    fakes.comparison(home, fakes.MAPPED, batch="old", age=9000)
    newest = fakes.comparison(home, batch="new", age=60)
    app = open_page("latent_space")
    assert app.session_state["tray"] == [record.run_id for record in newest]
    assert app.query_params["runs"] == ",".join(record.run_id for record in newest)


def test_the_address_restores_the_tray_without_deleted_runs(home, open_page):
    first, second, third = fakes.comparison(home)
    shutil.rmtree(second.folder)
    app = open_page("predictions", runs=f"{third.run_id},{second.run_id},{first.run_id},../..")
    assert app.session_state["tray"] == [third.run_id, first.run_id]


def test_an_address_opens_no_folder_outside_the_home(home, tmp_path, open_page):
    mine = fakes.finished(home)
    stranger = fakes.finished(Home.at(tmp_path / "elsewhere"), fakes.MAPPED)
    paths = (stranger.folder, f"../../elsewhere/runs/{stranger.run_id}", f"%2e%2e/{stranger.run_id}")
    for path in paths:
        app = open_page("predictions", runs=f"{path},{mine.run_id}")
        assert not app.exception
        assert app.session_state["tray"] == [mine.run_id]
        assert str(stranger.folder) not in app.query_params["runs"]


def test_one_click_removes_a_run_from_every_view(home, open_page):
    first, *others = fakes.comparison(home)
    app = open_page("latent_space")
    app.button(key=f"remove-{first.run_id}").click().run()
    assert app.session_state["tray"] == [record.run_id for record in others]
    assert app.query_params["runs"] == f"{others[0].run_id}~2,{others[1].run_id}~3"  # they keep their colours


def test_a_link_gives_the_runs_the_colours_that_they_had(home, open_page):
    first, second, third = fakes.comparison(home)
    app = open_page("runs", runs=f"{second.run_id}~2,{third.run_id}~3")
    assert app.session_state["tray_slots"] == {second.run_id: 1, third.run_id: 2}
    assert app.query_params["runs"] == f"{second.run_id}~2,{third.run_id}~3"
    assert first.run_id not in app.session_state["tray"]


def test_the_button_that_removes_a_run_is_named_for_those_who_do_not_see_it(home, open_page):
    record = fakes.finished(home)
    assert open_page("runs").button(key=f"remove-{record.run_id}").label == f"Remove {record.title}"


def test_a_select_adds_a_run_and_failed_ones_are_not_offered(home, open_page):
    fakes.comparison(home, batch="new", age=10)
    other = fakes.finished(home, replace(fakes.REAL, train=TrainSettings(seed=3)), batch="old", age=9000)
    fakes.failed(home, replace(fakes.REAL, train=TrainSettings(seed=4)), batch="older", age=9900)
    app = open_page("latent_space")
    select = app.selectbox(key="tray_add")
    assert len(select.options) == 1
    select.select(other.run_id).run()
    assert app.session_state["tray"][-1] == other.run_id


def test_a_run_that_ends_is_announced_with_its_accuracy(home, open_page):
    record = fakes.finished(home, scores=False)
    app = open_page("runs")
    write_json(record.folder / keys.MANIFEST_FILE, {"files": {}})
    write_json(record.folder / keys.STATUS_FILE, {**record.status, "state": keys.DONE, "finished": 1.0})
    app.session_state["live_news"] = {record.run_id: keys.DONE}
    app.run()
    assert "is done. Accuracy 0." in texts(app)


def test_active_runs_are_in_the_sidebar_of_every_page(home, open_page):
    fakes.running(home)
    fakes.queued(home, replace(fakes.REAL, train=TrainSettings(seed=1)), waits_for="the scVI stage")
    app = open_page("runs")
    bars = [bar.proto.text for bar in app.sidebar.get("progress")]
    assert len(bars) == 2
    assert "Waiting for the scVI stage" in bars[1]
