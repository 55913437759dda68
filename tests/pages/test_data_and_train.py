"""Data and Train: choosing cells, refusals, and what is submitted."""

import re
from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from semafo import keys, wording
from semafo.data.paper.splits import preset
from semafo.data.splitting.split import make_split
from semafo.errors import DataError
from semafo.files import read_json
from semafo.runs.background import preflight
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import DatasetSpec, SplitSettings, TrainSettings
from semafo.ui.charts import split_bars
from tests.pages.conftest import charts, seen, texts
from tests.support import fakes


def submitted(home):
    return [RunRecord(folder).config for folder in home.runs.iterdir() if not folder.name.startswith(".")]


def button(app, label):
    return next(button for button in app.button if button.label == label)


def test_a_first_visit_offers_two_comparisons_and_nothing_else(open_page):
    app = open_page()
    assert not app.exception
    labels = [button.label for button in app.button]
    assert labels == ["Compare on real cells", "Map a query onto a reference", "Or choose cells of your own"]


@pytest.mark.parametrize(
    ("label", "form", "dataset"),
    [
        ("Compare on real cells", keys.ONE_STAGE, "pbmc68k"),
        ("Map a query onto a reference", keys.SURGERY, "simulated:cells=1000"),
    ],
)
def test_one_button_trains_the_three_mixes_and_fills_the_tray(home, open_page, label, form, dataset):
    app = open_page()
    button(app, label).click().run()
    assert not app.exception
    configs = submitted(home)
    assert sorted(config.mix.name for config in configs) == ["Both", "SemafoVAE", "scANVI"]
    assert {(config.form, config.dataset.name) for config in configs} == {(form, dataset)}
    assert len(app.session_state["tray"]) == 3
    assert app.title[0].value == "Compare"
    assert app.session_state["tray"][0].startswith("scanvi")


def test_the_preflight_is_shown_as_numbers_and_a_picture(home, open_page):
    fakes.comparison(home)
    fakes.write_inspection(home, fakes.REAL)
    app = open_page()
    assert not app.exception
    assert "**700 cells**, 765 genes, 10 types, 1 batch" in texts(app)
    assert "about 30 s and 1.2 GB" in texts(app)
    assert "All cells are one batch" in texts(app)
    assert charts(app) == 1


def test_the_chosen_cells_go_to_train(home, open_page):
    fakes.comparison(home)
    fakes.write_inspection(home, fakes.REAL)
    fakes.write_inspection(home, fakes.MAPPED)
    app = open_page()
    app.selectbox(key="data_entry").select("Simulated, small").run()
    button(app, "Use these cells").click().run()
    assert app.title[0].value == "Train"
    assert app.session_state["dataset"] == DatasetSpec("simulated", "cell_type", "study")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.h5ad", None, "There is no file"),
        ("text.h5ad", b"not a matrix at all", "is no HDF5 file"),
        ("empty.h5ad", b"", "is empty (0 bytes)"),
        ("zipped.h5ad", b"\x1f\x8b rest", "compressed with gzip"),
    ],
)
def test_a_file_that_is_no_h5ad_is_refused_and_nothing_is_lost(home, open_page, tmp_path, name, content, reason):
    fakes.comparison(home)
    fakes.write_inspection(home, fakes.REAL)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    app = open_page()
    app.session_state["data_kind"] = "File on this machine"
    app.run()
    app.text_input(key="data_path").set_value(str(tmp_path / name)).run()
    assert not app.exception
    assert reason in app.error[0].value
    assert button(app, "Use these cells").disabled
    assert "Train uses pbmc68k" in texts(app)


def test_a_refusal_of_the_preflight_is_shown_in_its_own_words(home, open_page, monkeypatch):
    fakes.comparison(home)

    def refuse(home, spec):
        raise DataError("No counts were found. Give the layer that holds them.")

    monkeypatch.setattr(preflight, "inspect", refuse)
    app = open_page()
    assert [error.value for error in app.error] == ["No counts were found. Give the layer that holds them."]
    app = open_page("train")
    assert app.error[0].value.startswith("No counts were found")


def test_an_unknown_error_is_a_sentence_and_a_log_not_a_traceback(home, open_page, monkeypatch):
    fakes.comparison(home)

    def fail(home, spec):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(preflight, "inspect", fail)
    app = open_page("train")
    assert not app.exception
    assert "pages.log" in app.error[0].value
    assert "a bug" in (home.engine / "pages.log").read_text()


