"""No confidence is higher than what the query's genes, and the counts of a cell, can support."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from semafo import keys
from semafo.data import catalogue
from semafo.data.genes import MIN_MODEL_COUNTS
from semafo.data.load import load, read_whole
from semafo.runs.export.annotated_query import UNKNOWN, labels_at
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.training import steps
from semafo.training.artefacts.gene_support import support_of_names
from tests.support.silent import Silent

SIMULATION = "simulated:cells=600,genes=160,types=4,batches=3,seed=5"
N_MODEL = 40
TRAIN = TrainSettings(epochs_pretrain=15, epochs_reference=10, epochs_query=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("support")


@pytest.fixture(scope="module")
def parts(folder):
    """Reference and query of one simulation."""
    whole = read_whole(catalogue.resolve(DatasetSpec(SIMULATION)))
    is_query = (whole.obs["study"] == sorted(whole.obs["study"].unique())[0]).to_numpy()
    whole[~is_query].copy().write_h5ad(folder / "reference.h5ad")
    return whole[~is_query].copy(), whole[is_query].copy()


def annotated(folder, query, mix="scanvi", head="classifier", min_overlap=0.7):
    """The steps of an annotation, without a home."""
    path = folder / "query.h5ad"
    query.write_h5ad(path)
    spec = DatasetSpec(
        str(folder / "reference.h5ad"), "cell_type", "study", n_hvg=N_MODEL, query=str(path), min_overlap=min_overlap
    )
    obs = load(spec).obs
    batches = tuple(sorted(set(obs.loc[obs[keys.ROLE] == keys.REFERENCE, keys.BATCH_COLUMN])))
    split = SplitSettings(reference=batches, labelled_rate=0.0)
    return steps.train(RunConfig(spec, split, replace(Mix.parse(mix), head=head), TRAIN), progress=Silent())


@pytest.fixture(scope="module")
def whole(folder, parts):
    return annotated(folder, parts[1])


def query_of(result):
    return result.cells[result.cells[keys.ROLE] == keys.QUERY]


def test_a_query_with_every_gene_keeps_the_confidence_of_the_model(whole):
    probabilities = whole.model.predict(whole.prepared.cells, soft=True).to_numpy(np.float32)
    assert whole.scores["support"] is None
    assert (whole.cells[keys.CONFIDENCE].to_numpy() == probabilities.max(1)).all()
    assert (whole.cells[keys.MODEL_COUNTS].to_numpy() == np.asarray(whole.prepared.cells.X.sum(1)).ravel()).all()


def test_genes_that_the_model_does_not_read_change_nothing(folder, parts, whole):
    query = parts[1]
    found = annotated(folder, query[:, whole.prepared.cells.var_names].copy())
    assert found.config.dataset.n_hvg == found.prepared.cells.n_vars < query.n_vars
    pd.testing.assert_frame_equal(query_of(found), query_of(whole), check_exact=True)
    assert (found.latent == whole.latent).all()


@pytest.mark.parametrize("head", ["classifier", "mixture"])
def test_hardly_any_genes_leave_hardly_a_name(folder, parts, whole, head):
    few = parts[1].var_names.difference(whole.prepared.cells.var_names[:-3])
    found = annotated(folder, parts[1][:, few].copy(), head=head, min_overlap=0.0)
    support, cells = found.scores["support"], query_of(found)
    assert support["n_missing"] == N_MODEL - 3
    assert support["right"] < support["right_with_all"] - 0.2
    assert (labels_at(cells, 0.5) == UNKNOWN).mean() > 0.5
    assert set(support["by_type"]) == set(found.scores["probability_types"])
    reference = found.cells[found.cells[keys.ROLE] == keys.REFERENCE]
    assert reference[keys.CONFIDENCE].mean() > 2 * cells[keys.CONFIDENCE].mean()


def test_cells_with_hardly_a_count_are_unknown_and_named(folder, parts, whole):
    query = parts[1].copy()
    is_read = query.var_names.isin(whole.prepared.cells.var_names)
    counts = query.X.toarray()
    counts[:3, is_read] = 0
    counts[:3, ~is_read] = 2
    counts[3, is_read] = 0
    counts[3, np.flatnonzero(is_read)[0]] = MIN_MODEL_COUNTS
    query.X = sparse.csr_matrix(counts)
    found = annotated(folder, query)
    cells = query_of(found)
    assert list(cells[keys.MODEL_COUNTS][:4]) == [0, 0, 0, MIN_MODEL_COUNTS]
    assert list(cells[keys.CONFIDENCE][:3]) == [0, 0, 0]
    assert cells[keys.CONFIDENCE].iloc[3] > 0
    assert cells[keys.PREDICTED].notna().all()
    assert list(labels_at(cells, 0.0) == UNKNOWN) == [True] * 3 + [False] * (len(cells) - 3)
    (said,) = [text for text in found.prepared.facts["warnings"] if "counts in the genes" in text]
    assert said.startswith(f"3 cells with fewer than {MIN_MODEL_COUNTS} counts")
    assert f"{', '.join(query.obs_names[:3])}. They are unknown" in said


def test_all_cells_together_may_hold_some_without_a_count(folder, parts):
    cells = parts[0].copy()
    counts = cells.X.toarray()
    counts[:4, 1:] = 0
    counts[:4, 0] = 1
    cells.X = sparse.csr_matrix(counts)
    cells.write_h5ad(folder / "one.h5ad")
    spec = DatasetSpec(str(folder / "one.h5ad"), "cell_type", "study", n_hvg=N_MODEL)
    found = steps.train(RunConfig(spec, SplitSettings(), Mix.parse("both"), TRAIN), progress=Silent())
    assert np.isfinite(found.latent).all()
    assert (found.cells[keys.CONFIDENCE][:4] == 0).all()


def test_cells_of_earlier_versions_are_judged_by_confidence_alone():
    cells = pd.DataFrame({keys.PREDICTED: ["a", "b"], keys.CONFIDENCE: [0.4, 0.0]})
    assert list(labels_at(cells, 0.0)) == ["a", "b"]
    assert list(labels_at(cells, 0.3)) == ["a", UNKNOWN]


def test_support_is_what_is_left_of_precision_above_chance():
    true = np.repeat(["a", "b", "c"], [60, 20, 20]).astype(object)
    assert support_of_names(true, true, true, ["a", "b", "c"]) == {"a": 1, "b": 1, "c": 1}
    all_a = np.full(100, "a", dtype=object)
    assert support_of_names(true, true, all_a, ["a", "b", "c"]) == {"a": 0, "b": 0, "c": 0}
    half = np.where((true == "c") & (np.arange(100) % 2 == 0), "b", true)
    found = support_of_names(true, true, half, ["a", "b", "c"])
    assert found["a"] == found["c"] == 1
    assert found["b"] == pytest.approx((20 / 30 - 0.2) / 0.8)
    assert support_of_names(true, all_a, true, ["b"]) == {"b": 0}  # a name that was worth nothing from the start
