"""What is approximated for large sets stays near the exact value, and small sets are exact."""

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist

from semafo.evaluation.integration import distance_sums, eigenvectors, kbet
from semafo.evaluation.integration import table as integration_table
from semafo.evaluation.integration.columns import METRICS
from semafo.evaluation.neighbours import approximate as approximate_neighbours
from semafo.evaluation.neighbours import neighbours
from semafo.evaluation.neighbours.sampling import capped_sample, proportional_sample

STATED_ERROR = 0.01  # docs/metrics.md; measured at larger sizes, where it is smaller


@pytest.fixture(scope="module")
def medium_set(simulate):
    """5000 cells of six types, unequal batches."""
    rng = np.random.default_rng(2)
    labels = np.repeat(["B", "NK", "T", "pDC", "Mk", "Mono"], [1600, 400, 1200, 60, 140, 1600])
    batches = rng.choice(["one", "two", "three"], len(labels), p=[0.6, 0.3, 0.1])
    return simulate(2, labels, batches, n_latent=12, separation=1.5)


@pytest.fixture(scope="module")
def exact(medium_set):
    return integration_table.integration_scores(*medium_set.arguments)


def approximate_beyond(monkeypatch, n_cells):
    for module in (integration_table, neighbours):
        monkeypatch.setattr(module, "MOST_EXACT", n_cells)
    monkeypatch.setattr(integration_table, "MOST_SUMMED", 2 * n_cells)
    monkeypatch.setattr(approximate_neighbours, "CELLS_PER_LIST", 150)


def largest_difference(scores, others):
    return max(abs(getattr(scores, metric.key) - getattr(others, metric.key)) for metric in METRICS)


def test_a_small_set_is_exact_and_says_so(exact):
    assert (exact.n_cells, exact.n_sampled, exact.is_approximate) == (5000, None, False)


def test_approximate_scores_are_near_the_exact_ones_and_say_so(medium_set, exact, monkeypatch):
    approximate_beyond(monkeypatch, 1500)
    scores = integration_table.integration_scores(*medium_set.arguments)
    assert 0 < largest_difference(scores, exact) < STATED_ERROR
    assert (scores.n_cells, scores.n_sampled, scores.is_approximate) == (5000, None, True)


def test_approximate_scores_repeat_bit_for_bit(medium_set, monkeypatch):
    approximate_beyond(monkeypatch, 1500)
    first, second = (integration_table.integration_scores(*medium_set.arguments) for _ in range(2))
    assert first == second


def test_a_very_large_set_is_scored_on_a_sample_and_says_how_large_it_is(medium_set, exact, monkeypatch):
    monkeypatch.setattr(integration_table, "MOST_CELLS", 3000)
    scores = integration_table.integration_scores(*medium_set.arguments)
    assert scores.n_cells == 5000
    assert scores.n_sampled == pytest.approx(3000, abs=20)
    assert scores.is_approximate
    # Columns about neighbourhoods reach further where cells are fewer, so only the others can be near the exact values.
    for key in ("isolated_labels", "silhouette_label", "kmeans_nmi", "clisi", "pcr_comparison"):
        assert getattr(scores, key) == pytest.approx(getattr(exact, key), abs=0.01)


def test_a_proportional_sample_keeps_the_shares_and_every_pair(rng):
    types, batches = rng.choice(4, 2000, p=[0.6, 0.3, 0.09, 0.01]), rng.choice(3, 2000, p=[0.9, 0.09, 0.01])
    rows = proportional_sample(types, batches, 500, seed=0)
    assert len(rows) == pytest.approx(500, abs=12)
    assert (np.diff(rows) > 0).all()
    assert set(zip(types[rows], batches[rows], strict=True)) == set(zip(types, batches, strict=True))
    np.testing.assert_allclose(np.bincount(types[rows]) / len(rows), np.bincount(types) / 2000, atol=0.01)


def test_a_capped_sample_keeps_small_types_whole_and_cuts_the_others_to_one_size():
    types = np.repeat([0, 1, 2], [1000, 50, 2000])
    sizes = np.bincount(types[capped_sample(types, np.zeros(3050, dtype=int), 450, seed=0)])
    assert sizes.tolist() == pytest.approx([200, 50, 200], abs=1)
    assert len(capped_sample(types, types, 3050, seed=0)) == 3050


def test_summed_distances_equal_those_of_all_pairs(medium_set):
    z = medium_set.z[::2] + 50  # 2500 cells: single precision
    types, batches = (np.unique(x[::2], return_inverse=True)[1] for x in (medium_set.labels, medium_set.batches))
    sums = distance_sums.distance_sums(z, types, batches)
    everything = cdist(z, z)
    np.testing.assert_allclose(sums.to_types, everything @ np.eye(6)[types], rtol=1e-5)
    same_type = types[:, None] == types
    np.testing.assert_allclose(sums.to_batches, (everything * same_type) @ np.eye(3)[batches], rtol=1e-5)


def test_sums_that_single_precision_would_spoil_are_taken_in_double(rng):
    z = np.repeat(rng.normal(size=(3, 4)), 1000, axis=0) + 1e-6 * rng.normal(size=(3000, 4))
    z[::1000] += 100  # an outlier in each type, so that centring does not help
    types = np.repeat([0, 1, 2], 1000)
    sums = distance_sums.distance_sums(z, types, np.zeros(3000, dtype=int))
    np.testing.assert_allclose(sums.to_types, cdist(z, z) @ np.eye(3)[types], rtol=1e-5)


def test_blocks_of_vectors_find_the_same_eigenvectors_as_a_dense_solver(rng):
    n = 1200
    graph = sparse.random_array((n, n), density=0.02, rng=rng)
    graph = sparse.csr_array(graph + graph.T) / 10 + sparse.diags_array(np.r_[np.linspace(2, 9, 60), np.zeros(n - 60)])
    values, vectors = eigenvectors._block_lanczos(sparse.csr_array(graph), 50, seed=0)
    everything = np.linalg.eigvalsh(graph.toarray())
    expected = np.sort(everything[np.argsort(-np.abs(everything))[:50]])
    np.testing.assert_allclose(values, expected, atol=1e-5)
    assert np.linalg.norm(graph @ vectors - vectors * values, axis=0).max() < 5e-3


@pytest.mark.parametrize("gap", [0, 40])
def test_kbet_does_not_depend_on_the_eigensolver_even_for_a_type_in_two_pieces(rng, monkeypatch, gap):
    z, batches = rng.normal(size=(2600, 6)), rng.integers(0, 3, 2600)
    z[1300:, 0] += gap
    z[batches == 1, 1] += 0.5
    around, one_type = neighbours.nearest(z, 50), np.zeros(2600, dtype=int)
    by_blocks = kbet.kbet_per_label(around, one_type, batches)
    monkeypatch.setattr(eigenvectors, "SINGLE_VECTOR_CELLS", 5000)
    assert by_blocks == pytest.approx(kbet.kbet_per_label(around, one_type, batches), abs=2e-3)