def test_train_submits_every_ticked_mix_with_every_seed(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("train")
    app.checkbox(key="mix-both").uncheck()
    app.multiselect(key="seeds").set_value([0, 4])
    app.slider(key="rate-All cells together").set_value(5).run()
    button(app, "Train 4 models").click().run()
    assert not app.exception
    configs = submitted(home)
    assert {(config.mix.name, config.train.seed) for config in configs} == {
        (mix, seed) for mix in ("scANVI", "SemafoVAE") for seed in (0, 4)
    }
    assert {config.split.labelled_rate for config in configs} == {0.05}
    assert len(app.session_state["tray"]) == 4


def test_the_time_that_is_foreseen_is_that_of_the_schedule(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("train")
    said = []
    for schedule in ("one-cycle", "condensed", "constant"):
        app.radio(key="schedule").set_value(schedule).run()
        said.append(next(c.value for c in app.caption if "a model, less where" in c.value))
    seconds = [int(re.match(r"About (\d+) s a model", line)[1]) for line in said]
    assert seconds[0] <= seconds[1] < seconds[2]
    button(app, "Train 3 models").click().run()
    assert {config.train.schedule for config in submitted(home)} == {"constant"}


def test_own_weights_and_both_label_weightings(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("train")
    app.checkbox(key="mix-own").check()
    app.session_state["label_weighting"] = ["published", "normalised"]
    app.run()
    # scANVI knows no label weighting, so it is trained once
    assert button(app, "Train 7 models")
    assert "0.7:0.3 normalised" in app.get("latex")[0].value


def test_the_split_moves_with_the_labelled_rate(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("train")
    assert "20.0 % labelled: 98 cells" in texts(app)
    app.slider(key="rate-All cells together").set_value(50).run()
    assert "50.0 % labelled: 245 cells" in texts(app)


def test_rate_0_without_a_reference_is_refused_in_words(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("train")
    app.slider(key="rate-All cells together").set_value(0).run()
    assert not app.exception
    assert "leaves no label to learn from" in app.error[0].value
    assert button(app, "Train 0 models").disabled


def test_surgery_offers_reference_batches_and_ends_the_rate_at_the_test_share(home, open_page):
    fakes.write_inspection(home, fakes.MAPPED)
    app = open_page("train")
    app.session_state["dataset"] = fakes.MAPPED.dataset
    app.session_state["train_form"] = "Query onto a reference"
    app.run()
    assert not app.exception
    assert app.slider(key="rate-Query onto a reference").max == 70
    app.multiselect(key="reference-simulated").set_value([]).run()
    assert not app.exception


@pytest.fixture
def mapped(home, open_page):
    """Train, with five simulated pancreas studies chosen."""
    fakes.write_inspection(home, fakes.MAPPED)
    app = open_page("train")
    app.session_state["dataset"] = fakes.MAPPED.dataset
    return app.run()


def test_a_split_of_the_paper_is_one_choice_with_the_rate_that_comes_out(home, mapped):
    choice = mapped.selectbox(key="preset-simulated")
    assert choice.options[:3] == ["Of my own", "Paper's split: 100.0 %, reference only", "Paper's split: 82.4 %"]
    assert len(choice.options) == 8
    choice.select("Paper's split: 82.4 %").run()
    assert not mapped.exception
    assert "Hidden: Pancreas CelSeq2." in texts(mapped)
    assert "in the paper 82.4%" in texts(mapped)
    button(mapped, "Train 3 models").click().run()
    expected = preset("pancreas-82.4").split_settings()
    assert {config.split for config in submitted(home)} == {expected}


def test_the_reference_alone_says_that_there_is_nothing_to_test_on(mapped):
    mapped.selectbox(key="preset-simulated").select("Paper's split: 100.0 %, reference only").run()
    assert not mapped.exception
    assert "100.0 % labelled" in texts(mapped)
    assert "0 test" in texts(mapped)
    assert "There are no test cells" in mapped.warning[0].value
    mapped.selectbox(key="preset-simulated").select("Of my own")
    mapped.session_state["train_form"] = "Reference alone"
    mapped.run()
    assert not mapped.exception
    assert "There are no test cells" in mapped.warning[0].value


def test_data_of_other_batches_are_offered_no_split_of_the_paper(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("train")
    assert not [box for box in app.selectbox if box.label == "Split"]


def test_types_can_be_left_out_and_labels_kept_back(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("train")
    app.multiselect(key="left_out-pbmc68k").set_value(["Dendritic"])
    app.slider(key="calibration_share").set_value(25).run()
    assert not app.exception
    assert "kept for calibration" in texts(app)
    assert "labels of Dendritic (240 cells) are hidden everywhere" in app.warning[0].value
    button(app, "Train 3 models").click().run()
    splits = {(config.split.left_out_types, config.split.calibration_share) for config in submitted(home)}
    assert splits == {(("Dendritic",), 0.25)}


def test_the_leak_is_off_until_asked_for_and_then_marked(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("train")
    assert "LEAK" not in texts(app)
    app.toggle(key="leak").set_value(True).run()
    assert app.warning[0].value.startswith("LEAK: labels are hidden the way the published notebook does it")
    button(app, "Train 3 models").click().run()
    assert all(config.split.leak for config in submitted(home))


def test_calibration_and_left_out_cells_are_parts_of_their_own_in_the_picture():
    cells = fakes.data_cells(fakes.MAPPED)
    settings = SplitSettings(fakes.REFERENCE, 0.3, calibration_share=0.4, left_out_types=("Pancreas Beta",))
    figure = split_bars(make_split(cells[keys.TRUE], cells[keys.BATCH_COLUMN], settings).cells, keys.TRUE)
    drawn = {bar.name: dict(zip(bar.customdata, bar.x, strict=True)) for bar in figure.data}
    assert drawn[wording.PARTS[keys.CALIBRATION]]["Pancreas Alpha"] > 0
    assert drawn[wording.PARTS[keys.REFERENCE]]["Pancreas Beta"] == 0
    assert drawn[wording.PARTS[keys.HIDDEN]]["Pancreas Beta"] > 0
    colours_of = {bar.name: bar.marker.color for bar in figure.data}
    assert colours_of[wording.PARTS[keys.CALIBRATION]] != colours_of[wording.PARTS[keys.LABELLED]]


def test_runs_at_work_can_be_watched_and_cancelled(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    record = fakes.running(home)
    waiting = fakes.queued(home, replace(fakes.REAL, train=TrainSettings(seed=1)), waits_for="the scVI stage")
    app = open_page("train")
    assert not app.exception
    assert charts(app) == 2  # the split and the loss terms
    app.button(key=f"cancel-{waiting.run_id}").click().run()
    requests = [read_json(path) for path in home.inbox.iterdir()]
    assert requests == [{"action": "cancel", "run_id": waiting.run_id}]
    assert app.button(key=f"cancel-{waiting.run_id}").disabled
    assert not app.button(key=f"cancel-{record.run_id}").disabled


@pytest.fixture
def own_cells(tmp_path):
    """An .h5ad file whose labels are text with unknown ones, and numbers."""
    row = np.arange(60)
    obs = pd.DataFrame(
        {
            "cell_type": np.where(row < 7, "Unassigned", np.array(["beta", "alpha"])[row % 2]),
            "leiden": row % 4,
            "donor": pd.Categorical(np.array(["d1", "d2"])[row // 30]),
        },
        index=[f"c{i}" for i in row],
    )
    counts = np.random.default_rng(0).poisson(3.0, (60, 20)).astype("float32")
    var = pd.DataFrame(index=[f"GENE{i}" for i in range(20)])
    ad.AnnData(counts, obs=obs, var=var).write_h5ad(tmp_path / "cells.h5ad")
    return str(tmp_path / "cells.h5ad")


def own_file(open_page, path):
    app = open_page("data")
    app.session_state["own_cells"] = True
    app.session_state["data_kind"] = "File on this machine"
    app.run()
    app.text_input(key="data_path").set_value(path).run()
    assert not app.exception
    return app


def test_labels_that_are_no_types_are_missing_by_one_click_and_back_by_another(home, open_page, own_cells):
    app = own_file(open_page, own_cells)
    assert "3 types" in texts(app)
    (treat,) = [button for button in app.button if "Treat" in button.label]
    assert seen(treat.label) == "Treat 'Unassigned' (7 cells) as unlabelled"
    treat.click().run()
    assert "2 types" in texts(app)
    assert "Cells without a label: 7." in texts(app)
    button(app, "Use these cells").click().run()
    assert app.session_state["dataset"].missing_labels == ("Unassigned",)
    assert "labels cell_type without Unassigned" in texts(app)
    assert "What the check found (1)" in [expander.label for expander in app.expander]
    app.switch_page("pages/data.py").run()
    button(app, "Take 'Unassigned' as a type again").click().run()
    assert "3 types" in texts(app)


def test_columns_of_numbers_are_offered_after_those_of_text(home, open_page, own_cells):
    app = own_file(open_page, own_cells)
    label = app.selectbox(key=f"label-{own_cells}")
    assert label.options == ["cell_type (3 values)", "donor (2 values)", "leiden (4 values)"]
    label.select("leiden").run()
    assert not app.exception
    assert "4 types" in texts(app)


def test_counts_with_decimals_can_be_rounded(home, open_page, tmp_path):
    fakes.comparison(home)
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.0, (40, 12)) + rng.random((40, 12)).round(1) * (rng.random((40, 12)) < 0.3)
    obs = pd.DataFrame({"cell_type": ["a", "b"] * 20, "donor": ["c"] * 20 + ["d"] * 20})
    ad.AnnData(counts.astype(np.float32), obs=obs.set_axis(obs.index.astype(str))).write_h5ad(tmp_path / "some.h5ad")
    app = open_page()
    assert not app.toggle
    app.session_state["data_kind"] = "File on this machine"
    app.run()
    app.text_input(key="data_path").set_value(str(tmp_path / "some.h5ad")).run()
    assert "the models read them as they are" in texts(app)
    next(toggle for toggle in app.toggle if toggle.label == "Round counts with decimals").set_value(True).run()
    assert "were rounded to whole ones" in texts(app)
    button(app, "Use these cells").click().run()
    assert app.session_state["dataset"].round_counts
