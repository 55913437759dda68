"""Counts of flips against a count by hand, and what may be compared."""

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semafo import keys
from semafo.errors import SemafoError
from semafo.evaluation.uncertainty.significance import mcnemar
from semafo.runs.compare.disagreement import FIRST, SECOND, Disagreement, Share, between
from semafo.runs.home import Home
from tests.support import fakes

labels = st.sampled_from("ABC")
triples = st.lists(st.tuples(labels, labels, labels), min_size=1, max_size=60)


def disagreement(rows):
    index = pd.Index([f"cell {i}" for i in range(len(rows))], name=keys.CELL)
    return Disagreement(pd.DataFrame(rows, columns=[keys.TRUE, FIRST, SECOND], index=index, dtype=object))


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return fakes.comparison(Home.at(tmp_path_factory.mktemp("home")))


@given(triples)
def test_counts_are_those_of_a_count_by_hand(rows):
    found = disagreement(rows)
    by_hand = Counter((a == true, b == true) for true, a, b in rows)
    assert found.only_first == Share(by_hand[True, False], len(rows))
    assert found.only_second == Share(by_hand[False, True], len(rows))
    assert (found.both_right.count, found.both_wrong.count) == (by_hand[True, True], by_hand[False, False])
    table = found.by_type().set_index("type")
    for name in {true for true, *_ in rows}:
        of_type = [row for row in rows if row[0] == name]
        assert table.loc[name, "n"] == len(of_type)
        assert table.loc[name, "only_first"] == sum(a == true != b for true, a, b in of_type)
        assert table.loc[name, "only_second"] == sum(b == true != a for true, a, b in of_type)
    assert found.p_value == mcnemar(by_hand[True, False], by_hand[False, True])


@given(triples)
def test_commonest_flips_are_those_of_a_count_by_hand(rows):
    by_hand = Counter((true, FIRST, b) for true, a, b in rows if a == true != b)
    by_hand += Counter((true, SECOND, a) for true, a, b in rows if b == true != a)
    table = disagreement(rows).flips(n=100)
    assert {(row.type, row.right, row.said): row.count for row in table.itertuples(name="Flip")} == dict(by_hand)
    assert table["count"].is_monotonic_decreasing


@given(triples)
def test_exchanging_the_runs_exchanges_the_sides(rows):
    one, other = disagreement(rows), disagreement([(true, b, a) for true, a, b in rows])
    assert (one.only_first, one.only_second) == (other.only_second, other.only_first)
    assert one.p_value == other.p_value
    exchanged = other.by_type().rename(columns=lambda name: _exchanged(name))
    pd.testing.assert_frame_equal(one.by_type(), exchanged[one.by_type().columns])


def _exchanged(name):
    old, new = ("only_first", "only_second") if name.startswith("only_first") else ("only_second", "only_first")
    return name.replace(old, new)


def test_shares_come_with_wilson_intervals():
    low, high = Share(5, 100).interval
    assert (round(low, 4), round(high, 4)) == (0.0215, 0.1118)  # Wilson 1927, by the closed formula
    assert Share(0, 0).value is None
    assert Share(0, 0).interval == (None, None)


def test_two_runs_are_compared_on_their_common_test_cells(records):
    found = between(*records[:2])
    tables = [record.cells() for record in records[:2]]
    tested = [cell for cell in tables[0].index if tables[0].loc[cell, keys.PART] == keys.TEST]
    assert sorted(found.cells.index) == sorted(tested)
    right = [{cell: row[keys.TRUE] == row[keys.PREDICTED] for cell, row in t.loc[tested].iterrows()} for t in tables]
    assert found.only_first.count == sum(right[0][cell] and not right[1][cell] for cell in tested)
    assert found.only_second.count == sum(right[1][cell] and not right[0][cell] for cell in tested)
    assert found.n_left_out == 0


def test_a_run_never_disagrees_with_itself(records):
    found = between(records[0], records[0])
    assert (found.only_first.count, found.only_second.count, found.p_value) == (0, 0, 1.0)
    assert found.flips().empty


def test_types_that_one_run_was_never_shown_are_left_out_and_counted(tmp_path):
    home = Home.at(tmp_path / "home")
    without = replace(fakes.REAL, split=replace(fakes.REAL.split, left_out_types=("Dendritic",)))
    found = between(fakes.finished(home), fakes.finished(home, without))
    assert found.n_left_out > 0
    assert "Dendritic" not in set(found.cells[keys.TRUE])


def test_other_test_cells_are_refused_with_what_to_choose(records, tmp_path):
    other = replace(fakes.REAL, split=replace(fakes.REAL.split, split_seed=1))
    with pytest.raises(SemafoError, match="Choose runs of the same data"):
        between(records[0], fakes.finished(Home.at(tmp_path / "home"), other))
