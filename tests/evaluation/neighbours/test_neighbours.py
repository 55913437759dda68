"""Exact neighbours and the graph made of them."""

import numpy as np
from scipy.spatial.distance import cdist

from semafo.evaluation.neighbours.membership_graph import fuzzy_graph, solve_scale
from semafo.evaluation.neighbours.neighbours import nearest


def test_neighbours_equal_a_sort_of_all_distances(rng):
    z = rng.normal(size=(70, 4))
    everything = cdist(z, z)
    found = nearest(z, 12)
    assert (found.indices == np.argsort(everything, axis=1)[:, :12]).all()
    np.testing.assert_allclose(found.distances, np.sort(everything, axis=1)[:, :12], atol=1e-12)


def test_a_cell_is_its_own_first_neighbour_even_among_doubles():
    z = np.repeat([[0.0, 1.0], [2.0, 3.0]], 6, axis=0)
    found = nearest(z, 4)
    assert (found.indices[:, 0] == np.arange(12)).all()
    assert (found.distances == 0).all()
    assert all(len(set(row)) == 4 for row in found.indices.tolist())


def test_distances_keep_their_digits_far_from_the_origin(rng):
    z = rng.normal(size=(40, 3))
    np.testing.assert_allclose(nearest(z + 1e6, 5).distances, nearest(z, 5).distances, atol=1e-8)


def test_the_number_of_neighbours_is_clipped_to_the_cells(rng):
    found = nearest(rng.normal(size=(7, 2)), 90)
    assert (found.k, found.n_cells) == (7, 7)
    assert nearest(np.zeros((0, 2)), 90).k == 0


def test_the_first_neighbours_are_those_of_a_smaller_search(rng):
    z = rng.normal(size=(30, 3))
    assert (nearest(z, 20).first(5).indices == nearest(z, 5).indices).all()
    assert nearest(z, 20).first(50).k == 20


def test_memberships_are_symmetric_shares_without_self_edges(rng):
    graph = fuzzy_graph(nearest(rng.normal(size=(50, 3)), 10)).toarray()
    assert (graph == graph.T).all()
    assert (np.diag(graph) == 0).all()
    assert graph.max() <= 1
    np.testing.assert_allclose(graph.max(axis=1), 1)  # the nearest cell is a full member


def test_a_scale_is_found_wherever_it_is():
    targets = np.array([1e-4, 1.0, 3e5])
    scale = solve_scale(lambda rows, scale: (np.log(scale / targets[rows]), np.ones(len(rows))), 0.0, np.ones(3), 60)
    np.testing.assert_allclose(scale, targets, rtol=1e-4)
