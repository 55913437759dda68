"""Latent space, Predictions and Integration: what they show of runs in every state."""

from dataclasses import replace

import pytest

from semafo.settings import TrainSettings
from tests import fakes
from tests.pages.conftest import charts, texts

RESULTS = ("latent_space", "predictions", "integration")


@pytest.mark.parametrize("path", [*RESULTS, "runs"])
def test_an_empty_home_offers_the_two_comparisons(open_page, path):
    app = open_page(path)
    assert not app.exception
    assert [button.label for button in app.button] == ["Compare on real cells", "Map a query onto a reference"]


@pytest.mark.parametrize("path", RESULTS)
def test_finished_runs_are_drawn(home, open_page, path):
    fakes.comparison(home)
    app = open_page(path)
    assert not app.exception
    assert not app.error
    assert charts(app) >= 1
    assert "proves nothing" in texts(app)


@pytest.mark.parametrize("path", RESULTS)
def test_the_query_form_is_drawn_too(home, open_page, path):
    fakes.comparison(home, fakes.MAPPED)
    app = open_page(path)
    assert not app.exception
    assert not app.error
    assert charts(app) >= 1


@pytest.mark.parametrize("path", RESULTS)
def test_a_run_at_work_shows_its_progress_in_place_of_results(home, open_page, path):
    record = fakes.running(home)
    app = open_page(path)
    assert not app.exception
    assert path != "latent_space" or charts(app) == 1  # the loss terms
    bars = [bar.proto.text for bar in app.get("progress")]
    assert any("epoch 12 of 20" in bar for bar in bars)
    assert record.run_id == app.session_state["tray"][0]


def test_maps_appear_before_scores(home, open_page):
    fakes.finished(home, scores=False)
    assert charts(open_page("latent_space")) == 1
    app = open_page("integration")
    assert charts(app) == 0
    assert "scores are being computed" in texts(app)


@pytest.mark.parametrize("path", ["latent_space", "predictions"])
def test_a_failed_run_says_why(home, open_page, path):
    fakes.failed(home)
    app = open_page(path)
    assert not app.exception
    assert "out of memory" in texts(app)


def test_a_failed_run_keeps_its_place_beside_finished_ones(home, open_page):
    fakes.comparison(home)
    fakes.failed(home, replace(fakes.REAL, train=TrainSettings(seed=7)))
    app = open_page("latent_space")
    assert len(app.session_state["tray"]) == 4
    assert charts(app) == 1


@pytest.mark.parametrize("colouring", ["True type", "Predicted type", "Batch", "Right or wrong", "Confidence"])
def test_every_colouring_works_with_rings_on_the_test_cells(home, open_page, colouring):
    fakes.comparison(home, fakes.MAPPED)
    app = open_page("latent_space")
    app.session_state["colouring"] = colouring
    app.session_state["shown"] = "Test cells"
    app.toggle(key="hollow").set_value(True).run()
    assert not app.exception
    assert not app.error
    assert "Rings are cells" in texts(app)


@pytest.mark.parametrize("scale", ["By row", "By column", "Counts"])
def test_every_scale_of_the_confusion_matrices_works(home, open_page, scale):
    fakes.comparison(home)
    app = open_page("predictions")
    app.session_state["normalisation"] = scale
    app.session_state["prediction_cells"] = "Whole query"
    app.run()
    assert not app.exception
    assert not app.error
    assert charts(app) == 2  # the matrices and a difference
    assert "as the paper scores" in texts(app)


def test_scores_come_with_n_interval_baseline_and_unseen_cells(home, open_page):
    fakes.comparison(home)
    frame = open_page("predictions").dataframe[0].value
    assert {"n", "Low", "High", "Majority", "Unseen"} <= set(frame.columns)
    assert frame["n"].tolist() == [210, 210, 210]


def test_runs_of_different_data_sets_get_matrices_of_their_own(home, open_page):
    runs = [*fakes.comparison(home), *fakes.comparison(home, fakes.MAPPED)]
    app = open_page("predictions", runs=",".join(run.run_id for run in runs))
    assert not app.exception
    assert not app.error
    assert charts(app) == 3
    assert charts(open_page("latent_space", runs=",".join(run.run_id for run in runs))) == 1


def test_baselines_are_listed_once(home, open_page):
    fakes.comparison(home, fakes.MAPPED)
    frame = open_page("integration").dataframe[0].value
    names = frame["Embedding"].tolist()
    assert sorted(names) == sorted(
        ["scANVI · 20 % · seed 0", "SemafoVAE · 20 % · seed 0", "Both · 20 % · seed 0", "scVI", "PCA"]
    )
    assert frame["Total"].is_monotonic_decreasing


def test_one_batch_leaves_batch_scores_undefined_and_says_so(home, open_page):
    fakes.comparison(home)
    app = open_page("integration")
    assert "batch scores are undefined" in texts(app)
    frame = app.dataframe[0].value
    assert frame["Batch mean"].isna().all()
    assert (frame["Total"] == frame["Bio mean"]).all()


def test_weights_of_paper_and_scib_are_one_click(home, open_page):
    fakes.comparison(home, fakes.MAPPED)
    app = open_page("integration")
    next(button for button in app.button if button.label == "scIB, 0.6").click().run()
    assert app.slider(key="bio_weight").value == 0.6
    assert not app.error
