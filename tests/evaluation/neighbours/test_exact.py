"""Exact and approximate searches for nearest cells."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from semafo.evaluation.neighbours import approximate as approximate_neighbours
from semafo.evaluation.neighbours.approximate import nearest_by_lists
from semafo.evaluation.neighbours.exact import nearest_among, nearest_exact


@pytest.fixture(scope="module")
def medium_set(simulate):
    """6000 cells of 12 types, a rare one among them, in 10 dimensions."""
    sizes = [1200, 900, 800, 700, 600, 500, 400, 300, 250, 200, 130, 20]
    labels = np.repeat([f"type {i:02}" for i in range(len(sizes))], sizes)
    return simulate(5, labels, np.resize(["one", "two", "three"], sum(sizes)), n_latent=10, separation=2.0)


@pytest.fixture(scope="module")
def exact(medium_set):
    return nearest_exact(medium_set.z, 30)


def test_the_search_equals_a_stable_sort_of_all_distances(medium_set):
    z = medium_set.z[::3]
    everything = cdist(z, z)
    indices, distances = nearest_exact(z, 30)
    assert (indices == np.argsort(everything, axis=1, kind="stable")[:, :30]).all()
    np.testing.assert_allclose(distances, np.sort(everything, axis=1)[:, :30], atol=1e-12)


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_the_search_does_not_depend_on_the_unit(medium_set, scale):
    z = medium_set.z[::20]
    assert (nearest_exact(scale * z, 10)[0] == nearest_exact(z, 10)[0]).all()


def test_a_tight_group_far_from_the_rest_keeps_its_order(rng):
    z = np.concatenate([rng.normal(size=(300, 3)), 1e4 + 1e-3 * rng.normal(size=(60, 3))])
    expected = np.argsort(cdist(z, z), axis=1, kind="stable")[:, :20]
    assert (nearest_exact(z, 20)[0] == expected).all()


def test_more_doubles_than_can_be_kept_are_found_all_the_same(rng):
    z = np.concatenate([np.ones((1500, 2)), rng.normal(size=(50, 2))])
    indices, distances = nearest_exact(z, 5)
    assert (indices[:, 0] == np.arange(1550)).all()
    assert (distances[:1500] == 0).all()
    np.testing.assert_allclose(distances[1500:], np.sort(cdist(z[1500:], z), axis=1)[:, :5], atol=1e-12)


def test_some_cells_are_searched_among_some_others(medium_set):
    z, others = medium_set.z, np.arange(0, 6000, 4)
    indices, _ = nearest_among(z, others[5:9], others, 12)
    assert (indices == others[np.argsort(cdist(z[others[5:9]], z[others]), axis=1)[:, :12]]).all()


def test_cells_are_searched_among_others_that_they_do_not_belong_to(medium_set):
    z, others, cells = medium_set.z, np.arange(0, 3000, 4), np.array([1, 2999, 5999])
    indices, distances = nearest_among(z, cells, others, 12)
    everything = cdist(z[cells], z[others])
    assert (indices == others[np.argsort(everything, axis=1)[:, :12]]).all()
    np.testing.assert_allclose(distances, np.sort(everything, axis=1)[:, :12], atol=1e-12)


def test_a_cell_among_doubles_that_it_does_not_belong_to_is_not_found(rng):
    z = np.concatenate([np.ones((1500, 2)), rng.normal(size=(50, 2)), np.ones((1, 2))])
    indices, distances = nearest_among(z, np.array([1550]), np.arange(1550), 5)
    assert (indices < 1500).all()
    assert (distances == 0).all()


def test_searching_lists_finds_nearly_all_and_leaves_no_cell_out(medium_set, exact, monkeypatch):
    monkeypatch.setattr(approximate_neighbours, "CELLS_PER_LIST", 150)
    indices, distances = nearest_by_lists(medium_set.z, 30)
    found = (distances <= exact[1][:, -1:]).mean(axis=1)
    assert 0.995 < found.mean() < 1  # below 1: not all cells were searched
    assert found.min() >= 0.5
    assert (indices[:, 0] == np.arange(6000)).all()
    assert all(len(set(row)) == 30 for row in indices[::50].tolist())
    again, _ = nearest_by_lists(medium_set.z, 30)
    np.testing.assert_array_equal(again, indices)


def test_a_space_without_structure_is_searched_whole(rng):
    z = rng.normal(size=(2000, 12))
    np.testing.assert_array_equal(nearest_by_lists(z, 20)[0], nearest_exact(z, 20)[0])
