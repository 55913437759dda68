"""MIG, SAP and DCI against cases whose score each definition gives."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semafo.evaluation.latent.disentanglement import (
    completeness_of,
    disentanglement_of,
    disentanglement_scores,
    separability,
)
from semafo.evaluation.latent.information import Factor

SCORES = ("mig", "sap", "completeness", "informativeness")


def factors_of(**columns):
    return [Factor.of(name, pd.Series(values)) for name, values in columns.items()]


@pytest.fixture
def grid():
    """Two factors in every combination equally often: a name of 3 values and a name of 4."""
    first, second = np.divmod(np.tile(np.arange(12), 60), 4)
    return first, second, factors_of(a=first.astype(str), b=second.astype(str))


@pytest.fixture
def numbers():
    """Two independent numbers."""
    values = np.random.default_rng(0).uniform(-1, 1, (1200, 2))
    return values, factors_of(a=values[:, 0], b=values[:, 1])


def test_a_perfectly_aligned_code_gives_1(grid):
    first, second, factors = grid
    z = np.stack([second, first, np.zeros(len(first))], 1).astype(float)
    found = disentanglement_scores(z, factors)
    for name in SCORES:
        assert getattr(found, name) == pytest.approx([1, 1])
    assert found.disentanglement == pytest.approx(1)


def test_an_aligned_code_of_numbers_gives_about_1(numbers):
    values, factors = numbers
    found = disentanglement_scores(np.stack([-3 * values[:, 1], values[:, 0]], 1), factors)
    for name in SCORES:
        assert min(getattr(found, name)) > 0.95
    assert found.disentanglement > 0.95


def test_a_code_rotated_by_45_degrees_gives_about_0_but_keeps_the_information(numbers):
    values, factors = numbers
    z = values @ np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    found = disentanglement_scores(z, factors)
    assert max(found.mig) < 0.05
    assert max(found.sap) < 0.1
    assert found.disentanglement < 0.1
    assert max(found.completeness) < 0.1
    assert min(found.informativeness) > 0.85


def test_a_duplicated_code_has_no_gap_and_is_disentangled_all_the_same(grid):
    first, second, factors = grid
    z = np.stack([first, first, second, second], 1).astype(float)
    found = disentanglement_scores(z, factors)
    assert found.mig == found.sap == [0, 0]
    assert found.disentanglement == pytest.approx(1)  # each dimension serves one factor
    assert max(found.completeness) < 0.75  # each factor is served by two of four: one half but for chance


def test_one_dimension_that_holds_both_factors_serves_both(grid):
    first, second, factors = grid
    z = np.stack([4 * first + second, np.zeros(len(first))], 1).astype(float)
    found = disentanglement_scores(z, factors)
    assert found.disentanglement == pytest.approx(0, abs=1e-9)
    assert found.completeness == pytest.approx([1, 1])


def test_a_code_of_noise_gives_about_0():
    rng = np.random.default_rng(1)
    factors = factors_of(a=rng.choice(list("xyz"), 1200), b=rng.normal(size=1200))
    found = disentanglement_scores(rng.normal(size=(1200, 5)), factors)
    assert max(found.mig) < 0.03
    assert max(found.sap) < 0.1
    assert max(found.informativeness) < 0.15


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    scale=st.lists(st.sampled_from([0.01, 0.5, 3.0, 100.0]), min_size=3, max_size=3),
    order=st.permutations(range(3)),
)
def test_neither_order_nor_scale_of_dimensions_matters(seed, scale, order):
    rng = np.random.default_rng(seed)
    kinds, number = rng.integers(0, 3, 400), rng.normal(size=400)
    z = np.stack([kinds + rng.normal(0, 0.3, 400), number + rng.normal(0, 0.3, 400), rng.normal(size=400)], 1)
    factors = factors_of(a=kinds.astype(str), b=number)
    plain = disentanglement_scores(z, factors)
    moved = disentanglement_scores((z * np.array(scale))[:, order], factors)
    assert moved.mig == pytest.approx(plain.mig, abs=1e-9)
    assert moved.sap == pytest.approx(plain.sap, abs=1e-6)
    for name in ("completeness", "informativeness"):  # where two splits are equally good the forest picks by order
        assert getattr(moved, name) == pytest.approx(getattr(plain, name), abs=0.1)
    assert moved.disentanglement == pytest.approx(plain.disentanglement, abs=0.1)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**16), st.integers(2, 6), st.integers(2, 6))
def test_scores_of_importances_are_between_0_and_1_and_know_no_order(seed, n_dimensions, n_factors):
    rng = np.random.default_rng(seed)
    importance = rng.random((n_dimensions, n_factors)) ** 3
    assert 0 <= disentanglement_of(importance) <= 1
    assert ((completeness_of(importance) >= 0) & (completeness_of(importance) <= 1)).all()
    rows, columns = rng.permutation(n_dimensions), rng.permutation(n_factors)
    assert disentanglement_of(importance[rows][:, columns]) == pytest.approx(disentanglement_of(importance))
    assert completeness_of(importance[rows][:, columns]) == pytest.approx(completeness_of(importance)[columns])


def test_importances_in_one_place_are_perfect_and_even_ones_are_not_at_all():
    assert disentanglement_of(np.eye(3)) == 1
    assert completeness_of(np.eye(3)) == pytest.approx([1, 1, 1])
    assert disentanglement_of(np.ones((4, 3))) == pytest.approx(0)
    assert completeness_of(np.ones((4, 3))) == pytest.approx([0, 0, 0])
    # a dimension that serves one of two factors, and one that serves both alike: the mean by what they serve
    assert disentanglement_of(np.array([[1.0, 0.0], [1.0, 1.0]])) == pytest.approx(1 / 3)


def test_what_has_no_second_is_undefined(grid):
    first, second, factors = grid
    one_dimension = disentanglement_scores(first[:, None].astype(float), factors)
    assert one_dimension.mig == one_dimension.sap == one_dimension.completeness == [None, None]
    one_factor = disentanglement_scores(np.stack([first, second], 1).astype(float), factors[:1])
    assert one_factor.disentanglement is None
    assert one_factor.mig == pytest.approx([1])
    assert one_factor.to_dict()["mean"]["disentanglement"] is None


def test_guessing_is_not_separability():
    rng = np.random.default_rng(0)
    rare = np.where(rng.random(2000) < 0.05, "rare", "common")
    (factor,) = factors_of(a=rare)
    assert separability(rng.normal(size=(2000, 3)), factor).max() < 0.15


def test_the_same_seed_gives_the_same_scores(numbers):
    values, factors = numbers
    assert disentanglement_scores(values, factors, seed=3) == disentanglement_scores(values, factors, seed=3)
