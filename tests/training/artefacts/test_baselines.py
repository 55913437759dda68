"""What stands beside a model: baselines on the same cells, its state before the query stage, its calibration."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from semafo import keys
from semafo.data.load import load
from semafo.data.splitting.split import hide_labels, make_split
from semafo.evaluation.labels.scores import score_labels
from semafo.evaluation.latent.mapping_score import mapping_facts, mapping_scores
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.library.store import in_context
from semafo.runs.workers.work import SCORE, TRAIN, work
from semafo.settings.mix import Mix
from semafo.settings.run_config import RunConfig, SplitSettings
from semafo.training.pipeline import predict_before_query
from semafo.training.stage_cache import baselines_key, classifiers_key, embeddings_key, scoring_keys
from semafo.training.stages import models as stage_models
from tests.support.silent import Silent
from tests.support.tiny import TINY_BATCHES, tiny_config

CONTEXT = {"data": "abc", "versions": {"torch": "2"}}
BASE = RunConfig(split=SplitSettings(reference=("a", "b")))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home without an engine."""
    return Home.at(tmp_path_factory.mktemp("baselines") / "home")


@pytest.fixture(scope="module")
def run(home):
    """The function that runs a config in this process, both halves."""

    def run(config):
        (run_id,) = store.submit(home, [config])
        record = RunRecord(home.runs / run_id)
        for half in (TRAIN, SCORE):
            outcome = work(str(record.folder), str(home.cache), half)
            assert outcome.state == keys.DONE, outcome.reason
        return record

    return run


@pytest.fixture(scope="module")
def mapped(run):
    """Surgery with a query."""
    return run(tiny_config(reference=TINY_BATCHES[:2]))


@pytest.fixture(scope="module")
def alone(run):
    """The reference alone."""
    return run(tiny_config(reference=TINY_BATCHES[:2], reference_only=True))


@pytest.fixture(scope="module")
def calibrated(run):
    """One stage, a temperature, and one type that nobody labelled."""
    left_out = sorted(load(in_context(tiny_config())[0].dataset).obs[keys.TRUE].dropna().unique())[0]
    return run(tiny_config(labelled_rate=0.6, calibration_share=0.4, left_out_types=(str(left_out),)))


def test_every_baseline_is_scored_on_the_models_cells(mapped):
    cells, table, rows = mapped.cells(), mapped.baseline_cells(), mapped.baselines()
    assert list(rows) == list(keys.BASELINES)
    assert table.index.equals(cells.index)
    test = cells[keys.PART] == keys.TEST
    for name, scores in rows.items():
        expected = score_labels(cells.loc[test, keys.TRUE], table.loc[test, name], mapped.split()["seen_types"])
        assert scores["test"] == expected.to_dict()
        assert scores["test"]["n_scored"] == mapped.predictions()["test"]["n_scored"]


def test_the_majority_is_that_of_the_labels_which_the_model_sees(mapped):
    cells = mapped.cells()
    seen = cells.loc[cells[keys.PART] == keys.LABELLED, keys.TRUE].value_counts()
    assert set(mapped.baseline_cells()[keys.MAJORITY]) == {seen.index[0]}


def test_another_mix_reuses_all_of_it(run, home, mapped):
    before = {path.name: path.stat().st_mtime_ns for path in home.cache.iterdir()}
    other = run(replace(mapped.config, mix=Mix(1, 1)))
    assert {path.name: path.stat().st_mtime_ns for path in home.cache.iterdir()} == before
    assert other.baselines() == mapped.baselines()
    assert other.integration()["rows"]["PCA"] == mapped.integration()["rows"]["PCA"]


def test_the_cache_keeps_scvis_embedding_of_all_cells(home, mapped):
    folder = home.cache / embeddings_key(mapped.config, mapped.settings["context"])
    for key in (keys.X_SCVI, keys.X_PCA):
        embedding = np.load(folder / keys.array_file(key))
        assert len(embedding) == len(mapped.cells())
        assert np.isfinite(embedding).all()


def test_before_the_query_stage_there_are_predictions_of_the_query_alone(mapped):
    cells, found = mapped.cells(), mapped.predictions()["before_query"]
    is_query = cells[keys.ROLE] == keys.QUERY
    assert cells.loc[is_query, keys.BEFORE_QUERY].notna().all()
    assert cells.loc[~is_query, keys.BEFORE_QUERY].isna().all()
    assert found["test"]["n_scored"] == mapped.predictions()["test"]["n_scored"]
    assert mapped.summary()["accuracy_before_query"] == found["test"]["accuracy"]


def test_the_querys_cells_have_a_mapping_score_and_the_file_says_how_it_came_about(mapped):
    cells, found = mapped.cells(), mapped.predictions()["mapping"]
    is_reference = (cells[keys.ROLE] == keys.REFERENCE).to_numpy()
    expected = mapping_scores(mapped.array(keys.X_SCANVI), is_reference, cells[keys.PREDICTED].to_numpy())
    np.testing.assert_array_equal(cells[keys.MAPPING_SCORE], expected.astype(np.float32))
    assert cells.loc[~is_reference, keys.MAPPING_SCORE].between(0, 1).all()
    assert found == mapping_facts(expected, int(is_reference.sum()))


def test_without_reference_and_query_there_is_no_mapping_score(alone, calibrated):
    for record in (alone, calibrated):
        assert keys.MAPPING_SCORE not in record.cells()
        assert "mapping" not in record.predictions()


