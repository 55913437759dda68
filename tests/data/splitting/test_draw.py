"""What holds for the drawn cells of any data: nested labels, a fixed test part, the rate that was asked for."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from semafo import keys
from semafo.data.splitting.split import make_split
from semafo.settings.run_config import SplitSettings

TYPES = ("alpha", "beta", "delta", "gamma")


def table(labels, batches):
    index = [f"c{i}" for i in range(len(labels))]
    return pd.Series(labels, index=index, dtype=object), pd.Series(batches, index=index, dtype=object)


def names(split, part):
    return set(split.cells.index[split.cells[keys.PART] == part])


@st.composite
def data(draw):
    """A reference of three types; three query batches with four types and a few missing labels."""
    query = np.repeat(TYPES, [draw(st.integers(5, 40)) for _ in TYPES]).astype(object)
    query = np.append(query, [None] * draw(st.integers(0, 3)))
    reference = np.repeat(TYPES[:3], 4)
    batches = np.array(["q1", "q2", "q3"])[np.arange(len(query)) % 3]
    return table([*query, *reference], [*batches, *["ref"] * len(reference)])


forms = st.sampled_from([(), ("ref",)])
rates = st.floats(0.25, 1.0)
shares = st.floats(0.1, 0.6)
seeds = st.integers(0, 1000)
quickly = settings(max_examples=40, deadline=None)


@quickly
@given(data(), forms, rates, rates, shares, seeds, st.booleans())
def test_labelled_cells_are_nested_and_the_test_part_does_not_move(cells, form, one, two, share, seed, stratified):
    low, high = sorted((one, two))
    first, second = (
        make_split(*cells, SplitSettings(form, rate, None, share, stratified, seed)) for rate in (low, high)
    )
    assert names(first, keys.LABELLED) <= names(second, keys.LABELLED)
    assert names(first, keys.TEST) == names(second, keys.TEST)


@quickly
@given(data(), forms, rates, shares, seeds, st.booleans())
def test_every_cell_has_one_fitting_part(cells, form, rate, share, seed, stratified):
    split = make_split(*cells, SplitSettings(form, rate, None, share, stratified, seed))
    part, role, true = (split.cells[name] for name in (keys.PART, keys.ROLE, keys.TRUE))
    assert part.isin([keys.LABELLED, keys.HIDDEN, keys.TEST, keys.MISSING]).all()
    assert ((part == keys.MISSING) == true.isna()).all()
    assert (part[(role == keys.REFERENCE) & true.notna()] == keys.LABELLED).all()
    assert (role == keys.REFERENCE).sum() == (12 if form else 0)


@quickly
@given(data(), forms, rates, shares, seeds)
def test_the_rate_is_reached_or_all_that_may_be_labelled_is(cells, form, rate, share, seed):
    split = make_split(*cells, SplitSettings(form, rate, None, share, True, seed))
    summary = split.summary()
    n_query = summary["n_query"] - summary["n_missing"]
    n_rated = n_query if form else n_query - summary["n_test"]
    learnable_left = split.cells[keys.TRUE][split.cells[keys.PART] == keys.HIDDEN]
    exhausted = not (set(learnable_left) - ({"gamma"} if form else set()))
    assert summary["labelled_rate"] <= rate + 0.5 / n_rated + 1e-9
    assert exhausted or abs(summary["labelled_rate"] - rate) <= 0.5 / n_rated + 1e-9


@quickly
@given(data(), rates, shares, seeds)
def test_each_type_has_a_labelled_cell_once_the_budget_allows(cells, rate, share, seed):
    summary = make_split(*cells, SplitSettings((), rate, None, share, True, seed)).summary()
    if summary["n_labelled"] >= len(TYPES):
        assert summary["unseen_types"] == []


@quickly
@given(data(), shares, seeds)
def test_a_stratified_test_part_follows_the_types(cells, share, seed):
    split = make_split(*cells, SplitSettings((), 1.0, None, share, True, seed))
    true, is_test = split.cells[keys.TRUE].dropna(), split.cells[keys.PART] == keys.TEST
    tested, sizes = true[is_test].value_counts(), true.value_counts()
    for name in sizes.index:
        assert abs(tested.get(name, 0) - share * sizes[name]) <= 2
    assert is_test.sum() == int(np.floor(share * len(true) + 0.5))


@quickly
@given(data(), forms, rates, rates, st.floats(0.05, 0.9), seeds, st.booleans())
def test_calibration_cells_are_nested_and_leave_each_type_a_labelled_cell(cells, form, one, two, share, seed, blind):
    low, high = sorted((one, two))
    settings = {"stratified": not blind, "split_seed": seed}
    first, second = (
        make_split(*cells, SplitSettings(form, rate, calibration_share=share, **settings)) for rate in (low, high)
    )
    assert names(first, keys.CALIBRATION) <= names(second, keys.CALIBRATION)
    assert names(first, keys.LABELLED) <= names(second, keys.LABELLED)
    whole = make_split(*cells, SplitSettings(form, low, **settings))
    assert names(first, keys.LABELLED) | names(first, keys.CALIBRATION) == names(whole, keys.LABELLED)
    assert first.summary()["seen_types"] == whole.summary()["seen_types"]
    query = whole.cells[(whole.cells[keys.ROLE] == keys.QUERY) & (whole.cells[keys.PART] == keys.LABELLED)]
    for name, n_drawn in query[keys.TRUE].value_counts().items():
        kept_back = ((first.cells[keys.PART] == keys.CALIBRATION) & (first.cells[keys.TRUE] == name)).sum()
        assert abs(kept_back - share * n_drawn) <= 1.5


@quickly
@given(data(), forms, rates, seeds, st.sampled_from(TYPES))
def test_leaving_a_type_out_hides_it_and_moves_no_test_cell(cells, form, rate, seed, name):
    whole = make_split(*cells, SplitSettings(form, rate, split_seed=seed))
    split = make_split(*cells, SplitSettings(form, rate, split_seed=seed, left_out_types=(name,)))
    assert names(whole, keys.TEST) == names(split, keys.TEST)
    part = split.cells[keys.PART][split.cells[keys.TRUE] == name]
    assert part.isin([keys.HIDDEN, keys.TEST]).all()
