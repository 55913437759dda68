"""Scores by type, batch and confidence, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from semafo.evaluation.labels.breakdown import ScoredCells, accuracy_by_group, coverage_curve, scores_by_type

TYPES = ["B", "NK", "T"]


@pytest.fixture
def cells(rng):
    """200 cells: true and predicted types, 15 % of the truth missing, 10 % of a type nobody labelled."""
    true = rng.choice(TYPES, 200).astype(object)
    predicted = np.where(rng.random(200) < 0.7, true, rng.choice(TYPES, 200)).astype(object)
    true[:30], true[30:50] = None, "new"
    return true, predicted


def test_scores_by_type_are_scikit_learns(cells):
    true, predicted = cells
    scored = np.isin(true.astype(str), TYPES)
    expected = precision_recall_fscore_support(
        true[scored].astype(str), predicted[scored].astype(str), labels=TYPES, zero_division=0
    )
    rows = scores_by_type(true, predicted, TYPES)
    assert [row["type"] for row in rows] == TYPES
    for key, values in zip(("precision", "recall", "f1", "n"), expected, strict=True):
        assert [row[key] for row in rows] == pytest.approx(list(values))
    assert all(row["recall_low"] < row["recall"] < row["recall_high"] for row in rows)


def test_what_is_undefined_is_none():
    rows = {row["type"]: row for row in scores_by_type(["B", "B"], ["B", "NK"], ["B", "NK", "T"])}
    assert set(rows) == {"B", "NK"}
    assert (rows["NK"]["n"], rows["NK"]["precision"]) == (0, 0.0)
    assert rows["NK"]["recall"] is rows["NK"]["f1"] is rows["NK"]["recall_low"] is None
    (row,) = scores_by_type(["B"], [None], ["B"])
    assert (row["recall"], row["precision"], row["n_predicted"]) == (0.0, None, 0)


def test_accuracy_by_group_adds_up_to_the_accuracy(cells, rng):
    true, predicted = cells
    groups = rng.choice(["one", "two", "three"], 200)
    rows = accuracy_by_group(groups, true, predicted, TYPES)
    scored = ScoredCells.of(true, predicted, TYPES)
    assert [row["batch"] for row in rows] == ["one", "three", "two"]
    assert sum(row["n"] for row in rows) == scored.is_scored.sum() == 150
    assert sum(row["n_correct"] for row in rows) == scored.is_correct.sum()
    assert all(row["low"] <= row["accuracy"] <= row["high"] for row in rows)


def test_groups_without_a_scored_cell_have_no_row():
    rows = accuracy_by_group(["one", "two"], ["B", None], ["B", "B"], TYPES)
    assert [row["batch"] for row in rows] == ["one"]


def test_coverage_by_hand():
    true = ["B", "B", "T", "T", "new", "new", None]
    predicted = ["B", "T", "T", "T", "B", "T", "B"]
    confidence = np.array([0.9, 0.4, 0.8, 0.6, 0.3, 0.95, 0.1])
    none, half = coverage_curve(confidence, true, predicted, TYPES, thresholds=(0.0, 0.6))
    assert (none["coverage"], none["n_kept"], none["accuracy"], none["unseen_unknown"]) == (1.0, 4, 0.75, 0.0)
    assert (half["coverage"], half["n_kept"], half["accuracy"], half["unseen_unknown"]) == (0.75, 3, 1.0, 0.5)


def test_a_higher_threshold_never_covers_more(cells, rng):
    rows = coverage_curve(rng.random(200), *cells, TYPES)
    coverage, caught = ([row[key] for row in rows] for key in ("coverage", "unseen_unknown"))
    assert coverage == sorted(coverage, reverse=True)
    assert caught == sorted(caught)


def test_a_threshold_that_keeps_nothing_has_no_accuracy():
    (row,) = coverage_curve(np.array([0.5]), ["B"], ["B"], TYPES, thresholds=(0.9,))
    assert (row["coverage"], row["accuracy"], row["low"], row["unseen_unknown"]) == (0.0, None, None, None)


def test_without_labels_there_is_nothing():
    assert coverage_curve(np.array([0.5]), [None], ["B"], TYPES) == []
    assert scores_by_type([None], ["B"], TYPES) == []
    assert accuracy_by_group(["one"], [None], ["B"], TYPES) == []
