"""Predictions from the classifier and from a semi-supervised mixture over the latent space.

The controlling VAE gives each label a density of z, yet predictions use the classifier q(y|z) alone, which sees
labelled cells only. Here the same densities are taken in closed form: one Gaussian a label, fitted to the labelled
cells and, with a small weight, to the unlabelled ones (the generative part of M1+M2, Kingma et al. 2014, with u
integrated out). The prediction is the normalised geometric mean of both, as in hybrids of discriminative and
generative classifiers (Lasserre et al. 2006). With few labels the mixture knows the shape of the latent space; with
many, the classifier leads.

Axes: N cells, C labels, L latent dimensions.
"""

import numpy as np

UNLABELLED_WEIGHT = 0.1  # of an unlabelled cell in the fit; a labelled cell has 1
TEMPERATURE = 0.5  # of the log-densities: a diagonal Gaussian counts correlated dimensions twice
POOLED_CELLS = 10.0  # each label's variances are shrunk to the average as if it had so many more cells
N_STEPS = 30  # of expectation maximisation


def hybrid_probabilities(
    z: np.ndarray, classifier_probs: np.ndarray, label_codes: np.ndarray, **settings: float
) -> np.ndarray:
    """Probability of each label from classifier and mixture: q(y|z)^½ m(y|z)^½, normalised.

    Parameters
    ----------
    z
        (N, L) latent representation of labelled and unlabelled cells together. Its scale has no influence.
    classifier_probs
        (N, C) q(y|z), rows sum to one.
    label_codes
        (N,) column of each labelled cell's label, -1 for unlabelled cells.
    **settings
        Of `mixture_posterior`.

    Returns
    -------
    (N, C), rows sum to one
    """
    product = classifier_probs * mixture_posterior(z, classifier_probs, label_codes, **settings)
    joint = np.sqrt(np.maximum(product, np.finfo(np.float64).tiny))  # a row of zeros would have no sum
    probabilities: np.ndarray = joint / joint.sum(axis=1, keepdims=True)
    return probabilities


def mixture_posterior(
    z: np.ndarray,
    start: np.ndarray,
    label_codes: np.ndarray,
    unlabelled_weight: float = UNLABELLED_WEIGHT,
    temperature: float = TEMPERATURE,
) -> np.ndarray:
    """m(y|z) of a Gaussian mixture with one component a label, fitted to all cells by expectation maximisation.

    Labelled cells belong to their label; unlabelled ones begin at `start`. Labels without a labelled cell have
    probability 0.

    Parameters
    ----------
    z, label_codes
        As in `hybrid_probabilities`.
    start
        (N, C) first probabilities, rows sum to one.
    unlabelled_weight
        Of an unlabelled cell in the fit, 0 to 1; a labelled cell has 1.
    temperature
        Factor of the log-densities, above 0; 1 takes the Gaussians at their word.

    Returns
    -------
    (N, C), rows sum to one; those of labelled cells are what the densities say, not their labels
    """
    z = np.asarray(z, dtype=np.float64)
    z = (z - z.mean(axis=0)) / z.std()  # centred, so that squares lose no digits below
    labelled = label_codes >= 0
    known = np.zeros(start.shape)
    known[labelled, label_codes[labelled]] = 1
    present = np.asarray(known.any(axis=0))
    weight = np.where(labelled, 1.0, unlabelled_weight)[:, None]  # (N, 1)
    posterior = np.asarray(start, dtype=np.float64)
    for _ in range(N_STEPS):
        belonging = np.where(labelled[:, None], known, posterior) * weight  # (N, C)
        posterior = _posterior(z, *_fit(z, belonging), present, temperature)
    return posterior


def _fit(z: np.ndarray, belonging: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Size (C,), means (C, L) and shrunk variances (C, L) of the components."""
    size = belonging.sum(axis=0)
    divisor = np.maximum(size, np.finfo(float).tiny)[:, None]
    mean = belonging.T @ z / divisor
    variance = np.maximum(belonging.T @ z**2 / divisor - mean**2, 0)
    pooled = (size[:, None] * variance).sum(axis=0) / size.sum()
    shrunk = (size[:, None] * variance + POOLED_CELLS * pooled) / (size[:, None] + POOLED_CELLS)
    return size, mean, np.maximum(shrunk, 1e-9)


def _posterior(
    z: np.ndarray, size: np.ndarray, mean: np.ndarray, variance: np.ndarray, present: np.ndarray, temperature: float
) -> np.ndarray:
    """Probabilities (N, C) from sizes and tempered densities."""
    precision = 1 / variance
    distance = z**2 @ precision.T - 2 * z @ (mean * precision).T + (mean**2 * precision).sum(axis=1)  # (N, C)
    log_joint = temperature * -0.5 * (distance + np.log(variance).sum(axis=1)) + np.log(size + 1)
    log_joint = np.where(present, log_joint, -np.inf)
    joint = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    probabilities: np.ndarray = joint / joint.sum(axis=1, keepdims=True)
    return probabilities
