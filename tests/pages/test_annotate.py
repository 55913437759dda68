"""Annotate: choosing two data sets, what is submitted, and what a finished annotation shows."""

import json
from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from semafo import keys
from semafo.files import read_json, write_json
from semafo.runs.background.preflight import Inspection
from semafo.runs.export import annotated_query
from semafo.runs.folder.run_record import RunRecord
from semafo.ui import charts as figures
from semafo.ui.annotate import results as shown
from semafo.ui.charts import colours
from semafo.ui.session import dataset
from tests.pages.conftest import charts, texts
from tests.support import fakes

OVERLAP = {
    "n_reference_genes": 1000,
    "n_query_genes": 900,
    "n_shared": 880,
    "share": 0.88,
    "n_query_only": 20,
    "missing_examples": ["gene_1", "gene_2"],
}
JOINED = {
    "n_reference": 1300,
    "n_query": 540,
    "reference_batches": ["Pancreas inDrop"],
    "query_batches": ["Pancreas SS2"],
    "n_query_labels": 0,
    "query": "simulated:cells=540",
    "overlap": OVERLAP,
}
MARKERS = {
    "types": ["Pancreas Alpha", "Pancreas Beta"],
    "genes": ["GCG", "INS", "IAPP"],
    "mean": [[3.0, 0.1, 0.2], [0.2, 4.0, 2.0]],
    "share": [[0.9, 0.1, 0.1], [0.1, 0.95, 0.7]],
    "n": [210, 330],
}


@pytest.fixture
def found(monkeypatch):
    """The preflight of any two data sets, without a process."""
    cells = fakes.data_cells(fakes.MAPPED)
    is_query = np.arange(len(cells)) >= 1300
    cells[keys.ROLE] = np.where(is_query, keys.QUERY, keys.REFERENCE)
    cells.loc[is_query, keys.TRUE] = None
    composition = {str(name): {"Pancreas inDrop": int(n)} for name, n in cells[keys.TRUE].value_counts().items()}
    report = {"joined": JOINED, "composition": composition, "no_types": {}, "warnings": ["The query lacks 120 genes."]}
    inspection = Inspection(report, cells)
    monkeypatch.setattr(dataset, "inspection", lambda spec: inspection)
    monkeypatch.setattr(annotated_query, "inspect", lambda home, spec: inspection)
    return inspection


@pytest.fixture
def finished(home):
    """A finished annotation whose query has no labels."""
    return fakes.finished(home, fakes.ANNOTATED)


def button(app, label):
    return next(button for button in app.button if button.label == label)


def built_in(app):
    """Choose built-in data for both."""
    for who in ("reference", "query"):
        app.session_state[f"annotate_{who}_kind"] = "Built in"
    app.run()
    for who in ("reference", "query"):
        app.selectbox(key=f"annotate_{who}_entry").select("Simulated, small")
    return app.run()


def test_nothing_can_be_started_before_both_are_chosen(open_page):
    app = open_page("annotate")
    assert not app.exception
    assert button(app, "Annotate").disabled
    assert "Choose a labelled reference and a query" in texts(app)


def test_what_was_found_is_said_and_the_run_is_submitted(home, found, open_page):
    app = built_in(open_page("annotate"))
    assert not app.exception
    assert "**Reference: 1\u2009300 cells**, 3 types, 1 batch" in texts(app)
    assert "880 of the reference's 1\u2009000 genes (88 %)" in texts(app)
    assert "lacks 120 genes" in texts(app)
    app.selectbox(key="annotate_mix").select("Both normalised").run()
    button(app, "Annotate").click().run()
    assert not app.exception
    (folder,) = (path for path in home.runs.iterdir() if not path.name.startswith("."))
    config = RunRecord(folder).config
    assert config.dataset.query == "simulated"
    assert config.split.reference == ("Pancreas inDrop",)
    assert config.split.labelled_rate == 0
    assert config.mix.name == "Both normalised"
    assert [read_json(path)["run_ids"] for path in home.inbox.iterdir()] == [[folder.name]]


def test_a_path_that_leads_nowhere_is_refused_in_words(open_page):
    app = open_page("annotate")
    app.text_input(key="annotate_reference_path").set_value("/nowhere/r.h5ad")
    app.text_input(key="annotate_query_path").set_value("/nowhere/q.h5ad").run()
    assert not app.exception
    assert "There is no file /nowhere/r.h5ad" in app.error[0].value


