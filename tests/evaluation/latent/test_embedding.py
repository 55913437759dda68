"""Log-normalisation, PCA and UMAP."""

import numpy as np
import pytest
from scipy import sparse

from semafo.evaluation.latent.embedding import log_normalise, pca, umap
from semafo.evaluation.neighbours.neighbours import nearest
from semafo.settings.run_config import EvaluationSettings


@pytest.fixture
def counts(rng):
    return rng.poisson(1.0, size=(60, 20))


def test_log_normalised_cells_have_ten_thousand_counts(counts):
    np.testing.assert_allclose(np.expm1(log_normalise(counts)).sum(axis=1), 1e4, rtol=1e-4)


def test_sparse_and_dense_counts_are_normalised_alike(counts):
    dense, thin = log_normalise(counts), log_normalise(sparse.csr_matrix(counts))
    assert sparse.issparse(thin)
    assert dense.dtype == thin.dtype == np.float32
    np.testing.assert_allclose(thin.toarray(), dense, rtol=1e-5)


def test_normalising_leaves_the_counts_alone_and_empty_cells_at_zero(counts):
    counts[3] = 0
    before = sparse.csr_matrix(counts, dtype=np.float32)
    normalised = log_normalise(before)
    assert (before.toarray() == counts).all()
    assert (normalised.toarray()[3] == 0).all()
    assert (log_normalise(counts)[3] == 0).all()


@pytest.mark.parametrize("as_matrix", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
def test_components_have_the_largest_variances(counts, as_matrix):
    expression = log_normalise(counts).astype(np.float64)
    variances = np.linalg.eigvalsh(np.cov(expression.T))[::-1]
    coordinates, nothing = pca(as_matrix(expression), 5)
    np.testing.assert_allclose(coordinates.var(axis=0, ddof=1), variances[:5], rtol=1e-4)
    assert nothing is None


def test_components_do_not_depend_on_the_seed(counts):
    expression = log_normalise(counts)
    np.testing.assert_allclose(pca(expression, 5, seed=0)[0], pca(expression, 5, seed=1)[0], atol=1e-3)


def test_projected_cells_take_no_part_in_the_fit(counts):
    expression = log_normalise(counts)
    alone, _ = pca(expression[:40], 4)
    fitted, projected = pca(expression[:40], 4, also=expression[:10])
    np.testing.assert_array_equal(fitted, alone)
    np.testing.assert_allclose(projected, alone[:10], atol=1e-4)


def test_more_components_than_there_are_become_all_of_them(counts):
    coordinates, _ = pca(sparse.csr_array(log_normalise(counts)), 50)
    assert coordinates.shape == (60, 20)


@pytest.fixture(scope="module")
def two_groups():
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(size=(40, 5)), rng.normal(size=(40, 5)) + 12])


def test_a_map_repeats_bit_for_bit_and_keeps_groups_apart(two_groups):
    neighbours = nearest(two_groups, 30)
    positions = umap(two_groups, neighbours)
    assert positions.shape == (80, 2)
    assert positions.dtype == np.float32
    np.testing.assert_array_equal(umap(two_groups, neighbours), positions)
    of_group = nearest(positions, 10).indices // 40
    assert (of_group == of_group[:, :1]).all()


def test_the_seed_changes_the_map(two_groups):
    neighbours = nearest(two_groups, 15)
    other = umap(two_groups, neighbours, EvaluationSettings(seed=1))
    assert (other != umap(two_groups, neighbours)).any()


def test_more_neighbours_than_are_needed_give_the_same_map(two_groups):
    settings = EvaluationSettings(umap_neighbours=10)
    expected = umap(two_groups, nearest(two_groups, 10), settings)
    np.testing.assert_array_equal(umap(two_groups, nearest(two_groups, 60), settings), expected)


def test_compared_maps_can_start_at_the_same_positions(two_groups):
    """With a common start the two groups lie where they lay in it, on whichever side that is."""
    neighbours = nearest(two_groups, 15)
    is_second = np.arange(80) >= 40
    start = np.column_stack([np.where(is_second, -10.0, 10.0), np.zeros(80)])
    for sign in (1, -1):
        horizontal = umap(two_groups, neighbours, start=sign * start)[:, 0] * sign
        assert horizontal[is_second].max() < horizontal[~is_second].min()


@pytest.mark.parametrize("start", [np.zeros((79, 2)), np.zeros((80, 3))])
def test_a_start_of_another_shape_is_refused(two_groups, start):
    with pytest.raises(ValueError, match="80 cells need"):
        umap(two_groups, nearest(two_groups, 15), start=start)


@pytest.mark.parametrize("n_cells", [0, 1, 2, 3, 4, 9])
def test_few_cells_have_a_map_too(two_groups, n_cells):
    few = two_groups[:n_cells]
    positions = umap(few, nearest(few, 15))
    assert positions.shape == (n_cells, 2)
    assert np.isfinite(positions).all()


def test_an_embedding_of_one_dimension_and_cells_in_one_place_have_a_map(two_groups):
    line = two_groups[:, :1]
    assert np.isfinite(umap(line, nearest(line, 15))).all()
    same = np.ones((20, 3))
    assert np.isfinite(umap(same, nearest(same, 15))).all()
