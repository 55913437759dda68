"""Compare: everything about the chosen methods on one page."""

import json
import re
from dataclasses import replace

import numpy as np

from semafo import keys
from semafo.runs.library import store
from semafo.settings.mix import Mix
from semafo.settings.run_config import SplitSettings, TrainSettings
from tests.pages.conftest import charts, texts
from tests.support import fakes


def with_seeds(home, seeds, mixes=fakes.MIXES):
    return [
        fakes.finished(home, replace(fakes.REAL, mix=mix, train=TrainSettings(seed=seed)))
        for mix in mixes
        for seed in seeds
    ]


def figure(app):
    """Traces and layout of the comparison."""
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def heats(app):
    return [trace for trace in figure(app)["data"] if trace["type"] == "heatmap"]


def titles(app):
    found = [text["text"] for text in figure(app)["layout"]["annotations"]]
    return [re.sub("<[^>]+>", "", text) for text in found if "■" in text]


def test_maps_matrices_scores_and_the_scib_table_stand_on_one_page(home, open_page):
    fakes.comparison(home)
    app = open_page("compare")
    assert not app.exception
    assert len(heats(app)) == 3
    assert charts(app) == 2
    assert [title.split("accuracy")[0].strip("■ ") for title in titles(app)] == ["scANVI", "SemafoVAE", "Both"]
    assert "one seed proves nothing" in texts(app).lower()


def test_three_seeds_are_one_column_with_the_mean_matrix(home, open_page):
    runs = with_seeds(home, range(3), [Mix(1.0, 0.0), Mix(0.0, 1.0)])
    app = open_page("compare", runs=",".join(run.run_id for run in runs))
    assert len(heats(app)) == 2
    counts = np.mean([run.predictions()["confusion"]["test"] for run in runs[:3]], axis=0)
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert np.allclose(np.array(heats(app)[0]["z"], dtype=float), shares, atol=1e-3)
    assert "3 seeds, n 210" in titles(app)[0]
    assert "map of seed 0" in titles(app)[0]
    assert "scANVI · 20 % · 3 seeds" in "".join(element.proto.body for element in app.sidebar.get("html"))
    app.selectbox(key=f"map-of-{runs[0].run_id}").select(runs[2].run_id).run()
    assert "map of seed 2" in titles(app)[0]
    assert app.query_params["of_column"] == runs[2].run_id


def test_a_selection_recounts_every_matrix_and_score_and_is_cleared_with_one_click(home, open_page):
    run, *_ = fakes.comparison(home)
    app = open_page("compare", selection="type:Dendritic")
    cells = run.cells()
    n = int(((cells[keys.PART] == keys.TEST) & (cells[keys.TRUE] == "Dendritic")).sum())
    assert f"count the {n} test cells among them" in texts(app)
    assert all(f"n {n}" in title for title in titles(app))
    for heat in heats(app):
        assert sum(any(value is not None for value in row) for row in heat["z"]) == 1
    app.button(key="compare_clear").click().run()
    assert all("n 210" in title for title in titles(app))
    assert "selection" not in app.query_params


def test_another_column_is_trained_from_the_strip_beside_the_old_ones(home, open_page):
    before = fakes.comparison(home)
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("compare")
    assert app.button(key="strip_train").disabled
    app.selectbox(key="strip_rate").select(0.05).run()
    button = app.button(key="strip_train")
    assert button.label == "Train 1 run"
    button.click().run()
    assert not app.exception
    [started] = [row for row in store.rows(home) if row["run_id"] not in {run.run_id for run in before}]
    assert started["title"] == "scANVI · 5 % · seed 0"
    assert app.session_state["tray"] == [*(run.run_id for run in before), started["run_id"]]


def test_the_verdict_offers_the_seeds_that_are_missing_and_trains_them(home, open_page):
    before = with_seeds(home, [0])
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("compare", runs=",".join(run.run_id for run in before))
    button = app.button(key="more_seeds")
    assert button.label == "Train 4 more seeds of each (12 runs)"
    button.click().run()
    assert not app.exception
    assert len(app.session_state["tray"]) == 15


def test_a_run_in_training_has_its_panel_and_a_live_map(home, open_page):
    fakes.finished(home)
    fakes.running(home, replace(fakes.REAL, mix=Mix(0.0, 1.0)))
    app = open_page("compare")
    assert not app.exception
    assert len(titles(app)) == 2
    assert len(heats(app)) == 1


def test_failed_runs_say_so_in_their_panel_and_below(home, open_page):
    failed = fakes.failed(home, replace(fakes.REAL, mix=Mix(0.0, 1.0)))
    app = open_page("compare", runs=failed.run_id)
    assert "The worker process ended (signal 9)" in texts(app)
    assert "Failed. The Runs page says why." in str(figure(app)["layout"]["annotations"])


def test_a_telephone_or_tablet_shows_the_usual_page_since_it_has_no_key_that_ends_presenting(home, open_page):
    fakes.comparison(home)
    usual = figure(open_page("compare"))["layout"]["font"]["size"]
    app = open_page("compare", present="1")
    assert figure(app)["layout"]["font"]["size"] > usual
    app.session_state["viewport"] = {"narrow": False, "cramped": True}
    app.run()
    assert figure(app)["layout"]["font"]["size"] == usual
    assert app.button(key="present_button").disabled


def test_a_link_presents_without_what_is_not_shown_on_a_wall(home, open_page):
    fakes.comparison(home)
    usual = figure(open_page("compare"))
    app = open_page("compare", present="1")
    assert app.query_params["present"] == "1"
    assert figure(app)["layout"]["font"]["size"] > usual["layout"]["font"]["size"]


def test_without_runs_the_page_offers_the_first_comparisons(home, open_page):
    app = open_page("compare")
    assert not app.exception
    assert {button.key for button in app.button} >= {"real-cells", "query-mapping"}


def test_methods_on_different_data_stand_side_by_side_without_a_verdict_on_labels(home, open_page):
    runs = [fakes.finished(home), fakes.finished(home, fakes.MAPPED)]
    app = open_page("compare", runs=",".join(run.run_id for run in runs))
    assert not app.exception
    assert len(heats(app)) == 2
    n_types = len(fakes.PBMC_TYPES) + len(fakes.PANCREAS_TYPES)
    assert all(len(heat["z"]) == n_types for heat in heats(app))
    assert "**Labels**" not in texts(app)


def test_a_run_without_test_cells_says_so_in_place_of_its_matrix(home, open_page):
    split = SplitSettings(reference=fakes.REFERENCE, reference_only=True)
    run = fakes.finished(home, replace(fakes.MAPPED, split=split))
    app = open_page("compare", runs=run.run_id)
    assert not app.exception
    assert "No test cells" in str(figure(app)["layout"]["annotations"])


def test_numbers_colour_the_maps_with_a_legend_of_their_own(home, open_page):
    fakes.comparison(home)
    for colouring in ("Batch", "Right or wrong", "Confidence"):
        app = open_page("compare", colouring=colouring)
        assert not app.exception
        assert app.selectbox(key="colouring").value == colouring
    assert any("coloraxis" in name for name in figure(app)["layout"])


def test_the_page_leads_on_to_where_one_goes_deeper(home, open_page):
    fakes.comparison(home)
    links = [link.proto.label for link in open_page("compare").get("page_link")]
    assert links[-3:] == ["Latent space", "Predictions", "Integration"]
