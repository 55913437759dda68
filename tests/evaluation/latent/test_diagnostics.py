"""The scale of a latent space and the gap between labels."""

import numpy as np
import pytest

from semafo.evaluation.latent.diagnostics import label_gap, latent_scale


def test_the_scale_of_a_standard_normal_is_one(rng):
    assert latent_scale(rng.normal(size=(20_000, 10))) == pytest.approx(1, abs=0.01)


def test_the_scale_is_proportional_and_ignores_position(rng):
    z = rng.normal(size=(50, 3))
    assert latent_scale(0.07 * z + 5) == pytest.approx(0.07 * latent_scale(z))


def test_the_scale_averages_variances_over_dimensions():
    z = np.array([[1.0, 0.0], [-1.0, 0.0]])  # variances 1 and 0
    assert latent_scale(z) == pytest.approx(np.sqrt(0.5))


def test_no_cells_have_no_scale():
    assert latent_scale(np.zeros((0, 4))) is None


def test_the_gap_is_the_true_labels_density_minus_the_others_mean():
    log_density = np.array([[0.0, -2.0, -4.0], [-1.0, -1.0, -1.0]])
    assert label_gap(log_density, np.array([0, 2])) == pytest.approx((3 + 0) / 2)


def test_cells_without_a_label_take_no_part_in_the_gap():
    log_density = np.array([[0.0, -2.0], [50.0, -50.0]])
    assert label_gap(log_density, np.array([0, -1])) == 2


@pytest.mark.parametrize(
    ("log_density", "codes"),
    [([[0.0, 1.0]], [-1]), ([[0.0]], [0]), ([[0.0, -np.inf]], [0]), (np.zeros((0, 3)), np.zeros(0, dtype=int))],
    ids=["no label", "one label", "infinite density", "no cells"],
)
def test_a_gap_that_cannot_be_taken_is_none(log_density, codes):
    assert label_gap(np.array(log_density), np.array(codes)) is None
