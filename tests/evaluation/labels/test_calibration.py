"""Reliability, expected calibration error and temperature, on probabilities whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semafo.evaluation.labels.calibration import (
    FEWEST_CELLS,
    TEMPERATURES,
    calibration_report,
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
    scale,
)


def probabilities_and_truth(rng, n, temperature=1.0, n_types=4):
    """Truth drawn from softmax(logits); the probabilities that are returned are softmax(logits · temperature)."""
    logits = rng.normal(0, 1.5, (n, n_types))
    right = softmax(logits)
    truth = (right.cumsum(1) < rng.random((n, 1))).sum(1)
    return softmax(logits * temperature), truth


def softmax(logits):
    values = np.exp(logits - logits.max(1, keepdims=True))
    return values / values.sum(1, keepdims=True)


def test_the_error_by_hand():
    confidence, is_correct = np.array([0.95, 0.95, 0.55, 0.55]), np.array([True, False, True, True])
    assert expected_calibration_error(confidence, is_correct) == pytest.approx(0.5 * 0.45 + 0.5 * 0.45)


def test_bins_have_equal_width_and_empty_ones_are_left_out():
    bins = reliability_bins(np.array([0.0, 1 / 15, 0.5, 1.0]), np.array([False, True, True, True]))
    assert [(row["low"], row["high"], row["n"]) for row in bins] == [
        (0.0, 1 / 15, 2),
        (7 / 15, 8 / 15, 1),
        (14 / 15, 1.0, 1),
    ]
    first = bins[0]
    assert (first["accuracy"], first["confidence"]) == (0.5, pytest.approx(1 / 30))
    assert first["accuracy_low"] < 0.5 < first["accuracy_high"]


def test_one_bin_gives_the_gap_of_the_means(rng):
    confidence, is_correct = rng.random(50), rng.random(50) < 0.5
    gap = abs(confidence.mean() - is_correct.mean())
    assert expected_calibration_error(confidence, is_correct, n_bins=1) == pytest.approx(gap)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_the_error_is_a_share_and_every_cell_is_in_a_bin(cells):
    confidence, is_correct = map(np.array, zip(*cells, strict=True))
    assert 0 <= expected_calibration_error(confidence, is_correct) <= 1
    assert sum(row["n"] for row in reliability_bins(confidence, is_correct)) == len(cells)


def test_calibrated_confidence_has_a_small_error_and_overconfidence_a_large_one(rng):
    for temperature, low, high in ((1.0, 0.0, 0.03), (3.0, 0.08, 0.5)):
        soft, truth = probabilities_and_truth(rng, 4000, temperature)
        assert low <= expected_calibration_error(soft.max(1), soft.argmax(1) == truth) <= high


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_found(rng, temperature):
    soft, truth = probabilities_and_truth(rng, 4000, temperature)
    assert fit_temperature(soft, truth) == pytest.approx(temperature, rel=0.08)


def test_scaling_with_the_fitted_temperature_calibrates_other_cells(rng):
    fitted_on, truth = probabilities_and_truth(rng, 2000, 3.0)
    soft, other_truth = probabilities_and_truth(rng, 2000, 3.0)
    is_correct = soft.argmax(1) == other_truth
    scaled = scale(soft, fit_temperature(fitted_on, truth)).max(1)
    report = calibration_report(soft.max(1), is_correct, scaled)
    assert report["ece_scaled"] < 0.5 * report["ece"]
    assert report["n"] == sum(row["n"] for row in report["bins_scaled"]) == 2000


def test_a_temperature_of_one_changes_nothing_and_any_keeps_the_order(rng):
    soft, _ = probabilities_and_truth(rng, 50)
    np.testing.assert_allclose(scale(soft, 1.0), soft, rtol=1e-5)
    np.testing.assert_array_equal(scale(soft, 4.0).argsort(1), soft.astype(np.float32).argsort(1))
    np.testing.assert_allclose(scale(soft, 4.0).sum(1), 1, rtol=1e-5)


def test_probabilities_of_zero_stay_finite():
    soft = np.array([[1.0, 0.0], [0.0, 1.0]] * 10)
    assert np.isfinite(scale(soft, 2.0)).all()
    assert TEMPERATURES[0] <= fit_temperature(soft, np.array([0, 0] * 10)) <= TEMPERATURES[1]


def test_too_few_cells_give_no_temperature(rng):
    soft, truth = probabilities_and_truth(rng, FEWEST_CELLS)
    assert fit_temperature(soft, truth) is not None
    assert fit_temperature(soft[1:], truth[1:]) is None
    assert fit_temperature(soft, np.where(np.arange(len(truth)) == 0, -1, truth)) is None


def test_without_cells_nothing_is_said():
    report = calibration_report(np.array([]), np.array([], dtype=bool))
    assert report == {"n": 0, "ece": None, "ece_scaled": None, "bins": [], "bins_scaled": None}
