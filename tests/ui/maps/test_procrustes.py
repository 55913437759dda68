import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semafo.ui.maps.procrustes import similarity

maps = arrays(np.float64, st.tuples(st.integers(3, 40), st.just(2)), elements=st.floats(-50, 50, width=32)).filter(
    lambda xy: np.ptp(xy, axis=0).min() > 1e-2
)
angles, scales = st.floats(0, 2 * np.pi), st.floats(0.05, 20)
shifts = arrays(np.float64, 2, elements=st.floats(-100, 100))


def turned(xy, angle, mirrored, scale, shift):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * xy @ turn * [-1 if mirrored else 1, 1] + shift


def distances(xy):
    return np.linalg.norm(xy[:, None] - xy[None], axis=-1)


@given(maps, angles, st.booleans(), scales, shifts)
def test_a_turned_mirrored_scaled_and_moved_copy_comes_back_onto_the_original(xy, angle, mirrored, scale, shift):
    copy = turned(xy, angle, mirrored, scale, shift)
    np.testing.assert_allclose(similarity(copy, xy)(copy), xy, atol=1e-3)


@given(maps, st.integers(0, 100))
def test_distances_within_a_map_change_by_one_common_factor_only(xy, seed):
    onto = np.random.default_rng(seed).normal(size=xy.shape)
    found = similarity(xy, onto)
    moved = found(xy)
    np.testing.assert_allclose(distances(moved), found.scale * distances(xy), atol=1e-3)
    np.testing.assert_allclose(found.turn @ found.turn.T, np.eye(2), atol=1e-9)
    assert moved.dtype == np.float32


@given(maps, st.integers(0, 100), angles, st.booleans())
def test_no_other_turn_brings_the_maps_closer(xy, seed, angle, mirrored):
    onto = np.random.default_rng(seed).normal(size=xy.shape) + xy
    found = similarity(xy, onto)
    other = turned(xy - xy.mean(0), angle, mirrored, found.scale, onto.mean(0))
    best = np.square(found(xy) - onto).sum()
    assert best <= np.square(other - onto).sum() + 1e-2 * max(best, 1)


def test_maps_that_do_not_agree_keep_the_size_of_the_first():
    rng = np.random.default_rng(0)
    fixed, moved = rng.normal(size=(2, 2000, 2)) * np.array([[[1.0]], [[9.0]]])
    found = similarity(moved, fixed)(moved)
    assert np.linalg.norm(found - found.mean(0)) == pytest.approx(np.linalg.norm(fixed - fixed.mean(0)), rel=1e-4)


@pytest.mark.parametrize("n", [1, 5])
def test_cells_in_one_place_are_moved_and_not_scaled(n):
    found = similarity(np.ones((n, 2)), np.full((n, 2), 4.0))
    assert found.scale == 1
    np.testing.assert_array_equal(found(np.ones((n, 2))), np.full((n, 2), 4.0))
