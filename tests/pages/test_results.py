"""Latent space, Predictions and Integration: what they show of runs in every state."""

from dataclasses import replace

import pytest

from semafo import keys
from semafo.data.paper import lung_atlas
from semafo.files import write_json
from semafo.settings.run_config import SplitSettings, TrainSettings
from tests.pages.conftest import charts, texts
from tests.support import fakes

RESULTS = ("latent_space", "predictions", "integration")
MIX_NAMES = ("scANVI", "SemafoVAE", "Both")


def frame_with(app, column):
    """The first table of the page that has this column."""
    return next(element.value for element in app.dataframe if column in element.value.columns)


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


def test_maps_of_the_same_cells_are_aligned_unless_that_is_switched_off(home, open_page):
    fakes.comparison(home)
    app = open_page("latent_space")
    assert [toggle.value for toggle in app.toggle if toggle.label == "Align maps"] == [True]
    assert "turned, mirrored and scaled as a whole to match scANVI · 20 % · seed 0, nothing else" in texts(app)
    next(toggle for toggle in app.toggle if toggle.label == "Align maps").set_value(False).run()
    assert not app.exception
    assert "mirrored" not in texts(app)


def test_a_single_map_has_nothing_to_be_aligned_to(home, open_page):
    fakes.finished(home)
    assert "Align maps" not in [toggle.label for toggle in open_page("latent_space").toggle]


def test_maps_of_other_data_are_not_aligned(home, open_page):
    runs = [fakes.finished(home), fakes.finished(home, fakes.MAPPED)]
    write_json(runs[1].folder / keys.CONFIG_FILE, {**runs[1].settings, "context": {"data": "other"}})
    app = open_page("latent_space", runs=",".join(run.run_id for run in runs))
    assert charts(app) == 1
    assert "Align maps" not in [toggle.label for toggle in app.toggle]


@pytest.mark.parametrize("scale", ["By row", "By column", "Counts"])
def test_every_scale_of_the_confusion_matrices_works(home, open_page, scale):
    fakes.comparison(home)
    app = open_page("predictions")
    app.session_state["normalisation"] = scale
    app.session_state["prediction_cells"] = "Whole query"
    app.run()
    assert not app.exception
    assert not app.error
    assert charts(app) == 4  # matrices, flips, types, differences
    assert "as the paper scores" in texts(app)


def test_scores_come_with_n_interval_and_baselines_on_the_same_cells(home, open_page):
    fakes.comparison(home)
    app = open_page("predictions")
    frame = app.dataframe[0].value
    assert {"n", "Low", "High"} <= set(frame.columns)
    assert frame["Run"].tolist() == [
        *("scANVI · 20 % · seed 0", "SemafoVAE · 20 % · seed 0", "Both · 20 % · seed 0"),
        *("Majority type", "Logistic regression on HVGs", "Logistic regression on the scVI latent", "kNN on PCA"),
    ]
    assert set(frame["n"]) == {210}
    assert "Best baseline on the 210 test cells: logistic regression on HVGs" in texts(app)
    assert "no clear difference" in texts(app)


def test_surgery_shows_each_run_before_its_query_stage(home, open_page):
    fakes.comparison(home, fakes.MAPPED)
    names = open_page("predictions").dataframe[0].value["Run"].tolist()
    assert names[:2] == ["scANVI · 20 % · seed 0", "scANVI · 20 % · seed 0, before the query stage"]
    assert names[-1] == "kNN on PCA"


def test_baselines_that_are_still_computed_are_announced(home, open_page):
    fakes.finished(home, scores=False)
    app = open_page("predictions")
    assert app.dataframe[0].value["Run"].tolist() == ["scANVI · 20 % · seed 0"]
    assert "baselines are still being computed" in texts(app)


def test_baselines_that_failed_say_why(home, open_page):
    record = fakes.finished(home)
    write_json(record.folder / keys.BASELINES_FILE, {"rows": {}, "error": "Logistic regression did not converge."})
    assert "did not converge" in texts(open_page("predictions"))


def test_one_seed_is_not_enough_and_several_are_compared(home, open_page):
    fakes.comparison(home)
    assert "train the same mixes with more seeds" in texts(open_page("predictions"))
    for seed in (1, 2):
        fakes.comparison(home, replace(fakes.REAL, train=TrainSettings(seed=seed)), batch=str(seed), age=9000)
    app = open_page("predictions")
    methods = frame_with(app, "Method").set_index("Method")
    assert methods.loc["scANVI", ["Runs", "Splits", "Seeds"]].tolist() == [3, 1, 3]
    assert "[" in methods.loc["scANVI", "Accuracy"]
    assert "nothing is said about others: donors, splits" in texts(app)
    assert not app.error