def test_genes_can_be_named_by_a_column_of_each_file(home, found, open_page, tmp_path):
    for who, column in (("reference", "feature_name"), ("query", "symbol")):
        obs = pd.DataFrame({"cell_type": ["a", "b"] * 5}, index=[f"c{i}" for i in range(10)])
        var = pd.DataFrame({column: ["CD3D", "CD19"]}, index=["ENSG00000000001", "ENSG00000000002"])
        ad.AnnData(np.ones((10, 2), dtype=np.float32), obs=obs, var=var).write_h5ad(tmp_path / f"{who}.h5ad")
    app = open_page("annotate")
    for who in ("reference", "query"):
        app.text_input(key=f"annotate_{who}_path").set_value(str(tmp_path / f"{who}.h5ad"))
    app.run()
    for who, column in (("reference", "feature_name"), ("query", "symbol")):
        select = app.selectbox(key=f"genes_named_by_{who}-{tmp_path / who}.h5ad")
        assert list(select.options) == ["var_names", column]
        select.select(column)
    app.run()
    button(app, "Annotate").click().run()
    assert not app.exception
    (folder,) = (path for path in home.runs.iterdir() if not path.name.startswith("."))
    spec = RunRecord(folder).config.dataset
    assert (spec.gene_key, spec.query_gene_key) == ("feature_name", "symbol")


def test_what_the_missing_genes_cost_is_said(finished, open_page):
    support = {"by_type": {}, "right": 0.34, "right_with_all": 0.95, "n_cells": 800, "n_missing": 90}
    write_json(finished.folder / keys.PREDICTIONS_FILE, {**finished.predictions(), "support": support})
    said = texts(open_page("annotate"))
    assert "names 34 % of the reference's own cells as it should; with all, 95 %" in said


def test_a_finished_annotation_shows_everything_but_a_score(finished, open_page):
    app = open_page("annotate")
    assert not app.exception
    assert charts(app) == 4
    said = texts(app)
    assert "nothing here is a score" in said
    assert "ccuracy" not in said
    assert "760 of the 800 that the model reads" in said.replace("\u2009", "")
    assert len(app.dataframe) == 1
    assert "Own label" not in app.dataframe[0].value
    assert "--query simulated:cells=1400,genes=1000" in app.code[0].value
    assert "annotation_overwrite" not in app.session_state  # only a file can have an annotation already


def test_a_file_that_was_annotated_before_can_be_annotated_anew(home, open_page):
    config = replace(fakes.ANNOTATED, dataset=replace(fakes.ANNOTATED.dataset, query="/data/query.h5ad"))
    fakes.finished(home, config)
    app = open_page("annotate")
    assert "--overwrite-items" not in app.code[0].value
    app.checkbox(key="annotation_overwrite").check().run()
    assert not app.exception
    assert "--overwrite-items" in app.code[0].value


def test_the_cells_beyond_the_reference_are_counted_and_each_has_its_score(finished, open_page):
    app = open_page("annotate")
    scores = finished.cells()[keys.MAPPING_SCORE].dropna()
    n_beyond = int((scores < 0.05).sum())
    said = texts(app).replace("\u2009", "")
    assert f"({n_beyond} of {len(scores)}) lie beyond the reference (mapping score below 0.05)" in said
    table = app.dataframe[0].value
    pd.testing.assert_series_equal(table["Mapping score"], scores[table.index], check_names=False)


def test_an_annotation_of_a_version_without_mapping_scores_is_shown_without(finished, open_page):
    predictions = finished.predictions()
    predictions.pop("mapping")
    write_json(finished.folder / keys.PREDICTIONS_FILE, predictions)
    finished.cells().drop(columns=keys.MAPPING_SCORE).to_parquet(finished.folder / keys.CELLS_FILE)
    app = open_page("annotate")
    assert not app.exception
    assert charts(app) == 3
    assert "beyond the reference" not in texts(app)
    assert "Mapping score" not in app.dataframe[0].value


def test_the_threshold_moves_the_unknown_cells(finished, open_page):
    app = open_page("annotate")
    cells = finished.cells()
    query = cells[cells[keys.ROLE] == keys.QUERY]
    for percent in (50, 90):
        app.slider(key="annotation_threshold").set_value(percent).run()
        n_unknown = int((query[keys.CONFIDENCE] < percent / 100).sum())
        assert f"{n_unknown} are unknown" in texts(app).replace("\u2009", "")
        assert (app.dataframe[0].value["Label"] == "unknown").sum() == n_unknown


def test_a_query_with_labels_of_its_own_is_scored_with_n_and_interval(finished, open_page):
    predictions = finished.predictions()
    scores = {"n_scored": 540, "accuracy": 0.9, "accuracy_low": 0.87, "accuracy_high": 0.92, "accuracy_majority": 0.4}
    write_json(finished.folder / keys.PREDICTIONS_FILE, {**predictions, "query": scores})
    said = texts(open_page("annotate"))
    assert "accuracy 0.900 [0.87, 0.92], n = 540, majority 0.400" in said


