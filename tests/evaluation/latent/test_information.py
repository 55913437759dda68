"""Mutual information of dimensions and factors, against closed cases and another implementation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score, mutual_info_score

from semafo.evaluation.latent.information import (
    CATEGORY,
    NUMBER,
    Factor,
    bins_of,
    equal_frequency,
    expected_information,
    information,
    joint_counts,
)

N = 1000


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def entropy(codes):
    return mutual_info_score(codes, codes)


def named(codes, name="type"):
    return Factor.of(name, pd.Series(codes).map(lambda code: f"t{code}" if code >= 0 else None))


def test_a_dimension_that_tells_the_factor_carries_all_of_it(rng):
    codes = rng.integers(0, 4, N)
    found = information(np.stack([codes, rng.permutation(codes)], 1).astype(float), named(codes))
    assert found[0] == pytest.approx(1)
    assert found[1] < 0.02


def test_an_irrelevant_factor_reads_about_0_however_many_values_it_has(rng):
    z = rng.normal(size=(N, 12))
    for n_values in (2, 10, 50):
        assert information(z, named(rng.integers(0, n_values, N))).max() < 0.05
    number = Factor.of("number", pd.Series(rng.normal(size=N)))
    assert information(z, number).max() < 0.05


def test_without_the_correction_it_would_not_read_0(rng):
    bins, codes = bins_of(rng.normal(size=(N, 1)))[:, 0], rng.integers(0, 50, N)
    assert mutual_info_score(bins, codes) / entropy(codes) > 0.1


def test_the_correction_is_that_of_the_adjusted_mutual_information(rng):
    codes = rng.integers(0, 6, N)
    z = (codes + rng.normal(0, 2, N))[:, None]
    # scikit-learn divides by an average of both entropies; the numerator and the expectation are the same
    bins = bins_of(z)[:, 0]
    plain, adjusted = mutual_info_score(bins, codes), adjusted_mutual_info_score(bins, codes, average_method="min")
    least = min(entropy(bins), entropy(codes))
    expected = (plain - adjusted * least) / (1 - adjusted)
    assert expected_information(np.bincount(bins), np.bincount(codes)) == pytest.approx(expected, abs=1e-9)
    assert information(z, named(codes))[0] == pytest.approx((plain - expected) / (entropy(codes) - expected))


def test_a_number_is_followed_through_any_monotone_function(rng):
    number = rng.normal(size=N)
    found = information(np.stack([np.exp(number), -(number**3)], 1), Factor.of("n", pd.Series(number)))
    assert found == pytest.approx(1)


def test_cells_without_a_value_are_left_out(rng):
    codes = rng.integers(0, 3, N)
    z = codes[:, None].astype(float)
    z[500:] = rng.permutation(z[500:])  # nonsense where the value is missing
    factor = named(np.where(np.arange(N) < 500, codes, -1))
    assert factor.present.sum() == 500
    assert information(z, factor)[0] == pytest.approx(1)


def test_a_collapsed_dimension_carries_nothing(rng):
    assert information(np.zeros((N, 1)), named(rng.integers(0, 3, N)))[0] == 0


def test_a_factor_of_one_value_is_undefined(rng):
    factor = named(rng.integers(0, 2, N))
    only = factor.take(np.flatnonzero(factor.codes == 0))
    assert np.isnan(information(rng.normal(size=(len(only.codes), 2)), only)).all()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    scale=st.lists(st.sampled_from([0.01, 0.5, 3.0, 100.0]), min_size=4, max_size=4),
    shift=st.floats(-5, 5),
    order=st.permutations(range(4)),
)
def test_neither_order_nor_scale_nor_shift_of_dimensions_matters(seed, scale, shift, order):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, 300)
    z = rng.normal(size=(300, 4)) + np.outer(codes, [2, 1, 0, 0])
    moved = z[:, order] * np.array(scale)[order] + shift
    factor = named(codes)
    assert information(moved, factor) == pytest.approx(information(z, factor)[list(order)], abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=80), st.integers(2, 12))
def test_bins_keep_equal_values_together_and_the_order(values, n_bins):
    values = np.array(values, dtype=float)
    bins = equal_frequency(values, n_bins)
    order = np.argsort(values, kind="stable")
    assert (np.diff(bins[order]) >= 0).all()
    assert set(bins) == set(range(bins.max() + 1))
    assert bins.max() < max(n_bins, len(set(values)))
    assert all(len(set(bins[values == value])) == 1 for value in set(values))


def test_bins_hold_about_as_many_cells_each(rng):
    sizes = np.bincount(bins_of(rng.normal(size=(N, 1)))[:, 0])
    assert len(sizes) == 20
    assert sizes.min() == sizes.max() == N // 20


def test_counts_are_counts(rng):
    bins, codes = rng.integers(0, 4, (60, 3)), rng.integers(0, 5, 60)
    bins[0], codes[0] = 3, 4
    counts = joint_counts(bins, codes)
    assert counts.shape == (3, 4, 5)
    assert counts[1, 2, 3] == ((bins[:, 1] == 2) & (codes == 3)).sum()


def test_columns_become_factors_of_the_right_kind(rng):
    assert Factor.of("a", pd.Series(["x", "y", None] * 10)).kind == CATEGORY
    assert Factor.of("b", pd.Series([True, False] * 10)).kind == CATEGORY
    number = Factor.of("c", pd.Series([1.5, np.nan, np.inf, 2.5] * 10))
    assert number.kind == NUMBER
    assert number.present.sum() == 20
    assert Factor.of("one value", pd.Series(["x"] * 20)) is None
    assert Factor.of("no value", pd.Series([np.nan] * 20)) is None
    assert Factor.of("names of cells", pd.Series([f"cell {i}" for i in range(60)])) is None
