"""The baselines: they learn what is there to learn, from the labelled cells alone."""

import numpy as np
import pytest
from scipy import sparse

from semafo.evaluation.labels.classifiers import predict_logistic, predict_majority, predict_neighbours

CLASSIFIERS = [predict_logistic, predict_neighbours]


@pytest.fixture
def blobs(rng):
    """300 cells of three types that stand well apart, 30 of them labelled."""
    codes = rng.integers(0, 3, 300)
    features = rng.normal(size=(300, 5)) + 6 * np.eye(3, 5)[codes]
    labels = np.array(["B", "NK", "T"])[codes].astype(object)
    return features, labels, np.arange(300) < 30


@pytest.mark.parametrize("predict", CLASSIFIERS)
def test_types_that_stand_apart_are_found(predict, blobs):
    features, labels, is_labelled = blobs
    assert (predict(features, labels, is_labelled) == labels).mean() > 0.98


@pytest.mark.parametrize("predict", [*CLASSIFIERS, lambda _, *labels: predict_majority(*labels)])
def test_hidden_labels_are_not_looked_at(predict, blobs):
    features, labels, is_labelled = blobs
    hidden = np.where(is_labelled, labels, "unlabelled").astype(object)
    np.testing.assert_array_equal(predict(features, labels, is_labelled), predict(features, hidden, is_labelled))


def test_sparse_features_give_the_same(blobs):
    features, labels, is_labelled = blobs
    thinned = np.where(np.abs(features) > 0.5, features, 0)
    dense, sparse_ = (predict_logistic(x, labels, is_labelled) for x in (thinned, sparse.csr_array(thinned)))
    np.testing.assert_array_equal(dense, sparse_)


def test_predicting_in_blocks_changes_nothing(blobs, monkeypatch):
    whole = predict_logistic(*blobs)
    monkeypatch.setattr("semafo.evaluation.labels.classifiers._ROWS_AT_ONCE", 7)
    np.testing.assert_array_equal(predict_logistic(*blobs), whole)


def test_the_majority_is_the_most_frequent_labelled_type():
    labels, is_labelled = np.array(["B", "T", "T", "NK", "NK", "NK"]), np.array([1, 1, 1, 1, 0, 0], bool)
    assert set(predict_majority(labels, is_labelled)) == {"T"}
    assert set(predict_majority(np.array(["T", "B"]), np.array([True, True]))) == {"B"}


def test_one_labelled_cell_a_type_is_enough(blobs):
    features, labels, _ = blobs
    first = np.zeros(len(labels), dtype=bool)
    first[np.unique(labels.astype(str), return_index=True)[1]] = True
    for predict in CLASSIFIERS:
        assert (predict(features, labels, first) == labels).mean() > 0.9
