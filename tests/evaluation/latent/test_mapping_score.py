"""The mapping score: what is far, whatever the unit, and that it does not depend on how the cells are given."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from semafo.errors import DataError
from semafo.evaluation.latent import mapping_score
from semafo.evaluation.latent.mapping_score import BEYOND, ENOUGH, K, mapping_facts, mapping_scores

N_REFERENCE = 600


@pytest.fixture
def space(rng):
    """600 reference cells of two types, then 400 query cells like them."""
    types = rng.integers(0, 2, 1000)
    z = rng.normal(size=(1000, 5)) * np.where(types == 1, 3.0, 1.0)[:, None] + 20 * types[:, None]
    return z, np.arange(1000) < N_REFERENCE, np.array(["wide" if one else "tight" for one in types])


def test_it_is_the_share_of_the_references_cells_of_the_type_that_lie_as_far_from_the_others(space):
    z, is_reference, types = space
    own = np.sort(cdist(z[is_reference], z[is_reference]), axis=1)[:, 1 : K + 1].mean(axis=1)
    distances = np.sort(cdist(z[~is_reference], z[is_reference]), axis=1)[:, :K].mean(axis=1)
    peers = types[is_reference][None] == types[~is_reference][:, None]
    expected = ((own[None] >= distances[:, None]) & peers).sum(axis=1) / peers.sum(axis=1)
    found = mapping_scores(*space)
    np.testing.assert_allclose(found[~is_reference], expected, atol=1e-12)
    assert np.isnan(found[is_reference]).all()


def test_cells_like_the_references_own_have_every_score_alike(space):
    found = mapping_scores(*space)[N_REFERENCE:]
    assert ((found >= 0) & (found <= 1)).all()
    assert abs(found.mean() - 0.5) < 0.06
    assert np.histogram(found, bins=4, range=(0, 1))[0].min() > 60


def test_far_cells_have_0_and_a_cell_in_the_midst_has_nearly_1(space):
    z, is_reference, types = space
    z[N_REFERENCE:700] += 1000
    z[700], types[700] = 0, "tight"
    found = mapping_scores(z, is_reference, types)
    assert (found[N_REFERENCE:700] == 0).all()
    assert found[700] > 0.95


def test_what_is_far_is_said_by_the_cells_of_the_predicted_type(space):
    z, is_reference, types = space
    z[N_REFERENCE:700] = [5.0, 0, 0, 0, 0]  # far for the tight type alone
    types[N_REFERENCE:650], types[650:700] = "tight", "wide"
    found = mapping_scores(z, is_reference, types)
    assert (found[N_REFERENCE:650] < BEYOND).all()
    assert (found[650:700] > BEYOND).all()


def test_of_a_type_with_few_reference_cells_the_whole_reference_says_what_is_far(space):
    z, is_reference, types = space
    expected = mapping_scores(z, is_reference, np.full(len(z), "one"))
    types[: ENOUGH - 1], types[ENOUGH - 1 : N_REFERENCE], types[N_REFERENCE:] = "rare", "wide", "rare"
    np.testing.assert_array_equal(mapping_scores(z, is_reference, types), expected)


def test_neither_a_rotation_nor_the_unit_nor_the_place_of_the_origin_changes_it(space, rng):
    z, *rest = space
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    np.testing.assert_allclose(mapping_scores(1e-3 * (z @ rotation) + 7, *rest), mapping_scores(*space), atol=1e-9)


def test_the_order_of_the_cells_does_not_matter(space, rng):
    z, is_reference, types = space
    order = rng.permutation(len(z))
    found = mapping_scores(z[order], is_reference[order], types[order])
    np.testing.assert_allclose(found, mapping_scores(*space)[order], atol=1e-12)


def test_a_query_cell_is_no_neighbour_of_another(space):
    z, is_reference, types = space
    z[N_REFERENCE:] = 500 + z[N_REFERENCE:] / 1000
    assert (mapping_scores(z, is_reference, types)[N_REFERENCE:] == 0).all()


def test_doubles_of_reference_cells_lie_in_their_midst():
    z = np.zeros((3000, 3))
    found = mapping_scores(z, np.arange(3000) < 2000, np.full(3000, "T"))
    assert (found[2000:] == 1).all()


@pytest.mark.parametrize("n_reference", [0, 1])
def test_without_two_reference_cells_there_is_no_score(rng, n_reference):
    found = mapping_scores(rng.normal(size=(9, 2)), np.arange(9) < n_reference, np.full(9, "T"))
    assert np.isnan(found).all()


def test_a_reference_smaller_than_k_is_searched_whole(rng):
    z = np.concatenate([rng.normal(size=(5, 2)), [[0, 0], [99, 99]]])
    found = mapping_scores(z, np.arange(7) < 5, np.full(7, "T"))
    assert found[5] > found[6] == 0


def test_of_a_large_reference_a_sample_with_its_small_types_is_searched(space, monkeypatch):
    z, is_reference, types = space
    types[:30] = "rare"
    whole = mapping_scores(*space)
    monkeypatch.setattr(mapping_score, "MOST_REFERENCE_CELLS", 300)
    found = mapping_scores(z, is_reference, types, seed=3)
    np.testing.assert_array_equal(found, mapping_scores(z, is_reference, types, seed=3))
    assert np.corrcoef(found[N_REFERENCE:], whole[N_REFERENCE:])[0, 1] > 0.9
    assert mapping_facts(found, N_REFERENCE)["n_reference"] == 300


def test_an_embedding_that_is_not_finite_is_refused(space):
    z, *rest = space
    z[3, 2] = np.nan
    with pytest.raises(DataError, match="not finite"):
        mapping_scores(z, *rest)


def test_the_stated_facts_count_the_cells_beyond_the_reference():
    found = mapping_facts(np.array([np.nan, np.nan, np.nan, 0.0, 0.049, 0.05, 1.0]), N_REFERENCE)
    assert found == {
        "k": K,
        "n_reference": N_REFERENCE,
        "threshold": BEYOND,
        "n_query": 4,
        "n_beyond": 2,
        "share_beyond": 0.5,
    }