LOOKS = ("Types", "Batches", "Mistakes", "Marker genes", "Calibration", "Unknown cells", "Two matrices")


@pytest.mark.parametrize("look", LOOKS)
def test_every_closer_look_is_drawn(home, open_page, look):
    fakes.comparison(home, fakes.CALIBRATED)
    app = open_page("predictions")
    app.session_state["closer_look"] = look
    app.run()
    assert not app.exception
    assert not app.error
    assert charts(app) == (3 if look == "Mistakes" else 4)  # matrices, flips and differences are always there


def test_a_mistake_in_words_selects_its_cells(home, open_page):
    first, *_ = fakes.comparison(home)
    app = open_page("predictions")
    assert "Click a cell of a matrix" in texts(app)
    app.session_state["closer_look"] = "Mistakes"
    app.run()
    app.button(key=f"mistake-{first.run_id}-0").click().run()
    assert not app.exception
    assert f"pair:{first.run_id}:test:" in app.query_params["selection"]
    assert "predicted as" in texts(app)
    assert "Genes that tell them from the" in texts(app)
    app.button(key="pairing_clear").click().run()
    assert "selection" not in app.query_params
    assert "Click a cell of a matrix" in texts(app)


def test_a_link_to_a_matrix_cell_selects_it_and_an_old_run_says_why_it_has_no_genes(home, open_page):
    first, *_ = fakes.comparison(home)
    (first.folder / keys.GENES_FILE).unlink()
    app = open_page("predictions", selection=f"pair:{first.run_id}:test:Dendritic>Dendritic")
    assert not app.exception
    assert "Dendritic cells rightly predicted by scANVI · 20 % · seed 0" in texts(app)
    assert "was trained before expression was kept with a run" in texts(app)


def test_two_runs_disagree_in_numbers_and_any_two_can_be_chosen(home, open_page):
    fakes.comparison(home)
    app = open_page("predictions")
    assert "**scANVI** alone gets" in texts(app)
    assert "**SemafoVAE** alone" in texts(app)
    app.selectbox(key="differ_second").select("Both · 20 % · seed 0").run()
    assert not app.exception
    assert "**Both** alone" in texts(app)


def test_flipped_cells_are_shown_on_the_map_whatever_stands_in_the_address(home, open_page):
    first, second, _ = fakes.comparison(home)
    app = open_page("predictions", closer_look="Mistakes")
    app.button(key="flips_0").click().run()
    assert not app.exception
    assert app.title[0].value == "Latent space"
    assert app.query_params["selection"] == f"differ:{first.run_id}>{second.run_id}"


def test_a_single_run_has_nobody_to_disagree_with(home, open_page):
    fakes.finished(home)
    app = open_page("predictions")
    assert not app.exception
    assert "choose two runs with the same labelled test cells" in texts(app)


def test_a_run_without_a_temperature_says_how_to_get_one(home, open_page):
    fakes.comparison(home)
    app = open_page("predictions")
    app.session_state["closer_look"] = "Calibration"
    assert "set a calibration share" in texts(app.run())


def test_a_threshold_says_what_it_keeps_and_what_becomes_of_unseen_types(home, open_page):
    split = replace(fakes.MAPPED.split, left_out_types=("Pancreas Delta",))
    fakes.comparison(home, replace(fakes.MAPPED, split=split))
    app = open_page("predictions")
    app.session_state["closer_look"] = "Unknown cells"
    app.run()
    app.select_slider(key="unknown_below").set_value(0.0).run()
    everything = frame_with(app, "Keep a type")
    app.select_slider(key="unknown_below").set_value(0.8).run()
    some = frame_with(app, "Keep a type")
    assert set(everything["Keep a type"]) == {"100.0 %"}
    assert set(everything["Unseen types called unknown"]) == {"0.0 %"}
    assert (some["n kept"] < everything["n kept"]).all()


@pytest.mark.parametrize("path", RESULTS)
def test_leaked_labels_are_marked_wherever_a_score_is(home, open_page, path):
    fakes.comparison(home, replace(fakes.REAL, split=SplitSettings(leak=True)))
    app = open_page(path)
    assert not app.error
    if path != "latent_space":
        assert "Labels leaked on purpose" in texts(app)
        column = "Run" if path == "predictions" else "Embedding"
        assert sum("labels leaked" in name for name in app.dataframe[0].value[column]) == 3


