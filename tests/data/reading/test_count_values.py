"""What values are: counts, counts with decimals, or what was made of counts. Every reason is the true one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from semafo.data.reading.count_values import objection

TARGET = 1e4


@pytest.fixture
def counts():
    return whole()


def whole(seed=0, n_cells=80, n_genes=120):
    rng = np.random.default_rng(seed)
    rates = rng.gamma(0.5, 2.0, n_genes) * rng.lognormal(0, 0.4, (n_cells, 1))
    values = rng.poisson(rates)
    values[:, 0] += 1
    return values.astype(np.float64)


def said(values, trusted=True, dtype=np.float32):
    return objection(sparse.csr_matrix(values.astype(dtype)), trusted)


def normalised(values, target=TARGET):
    return values / values.sum(1, keepdims=True) * target


def ambient_subtracted(values, seed=0):
    """SoupX: nearly every count is lowered by a small amount of its own."""
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.full(values.shape[1], 5.0))
    return np.maximum(values - 0.1 * values.sum(1, keepdims=True) * share, 0)


def split_between_genes(values, seed=0):
    """Expectation maximisation: some reads are shared by two genes."""
    rng = np.random.default_rng(seed)
    moved = rng.random(values.shape) * (rng.random(values.shape) < 0.3) * values
    return values - moved + np.roll(moved, 1, axis=1)


def halves(values, seed=0):
    """Reads that fit two genes count half for each."""
    return values - 0.5 * ((values > 0) & (np.random.default_rng(seed).random(values.shape) < 0.3))


@pytest.mark.parametrize("correct", [ambient_subtracted, split_between_genes, halves])
@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_counts_with_decimals_are_counts(correct, seed):
    assert said(correct(whole(seed), seed)) is None


@pytest.mark.parametrize("correct", [split_between_genes, halves])
def test_many_whole_counts_show_what_the_others_are(counts, correct):
    assert said(correct(counts), trusted=False) is None


def test_decimals_everywhere_could_be_either(counts):
    found = said(ambient_subtracted(counts), trusted=False)
    assert "with decimals" in found
    assert "cannot be told" in found


def test_what_is_a_little_below_whole_numbers_was_corrected(counts):
    counts[:, 1] += 50
    assert said(counts - 0.05 * (counts > 0) * np.random.default_rng(0).random(counts.shape), trusted=False) is None


def test_large_values_of_any_size_could_be_either(counts):
    lengths = np.random.default_rng(0).uniform(0.1, 9, counts.shape[1])
    assert "cannot be told" in said(counts / lengths * np.linspace(5, 9, len(counts))[:, None], trusted=False)


LOGARITHMS = {"exp(value)": (np.log1p, 1), "2^value": (np.log1p, np.log(2)), "10^value": (np.log1p, np.log(10))}


@pytest.mark.parametrize("formula", LOGARITHMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("trusted", [False, True])
def test_log_normalised_values_are_told_by_their_totals(counts, formula, dtype, trusted):
    logarithm, base = LOGARITHMS[formula]
    found = said(logarithm(normalised(counts)) / base, trusted, dtype)
    assert "is log-normalised" in found
    assert f"{formula} - 1 adds up to 10,000 in every cell" in found


@pytest.mark.parametrize("formula", LOGARITHMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_normalised_values_of_some_genes_are_told_by_their_steps(counts, formula, dtype):
    logarithm, base = LOGARITHMS[formula]
    found = said((logarithm(normalised(counts)) / base)[:, :60], dtype=dtype)
    assert "is log-normalised" in found
    assert f"{formula} - 1 is a whole multiple of the cell's smallest" in found


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([None, 1e4, 1e6]))
def test_values_of_some_genes_are_found_out_whatever_the_data(seed, target):
    values = whole(seed)
    of_cells = normalised(values, target or float(np.median(values.sum(1))))[:, :60]
    assert "is normalised" in said(of_cells)
    assert "is log-normalised" in said(np.log1p(of_cells))


def test_logarithms_of_plain_counts_are_no_normalised_values(counts):
    assert "is log-transformed" in said(np.log1p(counts))
    assert "2^value" in said(np.log2(1 + counts))


def test_square_roots_are_named(counts):
    assert "holds square roots" in said(np.sqrt(counts))


@pytest.mark.parametrize("target", [1e4, 1e6, 1.0])
def test_normalised_values_are_told_by_their_totals(counts, target):
    assert f"the value adds up to {target:,.0f} in every cell" in said(normalised(counts, target))


def test_size_factors_of_any_kind_are_found_out(counts):
    factors = np.random.default_rng(0).lognormal(0, 0.3, (len(counts), 1))
    assert "is normalised" in said(counts / factors)
    assert "is log-normalised" in said(np.log2(1 + counts / factors))


def test_whole_counts_of_equal_depth_are_counts():
    deep = np.random.default_rng(0).multinomial(500, np.full(40, 1 / 40), size=30).astype(float)
    assert said(deep, trusted=False) is None


def test_scaled_values_are_told_by_their_sign(counts):
    scaled = np.log1p(counts)
    scaled = (scaled - scaled.mean(0)) / scaled.std(0).clip(0.1)
    assert "negative values (down to" in said(scaled)


def test_a_negative_number_beyond_noise_is_no_count(counts):
    counts[3, 5] = -1e-3
    assert "negative values (down to -0.001)" in said(counts)
