"""The mixture head, on clouds of points whose labels are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semafo.models.mixture_head import hybrid_probabilities, mixture_posterior


def clouds(n_each: int = 200, n_labels: int = 3, n_latent: int = 4, distance: float = 6.0, seed: int = 0):
    """Points around one centre a label, and their labels."""
    rng = np.random.default_rng(seed)
    centres = distance * np.eye(n_labels, n_latent)
    labels = np.repeat(np.arange(n_labels), n_each)
    return centres[labels] + rng.normal(size=(len(labels), n_latent)), labels


def one_label_each(labels: np.ndarray) -> np.ndarray:
    codes = np.full(len(labels), -1)
    first = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)]
    codes[first] = labels[first]
    return codes


def uniform(n_cells: int, n_labels: int) -> np.ndarray:
    return np.full((n_cells, n_labels), 1 / n_labels)


def test_one_label_a_cloud_is_enough_to_name_every_cloud():
    z, labels = clouds()
    found = mixture_posterior(z, uniform(len(z), 3), one_label_each(labels)).argmax(1)
    assert (found == labels).mean() > 0.99


def test_unlabelled_cells_move_the_boundary():
    z, labels = clouds(distance=4.0)
    codes = one_label_each(labels)
    z[codes >= 0] += 2.0  # the labelled cells lie at the rim of their clouds
    alone = z[codes >= 0]
    nearest = ((z[:, None] - alone) ** 2).sum(-1).argmin(1)
    found = mixture_posterior(z, uniform(len(z), 3), codes).argmax(1)
    assert (found == labels).mean() > (labels[codes >= 0][nearest] == labels).mean()


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-10, 10), seed=st.integers(0, 10))
def test_neither_scale_nor_place_of_the_latent_space_matters(scale, shift, seed):
    z, labels = clouds(n_each=40, seed=seed)
    codes = one_label_each(labels)
    start = uniform(len(z), 3)
    np.testing.assert_allclose(
        mixture_posterior(scale * (z + shift), start, codes), mixture_posterior(z, start, codes), atol=1e-6
    )


def test_rows_sum_to_one_and_a_label_nobody_has_gets_nothing_from_the_mixture():
    z, labels = clouds()
    codes = np.where(labels == 2, -1, labels)
    probabilities = mixture_posterior(z, uniform(len(z), 3), codes)
    assert probabilities.sum(1) == pytest.approx(1)
    assert (probabilities[:, 2] == 0).all()


def test_the_hybrid_is_the_normalised_geometric_mean_of_classifier_and_mixture():
    z, labels = clouds(distance=1.0)
    codes = one_label_each(labels)
    classifier = np.random.default_rng(1).dirichlet(np.ones(3), len(z))
    expected = np.sqrt(classifier * mixture_posterior(z, classifier, codes))
    expected /= expected.sum(1, keepdims=True)
    np.testing.assert_allclose(hybrid_probabilities(z, classifier, codes), expected)


def test_with_every_cell_labelled_it_is_a_gaussian_classifier():
    z, labels = clouds(distance=3.0)
    found = mixture_posterior(z, uniform(len(z), 3), labels)
    centres = np.stack([z[labels == label].mean(0) for label in range(3)])
    nearest = ((z[:, None] - centres) ** 2).sum(-1).argmin(1)
    assert (found.argmax(1) == nearest).mean() > 0.97  # the clouds are round and of one size


def test_a_collapsed_dimension_does_no_harm():
    z, labels = clouds()
    z[:, -1] = 0.0
    assert np.isfinite(mixture_posterior(z, uniform(len(z), 3), one_label_each(labels))).all()