@pytest.mark.parametrize("path", [*RESULTS, "replay", "factors"])
def test_runs_that_were_trained_on_different_schedules_are_told_apart(home, open_page, path):
    fakes.finished(home, batch="mixed")
    constant = fakes.finished(home, replace(fakes.REAL, train=TrainSettings("constant")), batch="mixed")
    preview = fakes.finished(home, replace(fakes.REAL, train=TrainSettings("one-cycle")), batch="mixed")
    app = open_page(path)
    assert len(app.session_state["tray"]) == 3
    said = [warning.value for warning in app.warning]
    assert sum("Different schedules" in warning for warning in said) == 1
    assert sum("Previews are trained too short" in warning for warning in said) == 1
    removers = {button.key: button.label for button in app.button if "remove-" in str(button.key)}
    assert removers[f"remove-{preview.run_id}"].endswith("preview")
    assert removers[f"remove-{constant.run_id}"].endswith("constant schedule")


@pytest.mark.parametrize("path", RESULTS)
def test_runs_of_one_schedule_say_nothing_of_it(home, open_page, path):
    fakes.comparison(home)
    app = open_page(path)
    assert "schedule" not in " ".join(warning.value for warning in app.warning)


@pytest.mark.parametrize("path", RESULTS)
def test_reference_only_runs_are_scored_on_their_training_cells_and_say_so(home, open_page, path):
    fakes.comparison(home, replace(fakes.MAPPED, split=replace(fakes.MAPPED.split, reference_only=True)))
    app = open_page(path)
    assert not app.exception
    assert not app.error
    if path == "latent_space":
        return
    assert "scores of these runs are on their training cells" in texts(app)
    if path == "predictions":
        names = app.dataframe[0].value["Run"].tolist()
        assert [name.split(" · ")[0] for name in names] == list(MIX_NAMES)
        assert all("reference only" in name and name.endswith("its training cells") for name in names)


def test_an_annotated_query_without_labels_has_no_scores(home, open_page):
    fakes.comparison(home, fakes.ANNOTATED)
    app = open_page("predictions")
    for look in LOOKS:
        app.session_state["closer_look"] = look
        app.run()
        assert not app.exception
        assert not app.error
        assert app.dataframe[0].value["Accuracy"].isna().all()
        assert app.info


def test_runs_of_different_data_sets_get_matrices_of_their_own(home, open_page):
    runs = [*fakes.comparison(home), *fakes.comparison(home, fakes.MAPPED)]
    app = open_page("predictions", runs=",".join(run.run_id for run in runs))
    assert not app.exception
    assert not app.error
    assert charts(app) == 6  # matrices of each, flips, types of each, differences
    assert "No comparison between" in texts(app)
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
    frames = {}
    for weighting, bio_weight in (("Paper, 0.5", 0.5), ("scIB, 0.6", 0.6), ("Other", 0.5)):
        app.session_state["weighting"] = weighting
        app.run()
        assert not app.error
        frames[weighting] = app.dataframe[0].value
        bio, batch = frames[weighting]["Bio mean"], frames[weighting]["Batch mean"]
        assert (frames[weighting]["Total"] - bio_weight * bio - (1 - bio_weight) * batch).abs().max() < 1e-9
    app.slider(key="bio_weight").set_value(0.9).run()
    assert not app.exception


def test_the_paper_s_rows_are_there_where_the_data_are_the_paper_s_and_only_there(home, open_page):
    runs = fakes.comparison(home, fakes.MAPPED)
    assert "paper" not in " ".join(open_page("integration").dataframe[0].value["Embedding"])
    batches = [f"batch {i}" for i in range(lung_atlas.N_BATCHES)]
    composition = {f"type {i}": dict.fromkeys(batches, 1) for i in range(lung_atlas.N_TYPES)}
    report = {"n_cells": lung_atlas.N_CELLS, "composition": composition}
    for run in runs:
        write_json(run.folder / keys.SPLIT_FILE, {**run.split(), "report": report})
    app = open_page("integration")
    assert not app.exception
    frame = app.dataframe[0].value.set_index("Embedding")
    assert frame.loc["semafoVI · paper", ["KMeans NMI", "kBET", "Total"]].tolist() == [0.71, 0.46, 0.67]
    assert "the paper's Figure 4" in texts(app)
