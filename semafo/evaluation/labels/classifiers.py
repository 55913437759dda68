"""Plain classifiers that a semi-supervised model has to beat. Axes: n cells, of which some are labelled; G features.

Each is fitted on the labelled cells and predicts all of them. scikit-learn is imported where it is used.
"""

from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

Features: TypeAlias = np.ndarray | sparse.csr_array | sparse.csr_matrix

MOST_NEIGHBOURS = 15
GENES_PENALTY = 0.1  # 1 underfits log-normalised expression where a type has a handful of labelled cells
LATENT_PENALTY = 1.0  # 0.1 overfits there: measured with 5 % labels and more
_MOST_ITERATIONS = 5000
_ROWS_AT_ONCE = 4096  # dense rows while predicting, which bounds the memory


def predict_majority(labels: np.ndarray, is_labelled: np.ndarray) -> np.ndarray:
    """The most frequent type among the labelled cells, for every cell; of equally frequent ones the first by name.

    labels: (n,), read at labelled cells only; is_labelled: (n,) bool. Returns (n,).
    """
    types, counts = np.unique(np.asarray(labels)[is_labelled].astype(str), return_counts=True)
    return np.full(len(labels), types[counts.argmax()], dtype=object)


def predict_logistic(
    features: Features, labels: np.ndarray, is_labelled: np.ndarray, penalty: float = LATENT_PENALTY, seed: int = 0
) -> np.ndarray:
    """Multinomial logistic regression with an L2 penalty.

    The features are taken as they are. Dividing each by its standard deviation would let rare, noisy genes count as
    much as markers: with few labels that costs far more than it gains, and it would make the baseline look weak.

    Parameters
    ----------
    features
        (n, G), dense or sparse: log-normalised expression, or a latent representation.
    labels, is_labelled
        (n,) types, read at labelled cells only, and which cells are labelled.
    penalty
        1/C, above 0: `GENES_PENALTY` for log-normalised expression, `LATENT_PENALTY` for a latent representation.
    seed
        Of scikit-learn's solver.

    Returns
    -------
    (n,) predicted types.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / penalty, max_iter=_MOST_ITERATIONS, random_state=seed)
    model.fit(_dense(features[is_labelled]), np.asarray(labels)[is_labelled].astype(str))
    return _predict(model, features)


def predict_neighbours(features: np.ndarray, labels: np.ndarray, is_labelled: np.ndarray) -> np.ndarray:
    """Vote of the nearest labelled cells (Euclidean), each weighted by one over its distance.

    k is the square root of the number of labelled cells, rounded, at most `MOST_NEIGHBOURS`: with few labels, 15
    neighbours would be most of them. features: (n, L). Returns (n,) predicted types.
    """
    from sklearn.neighbors import KNeighborsClassifier

    k = min(MOST_NEIGHBOURS, max(1, round(float(np.sqrt(np.sum(is_labelled))))))
    model = KNeighborsClassifier(k, weights="distance")
    model.fit(_dense(features[is_labelled]), np.asarray(labels)[is_labelled].astype(str))
    return _predict(model, features)


def _predict(model: Any, features: Features) -> np.ndarray:
    blocks = range(0, features.shape[0], _ROWS_AT_ONCE)
    return np.concatenate([model.predict(_dense(features[i : i + _ROWS_AT_ONCE])) for i in blocks]).astype(object)


def _dense(features: Features) -> np.ndarray:
    return features if isinstance(features, np.ndarray) else features.toarray()
