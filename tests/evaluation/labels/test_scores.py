"""Label scores against scikit-learn and closed forms."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from semafo import keys
from semafo.evaluation.labels.scores import confusion_counts, is_missing, score_labels, wilson_interval

TYPES = ["B", "NK", "T", "pDC"]
pairs = st.lists(st.tuples(st.sampled_from(TYPES), st.sampled_from(TYPES)), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(pairs)
def test_scores_equal_scikit_learn(cells):
    true, predicted = (list(side) for side in zip(*cells, strict=True))
    present = sorted(set(true))
    scores = score_labels(true, predicted, TYPES)

    def f1(average):
        return sk.f1_score(true, predicted, labels=present, average=average, zero_division=0)

    assert scores.accuracy == pytest.approx(sk.accuracy_score(true, predicted))
    assert scores.f1_weighted == pytest.approx(f1("weighted"))
    assert scores.f1_macro == pytest.approx(f1("macro"))
    recall = sk.recall_score(true, predicted, labels=present, average="macro", zero_division=0)
    assert scores.balanced_accuracy == pytest.approx(recall)
    if len(set(true) | set(predicted)) > 1:
        assert scores.cohen_kappa == pytest.approx(sk.cohen_kappa_score(true, predicted))
    else:
        assert scores.cohen_kappa is None


def test_balanced_accuracy_equals_scikit_learns():
    true, predicted = ["B", "B", "T", "T", "T", "NK"], ["B", "T", "T", "T", "B", "T"]
    assert score_labels(true, predicted, TYPES).balanced_accuracy == pytest.approx(
        sk.balanced_accuracy_score(true, predicted)
    )


def test_the_wilson_interval_has_its_textbook_values():
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.27753), abs=1e-4)
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert wilson_interval(10, 10)[1] == 1.0


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 5000), st.floats(0, 1))
def test_the_wilson_limits_are_where_the_score_test_just_rejects(n_cells, share):
    n_correct = round(share * n_cells)
    low, high = wilson_interval(n_correct, n_cells)
    for limit in {low, high} - {0.0, 1.0}:
        z = (n_correct / n_cells - limit) / np.sqrt(limit * (1 - limit) / n_cells)
        assert abs(z) == pytest.approx(1.959964, rel=1e-5)
    assert low <= n_correct / n_cells <= high


def test_cells_without_truth_are_never_scored():
    true = ["B", None, np.nan, keys.UNLABELLED, "T"]
    assert is_missing(true).tolist() == [False, True, True, True, False]
    scores = score_labels(true, ["B", "B", "B", "B", "B"], TYPES)
    assert (scores.n_scored, scores.n_unseen, scores.accuracy) == (2, 0, 0.5)


def test_types_that_were_never_shown_are_counted_apart():
    scores = score_labels(["B", "B", "Mast", "Mast"], ["B", "T", "B", "Mast"], ["B", "T"])
    assert (scores.n_scored, scores.n_unseen) == (2, 2)
    assert scores.accuracy == 0.5
    assert scores.accuracy_with_unseen == 0.25  # an unseen cell is an error whatever was predicted


def test_the_majority_baseline_is_the_most_frequent_true_types_share():
    scores = score_labels(["B", "B", "B", "T"], ["T", "T", "T", "T"], TYPES)
    assert scores.accuracy_majority == 0.75


def test_a_missing_prediction_is_an_error():
    scores = score_labels(["B", "B"], ["B", None], TYPES)
    assert (scores.n_scored, scores.accuracy, scores.balanced_accuracy) == (2, 0.5, 0.5)


def test_nothing_to_score_gives_none_and_no_warning():
    nothing = score_labels([], [], TYPES).to_dict()
    assert (nothing.pop("n_scored"), nothing.pop("n_unseen")) == (0, 0)
    assert set(nothing.values()) == {None}
    only_unseen = score_labels(["Mast"], ["B"], TYPES)
    assert (only_unseen.n_unseen, only_unseen.accuracy, only_unseen.accuracy_with_unseen) == (1, None, 0.0)


def test_scores_are_plain_values():
    values = score_labels(np.array(["B", "T"]), np.array(["B", "B"]), TYPES).to_dict()
    assert json.loads(json.dumps(values)) == values


def test_confusion_counts_have_the_observed_types_in_rows():
    true, predicted = ["B", "B", "T", "NK", None], ["B", "T", "T", "B", "B"]
    counts = confusion_counts(true, predicted, ["B", "T", "NK"])
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert counts.dtype.kind == "i"


def test_confusion_counts_leave_out_types_that_were_not_asked_for():
    assert confusion_counts(["B", "T"], ["B", "B"], ["B"]).tolist() == [[1]]


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="2 true labels but 1 predictions"):
        score_labels(["B", "T"], ["B"], TYPES)