def test_predicting_before_the_query_stage_changes_nothing_that_follows():
    config, _ = in_context(tiny_config(reference=TINY_BATCHES[:2]))
    adata = load(config.dataset)
    split = make_split(adata.obs[keys.TRUE], adata.obs[keys.BATCH_COLUMN], config.split)
    masked = hide_labels(adata, split)
    is_reference = (split.cells[keys.ROLE] == keys.REFERENCE).to_numpy()
    reference, query = masked[is_reference].copy(), masked[~is_reference]
    model = stage_models.semi_supervise(stage_models.pretrain(reference, config, Silent()), config, Silent())
    without = stage_models.map_query(model, query.copy(), config, Silent()).module.state_dict()
    first = predict_before_query(model, query.copy(), masked, config)
    torch.rand(7)
    pd.testing.assert_series_equal(first, predict_before_query(model, query.copy(), masked, config))
    after = stage_models.map_query(model, query.copy(), config, Silent()).module.state_dict()
    assert all(torch.equal(without[name], after[name]) for name in without)


def test_a_run_of_the_reference_alone_has_no_test_scores_and_says_what_it_scores(alone):
    summary, predictions = alone.summary(), alone.predictions()
    assert (summary["n_scored"], summary["accuracy"], summary["n_query"]) == (0, None, 0)
    assert summary["accuracy_reference"] == predictions["reference"]["accuracy"] > 0
    assert predictions["before_query"] is None
    assert predictions["per_type"] == {"test": [], "query": []}
    assert predictions["latent_scale"] > 0
    assert alone.integration()["population"] == "reference cells, which the model was trained on"
    assert alone.integration()["rows"]["scVI"]["n_cells"] == len(alone.cells())
    assert set(alone.cells()[keys.BATCH_COLUMN]) == set(TINY_BATCHES[:2])
    assert all(scores["test"]["n_scored"] == 0 for scores in alone.baselines().values())
    assert keys.QUERY_STAGE not in alone.progress()["stages"]


def test_the_temperature_comes_from_calibration_cells_alone(calibrated):
    cells, found = calibrated.cells(), calibrated.predictions()["calibration"]
    n_held_out = int((cells[keys.PART] == keys.CALIBRATION).sum())
    assert found["n_fitted"] == n_held_out > 0
    assert found["temperature"] == calibrated.summary()["temperature"] > 0
    assert cells[keys.SCALED_CONFIDENCE].between(0, 1).all()
    assert found["test"]["n"] == calibrated.predictions()["test"]["n_scored"]
    assert found["test"]["ece_scaled"] is not None


def test_cells_of_an_unseen_type_can_be_called_unknown(calibrated):
    predictions = calibrated.predictions()
    assert predictions["test"]["n_unseen"] > 0
    shares = [row["unseen_unknown"] for row in predictions["coverage"]["test"]]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert not set(calibrated.config.split.left_out_types) & {row["type"] for row in predictions["per_type"]["test"]}


def test_without_calibration_cells_there_is_no_temperature(mapped):
    found = mapped.predictions()["calibration"]
    assert (found["temperature"], found["n_fitted"], found["test"]["ece_scaled"]) == (None, 0, None)
    assert keys.SCALED_CONFIDENCE not in mapped.cells()


def test_baselines_that_cannot_be_computed_do_not_cost_the_run(run, home, mapped, monkeypatch):
    monkeypatch.setattr("semafo.evaluation.labels.classifiers.predict_logistic", lambda *_: 1 / 0)
    record = run(replace(mapped.config, split=replace(mapped.config.split, labelled_rate=0.4)))
    assert record.state == keys.RUNNING or (record.folder / keys.MANIFEST_FILE).exists()
    assert record.baselines() == {}
    assert "ZeroDivisionError" in record.baselines_error()
    assert record.baseline_cells().empty
    assert record.integration()["rows"]["model"]


@pytest.mark.parametrize(
    "changes",
    [
        {"labelled_rate": 0.5},
        {"labelled_batches": ("c",)},
        {"split_seed": 1},
        {"left_out_types": ("T",)},
        {"calibration_share": 0.2},
        {"leak": True},
        {"reference_only": True},
        {"stratified": False},
        {"test_share": 0.5},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_changes_the_labels_makes_other_classifiers(changes):
    other = replace(BASE, split=replace(BASE.split, **changes))
    assert classifiers_key(BASE, CONTEXT) != classifiers_key(other, CONTEXT)


def test_the_mix_and_the_order_of_batches_change_no_shared_stage():
    other = replace(BASE, mix=Mix(1, 1), split=replace(BASE.split, reference=("b", "a")))
    assert scoring_keys(BASE, CONTEXT) == scoring_keys(other, CONTEXT)


def test_the_rate_changes_the_classifiers_and_no_embedding_or_scib_score():
    other = replace(BASE, split=replace(BASE.split, labelled_rate=0.5))
    assert embeddings_key(BASE, CONTEXT) == embeddings_key(other, CONTEXT)
    assert baselines_key(BASE, CONTEXT) == baselines_key(other, CONTEXT)
    assert classifiers_key(BASE, CONTEXT) != classifiers_key(other, CONTEXT)


def test_leaving_the_query_out_changes_which_cells_are_embedded():
    other = replace(BASE, split=replace(BASE.split, reference_only=True))
    assert embeddings_key(BASE, CONTEXT) != embeddings_key(other, CONTEXT)
