"""What the scib table does with rotated, scaled, permuted, mixed, separated and degenerate embeddings."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from semafo.errors import DataError
from semafo.evaluation.integration.columns import BATCH, BIO, METRICS, aggregate
from semafo.evaluation.integration.kbet import kbet_per_label
from semafo.evaluation.integration.table import IntegrationScores, integration_scores
from semafo.evaluation.neighbours.neighbours import nearest

few_examples = settings(max_examples=8, deadline=None, derandomize=True)
COUNTS = ("n_cells", "n_types", "n_batches", "n_sampled", "is_approximate")


def scores_of(cells):
    """Every column, without the counts of cells, types and batches."""
    values = integration_scores(*cells.arguments).to_dict()
    return {key: value for key, value in values.items() if key not in COUNTS}


def undefined_in(scores):
    return {metric.key for metric in METRICS if getattr(scores, metric.key) is None}


def keys_of(group):
    return {metric.key for metric in METRICS if metric.group == group}


def three_types(simulate, n_cells=90, **how):
    return simulate(3, np.repeat(["B", "NK", "T"], n_cells // 3), np.tile(["one", "two"], n_cells // 2), **how)


@few_examples
@given(seed=st.integers(0, 10_000))
def test_rotating_the_space_changes_no_score(simulate, seed):
    cells = three_types(simulate)
    rotation = ortho_group.rvs(cells.z.shape[1], random_state=seed)
    assert scores_of(cells.with_z(cells.z @ rotation)) == pytest.approx(scores_of(cells), abs=1e-4)


@few_examples
@given(scale=st.floats(0.01, 100))
def test_scaling_the_space_changes_no_score(simulate, scale):
    cells = three_types(simulate)
    assert scores_of(cells.with_z(scale * cells.z)) == pytest.approx(scores_of(cells), abs=1e-4)


@few_examples
@given(seed=st.integers(0, 10_000))
def test_the_order_of_the_cells_changes_no_score_but_those_of_kmeans(simulate, seed):
    cells = three_types(simulate)
    shuffled = cells.take(np.random.default_rng(seed).permutation(len(cells.z)))
    before, after = scores_of(cells), scores_of(shuffled)
    for drawn_by_position in ("kmeans_nmi", "kmeans_ari"):  # KMeans draws its starts so
        before.pop(drawn_by_position), after.pop(drawn_by_position)
    assert after == pytest.approx(before, abs=1e-4)


def test_only_bras_depends_on_where_the_origin_is(small_cells):
    before, after = scores_of(small_cells), scores_of(small_cells.with_z(small_cells.z + 5))
    assert before.pop("bras") != pytest.approx(after.pop("bras"), abs=1e-3)
    assert after == pytest.approx(before, abs=1e-4)


def test_mixed_batches_score_high_and_separated_ones_low(simulate):
    mixed = scores_of(three_types(simulate, n_cells=300, batch_shift=0.0))
    apart = scores_of(three_types(simulate, n_cells=300, batch_shift=8.0))
    assert mixed["ilisi"] > 0.8
    assert mixed["kbet"] > 0.8
    assert mixed["silhouette_batch"] > 0.95
    assert mixed["bras"] > 0.9
    assert mixed["graph_connectivity"] > 0.95
    assert apart["ilisi"] < 0.05
    assert apart["kbet"] == 0
    assert apart["silhouette_batch"] < 0.5
    assert apart["bras"] < mixed["bras"] - 0.3
    assert apart["graph_connectivity"] == pytest.approx(0.5, abs=0.01)  # each type falls into its two batches


def test_separated_types_score_high_and_mixed_ones_low(simulate):
    apart = scores_of(three_types(simulate, separation=10.0))
    mixed = scores_of(three_types(simulate, n_cells=300, separation=0.0))
    assert {apart[key] for key in ("kmeans_nmi", "kmeans_ari")} == {1.0}
    assert min(apart["silhouette_label"], apart["isolated_labels"], apart["clisi"]) > 0.85
    assert max(mixed["kmeans_nmi"], mixed["kmeans_ari"], mixed["clisi"]) < 0.2
    assert mixed["silhouette_label"] == pytest.approx(0.5, abs=0.02)


def test_an_embedding_without_batch_removal_has_no_pcr_gain(small_cells):
    assert scores_of(small_cells.with_z(small_cells.unintegrated))["pcr_comparison"] == 0


def test_removing_the_batch_means_is_a_full_pcr_gain(small_cells):
    z = small_cells.unintegrated.copy()
    for batch in np.unique(small_cells.batches):
        z[small_cells.batches == batch] -= z[small_cells.batches == batch].mean(axis=0)
    assert scores_of(small_cells.with_z(z))["pcr_comparison"] == pytest.approx(1)


def test_without_the_unintegrated_embedding_only_pcr_is_undefined(small_cells):
    scores = integration_scores(small_cells.z, small_cells.labels, small_cells.batches, None)
    assert undefined_in(scores) == {"pcr_comparison"}


@pytest.mark.parametrize("batches", [None, ["only"] * 90])
def test_a_single_batch_leaves_the_batch_columns_undefined(small_cells, batches):
    scores = integration_scores(small_cells.z, small_cells.labels, batches, small_cells.unintegrated)
    undefined = undefined_in(scores)
    assert undefined == keys_of(BATCH)
    means = aggregate(scores)
    assert means["batch"] is None
    assert means["total"] == means["bio"]


def test_a_single_type_leaves_the_bio_columns_undefined(small_cells):
    scores = integration_scores(small_cells.z, ["T"] * 90, small_cells.batches, small_cells.unintegrated)
    assert undefined_in(scores) == keys_of(BIO)
    assert aggregate(scores)["bio"] is None


def test_types_confined_to_a_batch_leave_only_the_mixing_within_types_undefined(small_cells):
    scores = integration_scores(small_cells.z, small_cells.labels, small_cells.labels, small_cells.unintegrated)
    undefined = undefined_in(scores)
    assert undefined == {"silhouette_batch", "kbet", "bras"}


def test_cells_without_a_label_are_left_out(small_cells):
    labels = small_cells.labels.astype(object)
    labels[::3] = None
    with_missing = integration_scores(small_cells.z, labels, small_cells.batches, small_cells.unintegrated)
    known = small_cells.take(np.flatnonzero(labels == small_cells.labels))
    assert with_missing == integration_scores(*known.arguments)
    assert with_missing.n_cells == 60


@pytest.mark.parametrize("n_cells", [0, 1, 2, 3, 5, 12])
def test_very_few_cells_give_scores_or_none_but_no_error(small_cells, n_cells):
    few = small_cells.take(np.linspace(0, 89, n_cells).astype(int))
    values = scores_of(few)
    assert all(value is None or 0 <= value <= 1 for key, value in values.items() if key != "kmeans_ari")


def test_cells_in_the_same_place_give_finite_scores(small_cells):
    values = scores_of(small_cells.with_z(np.ones_like(small_cells.z)))
    assert values.pop("pcr_comparison") is None  # no variance is left to explain
    assert all(np.isfinite(value) for value in values.values())


def test_the_same_seed_gives_the_same_bits(small_cells):
    assert integration_scores(*small_cells.arguments, seed=4) == integration_scores(*small_cells.arguments, seed=4)


def test_a_diverged_embedding_is_refused_in_words(small_cells):
    z = small_cells.z.copy()
    z[7, 0] = np.nan
    with pytest.raises(DataError, match="1 of 90 cells"):
        integration_scores(z, small_cells.labels, small_cells.batches, None)


def test_arrays_of_unequal_length_are_refused(small_cells):
    with pytest.raises(ValueError, match="labels has 3 rows, the embedding 90"):
        integration_scores(small_cells.z, ["B", "T", "T"], small_cells.batches, None)


def test_kbet_skips_types_that_are_too_small(simulate):
    cells = simulate(0, ["B"] * 60 + ["T"] * 9, np.resize(["one", "two"], 69), batch_shift=0.0)
    labels, batches = (np.unique(values, return_inverse=True)[1] for values in (cells.labels, cells.batches))
    neighbours = nearest(cells.z[:60], 50)
    assert kbet_per_label(nearest(cells.z, 50), labels, batches) > 0
    assert kbet_per_label(neighbours, labels[:60], batches[:60]) is not None
    assert kbet_per_label(nearest(cells.z[60:], 50), np.zeros(9, dtype=int), batches[60:]) is None


def test_blocks_of_distances_give_the_same_scores_as_one(small_cells, monkeypatch):
    whole = scores_of(small_cells)
    monkeypatch.setattr("semafo.evaluation.neighbours.exact.BLOCK_VALUES", 700)
    monkeypatch.setattr("semafo.evaluation.integration.distance_sums.BLOCK_VALUES", 700)
    assert scores_of(small_cells) == pytest.approx(whole, abs=1e-12)


def test_every_metric_is_a_column_and_every_column_is_described():
    columns = set(IntegrationScores(0, 0, 0).to_dict()) - set(COUNTS)
    assert columns == {metric.key for metric in METRICS}


def test_the_scores_are_plain_values(small_cells):
    values = integration_scores(*small_cells.arguments).to_dict()
    assert json.loads(json.dumps(values)) == values
