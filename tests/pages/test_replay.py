"""The Replay page: runs with a record, without one, and without an end yet."""

from dataclasses import replace

from semafo import keys
from semafo.settings.run_config import TrainSettings
from semafo.ui.replay import player
from tests.pages.conftest import charts, texts
from tests.support import fakes


def test_finished_runs_are_replayed_in_one_figure(home, open_page):
    fakes.comparison(home)
    app = open_page("replay")
    assert not app.exception
    assert not app.error
    assert charts(app) == 1
    assert "One fixed linear map" in texts(app)
    assert "proves nothing" in texts(app)


def test_surgery_is_replayed_too(home, open_page):
    fakes.comparison(home, fakes.MAPPED)
    app = open_page("replay")
    assert not app.exception
    assert charts(app) == 1


def test_a_run_from_before_records_says_so(home, open_page):
    old = fakes.finished(home)
    (old.folder / keys.REPLAY_FRAMES_FILE).unlink()
    app = open_page("replay")
    assert not app.exception
    assert charts(app) == 0
    assert [info.value for info in app.info] == [player.BEFORE_RECORDS]


def test_an_old_run_beside_new_ones_is_named_and_the_others_are_replayed(home, open_page):
    old, *_ = fakes.comparison(home)
    (old.folder / keys.REPLAY_FRAMES_FILE).unlink()
    app = open_page("replay")
    assert charts(app) == 1
    assert [info.value[:6] for info in app.info] == ["scANVI"]


def test_a_run_at_work_says_that_it_is_in_training(home, open_page):
    fakes.running(home)
    app = open_page("replay")
    assert not app.exception
    assert "In training" in texts(app)


def test_rings_are_there_on_request(home, open_page):
    fakes.finished(home)
    app = open_page("replay")
    app.toggle[0].set_value(True).run()
    assert not app.exception
    assert "Rings are cells whose label" in texts(app)


def test_runs_of_other_seeds_have_a_map_of_their_own_and_the_caption_says_so(home, open_page):
    fakes.finished(home)
    fakes.finished(home, replace(fakes.REAL, train=TrainSettings(seed=1)))
    assert "Between groups only the scale can be compared" in texts(open_page("replay"))


def test_an_empty_home_offers_the_two_comparisons(open_page):
    app = open_page("replay")
    assert not app.exception
    assert len(app.button) == 2
