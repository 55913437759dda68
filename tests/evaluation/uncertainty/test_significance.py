"""Intervals and tests of differences, against closed forms, scipy, and simulation."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats import t as student

from semafo.evaluation.uncertainty.significance import (
    compare_balanced,
    compare_paired,
    hierarchical_bootstrap,
    mcnemar,
    mean_interval,
)

outcomes = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def pairs_table(rng, effect=0.0, n_splits=4, n_seeds=3, n_donors=4, n_cells=60, sd=0.0):
    """Discordant cells of two methods: a true effect, and a random one for each split and each seed."""
    rows = []
    for split in range(n_splits):
        of_split = rng.normal(0, sd)
        for seed in range(n_seeds):
            shift = effect + of_split + rng.normal(0, sd)
            share_a, share_b = np.clip([0.1 - shift / 2, 0.1 + shift / 2], 0, 0.5)
            for donor in range(n_donors):
                only_a, only_b, _ = rng.multinomial(n_cells, [share_a, share_b, 1 - share_a - share_b])
                row = {"split": split, "seed": seed, "donor": f"d{donor}", "n": n_cells}
                rows.append({**row, "n_only_a": only_a, "n_only_b": only_b})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (3, 10), (10, 3), (7, 7), (0, 12), (900, 1000)])
def test_mcnemar_is_the_exact_binomial_test_of_the_discordant_cells(only_a, only_b):
    expected = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar(only_a, only_b) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_by_hand():
    assert mcnemar(1, 4) == 2 * (1 + 5) / 2**5


def test_the_interval_is_what_resampling_cells_converges_to(rng):
    a, b = rng.random(120) < 0.8, rng.random(120) < 0.9
    found = compare_paired(a, b)
    cells = rng.integers(0, 120, (40_000, 120))
    resampled = b[cells].mean(1) - a[cells].mean(1)
    assert (found.low, found.high) == pytest.approx(np.quantile(resampled, [0.025, 0.975]), abs=1.5 / 120)


def test_the_interval_of_many_cells_is_the_normal_one(rng):
    a, b = rng.random(20_000) < 0.8, rng.random(20_000) < 0.81
    found = compare_paired(a, b)
    d = b.astype(float) - a
    half = 1.96 * d.std() / math.sqrt(len(d))
    assert (found.low, found.high) == pytest.approx((d.mean() - half, d.mean() + half), abs=2e-4)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(outcomes)
def test_swapping_the_models_negates_everything(pairs):
    a, b = np.array(pairs).T
    forth, back = compare_paired(a, b), compare_paired(b, a)
    assert forth.difference == -back.difference
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))
    assert forth.p_value == back.p_value
    assert forth.is_clear == back.is_clear


@settings(max_examples=60, deadline=None, derandomize=True)
@given(outcomes)
def test_the_interval_holds_the_difference_and_stays_in_range(pairs):
    a, b = np.array(pairs).T
    found = compare_paired(a, b)
    assert found.difference == pytest.approx(b.mean() - a.mean())
    assert -1 <= found.low <= found.difference + 1e-12
    assert found.difference - 1e-12 <= found.high <= 1
    assert 0 < found.p_value <= 1


def test_models_that_agree_everywhere_do_not_differ():
    found = compare_paired([True, False, True], [True, False, True])
    assert (found.difference, found.low, found.high, found.p_value, found.is_clear) == (0, 0, 0, 1, False)


def test_an_interval_without_zero_is_not_clear_unless_the_test_agrees():
    a, b = np.zeros(210, bool), np.zeros(210, bool)
    a[:23], b[23:62] = True, True
    found = compare_paired(a, b)
    assert found.low > 0
    assert found.p_value > 0.05
    assert not found.is_clear


def test_different_numbers_of_cells_are_refused():
    with pytest.raises(ValueError, match="same cells"):
        compare_paired([True], [True, False])
    with pytest.raises(ValueError, match="at least one"):
        compare_paired([], [])


def test_the_paired_interval_covers_the_truth_as_often_as_it_says(rng):
    hits = 0
    for _ in range(300):
        only_a, only_b, same = rng.multinomial(200, [0.06, 0.1, 0.84])
        a = np.repeat([True, False, True], [only_a, only_b, same])
        b = np.repeat([False, True, True], [only_a, only_b, same])
        found = compare_paired(a, b)
        hits += found.low <= 0.04 <= found.high
    assert 0.90 <= hits / 300 <= 0.99


def test_balanced_accuracy_weighs_types_alike():
    true = ["common"] * 90 + ["rare"] * 10
    a = [True] * 90 + [False] * 10
    b = [True] * 81 + [False] * 9 + [True] * 5 + [False] * 5
    found = compare_balanced(true, a, b)
    assert found.difference == pytest.approx((-0.1 + 0.5) / 2)
    assert found.low < found.difference < found.high
    assert found.p_value is None
    assert found.is_clear


def test_balanced_and_plain_differences_agree_for_a_single_type(rng):
    a, b = rng.random(150) < 0.7, rng.random(150) < 0.8
    plain, balanced = compare_paired(a, b), compare_balanced(["T"] * 150, a, b)
    assert balanced.difference == pytest.approx(plain.difference)
    assert (balanced.low, balanced.high) == pytest.approx((plain.low, plain.high), abs=2.5 / 150)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.floats(-10, 10), min_size=2, max_size=12))
def test_the_mean_interval_is_students(values):
    found = mean_interval(values)
    mean, sd, n = np.mean(values), np.std(values, ddof=1), len(values)
    low, high = student.interval(0.95, n - 1, mean, sd / math.sqrt(n)) if sd > 0 else (mean, mean)
    assert found == pytest.approx((mean, low, high), abs=1e-9)


def test_one_value_has_no_interval():
    assert mean_interval([0.9]) is None


def test_one_pair_of_one_donor_gives_the_paired_interval():
    table = pd.DataFrame([{"split": 0, "seed": 0, "donor": "d", "n": 200, "n_only_a": 10, "n_only_b": 24}])
    found = hierarchical_bootstrap(table)
    paired = compare_paired([True] * 10 + [False] * 190, [False] * 10 + [True] * 24 + [False] * 166)
    assert found.mean == pytest.approx(paired.difference)
    assert (found.low, found.high) == pytest.approx((paired.low, paired.high), abs=2.5 / 200)
    assert found.not_covered == ("splits", "seeds", "donors")


def test_the_mean_is_over_splits_first_whatever_the_number_of_their_seeds():
    rows = [{"split": 0, "seed": 0, "n_only_b": 10}, *({"split": 1, "seed": s, "n_only_b": 0} for s in range(3))]
    table = pd.DataFrame([{**row, "donor": "d", "n": 100, "n_only_a": 0} for row in rows])
    found = hierarchical_bootstrap(table)
    assert found.mean == pytest.approx(0.05)
    assert (found.n_pairs, found.n_splits, found.n_seeds, found.n_donors) == (4, 2, 3, 1)
    assert found.not_covered == ("donors",)


def test_large_donors_count_more_within_a_run():
    rows = [{"donor": "big", "n": 900, "n_only_b": 90}, {"donor": "small", "n": 100, "n_only_b": 0}]
    table = pd.DataFrame([{**row, "split": 0, "seed": 0, "n_only_a": 0} for row in rows])
    assert hierarchical_bootstrap(table).mean == pytest.approx(0.09)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_swapping_methods_negates_the_mean_and_about_the_interval(seed):
    table = pairs_table(np.random.default_rng(seed), effect=0.03, sd=0.02)
    swapped = table.rename(columns={"n_only_a": "n_only_b", "n_only_b": "n_only_a"})
    forth, back = hierarchical_bootstrap(table, 2000), hierarchical_bootstrap(swapped, 2000)
    assert forth.mean == pytest.approx(-back.mean)
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low), abs=0.01)


def test_the_order_of_the_rows_does_not_matter(rng):
    table = pairs_table(rng, sd=0.02)
    assert hierarchical_bootstrap(table) == hierarchical_bootstrap(table.sample(frac=1, random_state=3))


def test_seeds_that_vary_widen_the_interval(rng):
    calm, wild = pairs_table(rng, sd=0.0), pairs_table(rng, sd=0.1)
    widths = [found.high - found.low for found in map(hierarchical_bootstrap, (calm, wild))]
    assert widths[1] > 1.3 * widths[0]


def test_more_seeds_on_the_same_cells_do_not_make_the_cells_more():
    rows = [{"split": 0, "seed": seed, "donor": "d", "n": 100, "n_only_a": 5, "n_only_b": 12} for seed in range(20)]
    one, twenty = hierarchical_bootstrap(pd.DataFrame(rows[:1])), hierarchical_bootstrap(pd.DataFrame(rows))
    assert twenty.high - twenty.low == pytest.approx(one.high - one.low, abs=0.015)


def test_the_hierarchical_interval_covers_the_truth_at_least_about_as_often_as_it_says(rng):
    hits = 0
    for _ in range(60):
        found = hierarchical_bootstrap(pairs_table(rng, effect=0.03, sd=0.03, n_splits=6, n_donors=2), 300)
        hits += found.low <= 0.03 <= found.high
    assert hits / 60 >= 0.88


def test_an_empty_table_is_refused():
    with pytest.raises(ValueError, match="empty"):
        hierarchical_bootstrap(pd.DataFrame(columns=["split", "seed", "donor", "n", "n_only_a", "n_only_b"]))
