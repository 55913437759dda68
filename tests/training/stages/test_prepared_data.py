"""What training gets to see of the cells that take part, and of those that do not."""

from dataclasses import replace

import pytest

from semafo import keys
from semafo.runs.library.store import in_context
from semafo.training.duration import expected_seconds
from semafo.training.stages.prepared_data import prepare
from tests.support.tiny import TINY_BATCHES, tiny_config


@pytest.fixture(scope="module")
def alone():
    config, context = in_context(tiny_config(reference=TINY_BATCHES[:1], reference_only=True))
    return config, prepare(config, context)


def test_the_reference_alone_is_all_that_is_prepared(alone):
    _, prepared = alone
    assert list(prepared.cells.obs[keys.BATCH].unique()) == list(TINY_BATCHES[:1])
    assert prepared.cells.n_obs == prepared.facts["n_cells"] == prepared.training_cells().n_obs
    assert prepared.query_cells().n_obs == prepared.facts["n_query"] == 0
    assert prepared.facts["labelled_rate"] == 1.0


def test_the_reference_alone_has_no_query_stage_to_wait_for(alone):
    config, prepared = alone
    assert config.form == keys.SURGERY
    assert keys.QUERY_STAGE not in expected_seconds(config, prepared.facts)


def test_the_first_stages_see_the_same_cells_with_and_without_a_query(alone):
    config, prepared = alone
    mapped = prepare(*in_context(replace(config, split=replace(config.split, reference_only=False))))
    ours, theirs = prepared.training_cells(), mapped.training_cells()
    assert ours.obs.equals(theirs.obs)
    assert (ours.X != theirs.X).nnz == 0


def test_calibration_labels_reach_no_model():
    prepared = prepare(*in_context(tiny_config(labelled_rate=0.5, calibration_share=0.4)))
    kept_back = (prepared.split.cells[keys.PART] == keys.CALIBRATION).to_numpy()
    assert kept_back.sum() == prepared.facts["n_calibration"] > 10
    assert set(prepared.cells.obs[keys.LABEL][kept_back]) == {keys.UNLABELLED}


def test_the_runs_of_a_comparison_prepare_once_and_share_nothing_but_the_counts():
    config, context = in_context(tiny_config("scanvi"))
    first, second = prepare(config, context), prepare(*in_context(tiny_config("both", seed=3)))
    assert second.cells.X is first.cells.X
    first.cells.obs["_scvi_labels"] = 0
    first.cells.uns["_scvi_uuid"] = "mine"
    assert "_scvi_labels" not in second.cells.obs
    assert not second.cells.uns
    other = prepare(*in_context(tiny_config("scanvi", labelled_rate=0.5)))
    assert other.facts["n_labelled"] != second.facts["n_labelled"]