def test_agreement_with_logistic_regression_is_told_where_it_is_known(finished):
    cells = finished.cells()
    query = cells[cells[keys.ROLE] == keys.QUERY]
    (finished.folder / keys.BASELINE_CELLS_FILE).unlink()
    assert shown.agreement(finished, query) == []
    others = pd.DataFrame({keys.LOGISTIC_GENES: cells[keys.PREDICTED]})
    others.iloc[: len(others) // 2] = "another"
    others.to_parquet(finished.folder / keys.BASELINE_CELLS_FILE)
    same = (others.loc[query.index, keys.LOGISTIC_GENES] == query[keys.PREDICTED]).mean()
    assert f"{same:.0%}".replace("%", " %") in shown.agreement(finished, query)[0]


@pytest.mark.parametrize("narrow", [False, True])
def test_the_dots_say_share_and_mean(narrow):
    figure = figures.marker_dots(MARKERS, narrow=narrow)
    dots = figure.data[0]
    place = list(dots.hovertext).index("IAPP in Pancreas Beta<br>70% of 330 cells<br>mean 2.00")
    assert dots.marker.color[place] == 2.0
    assert dots.marker.size[place] == pytest.approx(18 * 0.7**0.5)
    assert (dots.x[place], dots.y[place]) == ((1, 2) if narrow else (2, 1))
    json.loads(figure.to_json())


def test_the_bars_count_and_put_the_unknown_last():
    labels = pd.Series(["unknown"] * 5 + ["beta"] * 3 + ["alpha"] * 2)
    bars = figures.predicted_bars(labels, colours.of_types(["alpha", "beta"]), "unknown").data[0]
    assert list(bars.customdata) == ["beta", "alpha", "unknown"]
    assert list(bars.text) == ["3 · 30 %", "2 · 20 %", "5 · 50 %"]


def test_a_bin_of_the_mapping_scores_ends_where_beyond_the_reference_does():
    above, below = figures.mapping_histogram(np.array([0, 0.04, 0.05, 0.06, 1.0]), 0.05).data
    assert list(below.y[:2]) == [2, 0]
    assert list(above.y[:2]) == [0, 2]
    assert above.y[-1] == 1


def test_the_histogram_counts_each_cell_on_one_side_of_the_threshold():
    above, below = figures.confidence_histogram(np.array([0.1, 0.49, 0.5, 0.9, 1.0]), 0.5).data
    assert (above.y.sum(), below.y.sum()) == (3, 2)


def test_a_type_called_unknown_is_a_type(finished, open_page):
    predictions, cells = finished.predictions(), finished.cells()
    old = predictions["types"][0]
    write_json(
        finished.folder / keys.PREDICTIONS_FILE, {**predictions, "types": ["Unknown", *predictions["types"][1:]]}
    )
    predicted = cells[keys.PREDICTED].astype(object).replace(old, "Unknown")
    cells.assign(**{keys.PREDICTED: predicted}).to_parquet(finished.folder / keys.CELLS_FILE)
    app = open_page("annotate")
    query = (cells[keys.ROLE] == keys.QUERY) & (cells[keys.CONFIDENCE] < 0.5)
    assert f"{query.sum()} are unknown (low confidence)" in texts(app).replace("\u2009", "")
    assert {"Unknown", "unknown (low confidence)"} <= set(app.dataframe[0].value["Label"])


def test_labels_that_are_no_types_are_missing_by_one_click_and_back_by_another(home, found, open_page):
    found.report["no_types"] = {"unassigned": 12}
    app = built_in(open_page("annotate"))
    button(app, "Treat 'unassigned' (12 cells) as unlabelled").click().run()
    assert not app.exception
    found.report["no_types"] = {}
    button(app, "Annotate").click().run()
    (folder,) = (path for path in home.runs.iterdir() if not path.name.startswith("."))
    assert RunRecord(folder).config.dataset.missing_labels == ("unassigned",)
    button(app, "Take 'unassigned' as a type again").click().run()
    assert not any("again" in button.label for button in app.button)


def test_what_the_check_found_is_folded_up_below_a_finished_annotation(finished, open_page):
    split = read_json(finished.folder / keys.SPLIT_FILE)
    write_json(finished.folder / keys.SPLIT_FILE, {**split, "warnings": ["Two cells are odd.", "All is one."]})
    app = open_page("annotate")
    assert "What the check found (2)" in [expander.label for expander in app.expander]
    assert "Two cells are odd." in texts(app)
