"""Whether a confidence of 0.9 is right nine times out of ten, and the temperature that mends it.

Guo et al. 2017, On Calibration of Modern Neural Networks. Axes: n cells, C types.
"""

from typing import Any

import numpy as np

from semafo.evaluation.labels.scores import wilson_interval

N_BINS = 15
FEWEST_CELLS = 10  # to fit a temperature on; fewer say nothing
TEMPERATURES = (0.05, 20.0)  # bounds of the fit: without an error among the cells the best temperature would be 0
_SMALLEST = float(np.finfo(np.float32).tiny)  # stands for probabilities that single precision rounds to 0


def reliability_bins(confidence: np.ndarray, is_correct: np.ndarray, n_bins: int = N_BINS) -> list[dict[str, Any]]:
    """Mean confidence and accuracy by confidence, in bins of equal width; empty bins are left out.

    Parameters
    ----------
    confidence
        (n,) probability of the predicted type, 0 to 1. Bin k of K holds those above k/K and up to (k + 1)/K.
    is_correct
        (n,) whether the prediction is right.

    Returns
    -------
    One row a bin: `low`, `high` (its edges), `n`, `confidence` (mean), `accuracy` and its 95 % Wilson interval
    `accuracy_low`, `accuracy_high`.
    """
    confidence, is_correct = np.asarray(confidence, dtype=np.float64), np.asarray(is_correct, dtype=bool)
    code = np.clip(np.ceil(confidence * n_bins).astype(int) - 1, 0, n_bins - 1)
    n = np.bincount(code, minlength=n_bins)
    n_correct = np.bincount(code, weights=is_correct, minlength=n_bins).astype(int)
    total = np.bincount(code, weights=confidence, minlength=n_bins)
    rows = []
    for k in np.flatnonzero(n):
        low, high = wilson_interval(int(n_correct[k]), int(n[k]))
        edges = {"low": float(k / n_bins), "high": float((k + 1) / n_bins), "n": int(n[k])}
        means = {"confidence": float(total[k] / n[k]), "accuracy": float(n_correct[k] / n[k])}
        rows.append({**edges, **means, "accuracy_low": low, "accuracy_high": high})
    return rows


def expected_calibration_error(confidence: np.ndarray, is_correct: np.ndarray, n_bins: int = N_BINS) -> float | None:
    """Distance of confidence and accuracy, averaged over bins with their cells as weights.

    Σ_k n_k/n |accuracy_k - confidence_k| over `reliability_bins`; 0 to 1, lower is better (Naeini et al. 2015, Guo et
    al. 2017). With few cells it is above 0 by chance alone. None without cells.
    """
    bins = reliability_bins(confidence, is_correct, n_bins)
    gaps = [row["n"] * abs(row["accuracy"] - row["confidence"]) for row in bins]
    return sum(gaps) / sum(row["n"] for row in bins) if bins else None


def fit_temperature(probabilities: np.ndarray, true_codes: np.ndarray) -> float | None:
    """The temperature that makes held-out labels most likely: above 1 the model is too sure, below 1 not enough.

    Minimises the mean of -log softmax(log p / T) at the true type (Guo et al. 2017), which has one minimum, within
    `TEMPERATURES`. Predictions do not change, only how sure they are.

    Parameters
    ----------
    probabilities
        (n, C) predicted probabilities of cells whose labels no model was trained on.
    true_codes
        (n,) column of the true type; -1 where it has none, those cells are left out.

    Returns
    -------
    float or None
        None with fewer than `FEWEST_CELLS` cells.
    """
    from scipy.optimize import minimize_scalar

    usable = np.asarray(true_codes) >= 0
    codes = np.asarray(true_codes)[usable].astype(np.intp)
    if len(codes) < FEWEST_CELLS:
        return None
    log_p = _log(np.asarray(probabilities)[usable])
    at_true = log_p[np.arange(len(codes)), codes]  # (n,)

    def loss(log_temperature: float) -> float:
        inverse = np.exp(-log_temperature)
        return float((_log_sum_exp(log_p * inverse) - at_true * inverse).mean())

    return float(np.exp(minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded").x))


def scale(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log p / T): the same order of types, less sure where T is above 1. (n, C) -> (n, C) float32."""
    log_p = _log(probabilities) / temperature
    scaled: np.ndarray = np.exp(log_p - _log_sum_exp(log_p)[:, None]).astype(np.float32)
    return scaled


def calibration_report(
    confidence: np.ndarray, is_correct: np.ndarray, scaled: np.ndarray | None = None
) -> dict[str, Any]:
    """Reliability of some cells' confidence, before and, where `scaled` is given, after temperature scaling.

    Returns
    -------
    `n`, `ece`, `ece_scaled`, `bins`, `bins_scaled`; the scaled ones None without a temperature.
    """
    return {
        "n": len(confidence),
        "ece": expected_calibration_error(confidence, is_correct),
        "ece_scaled": None if scaled is None else expected_calibration_error(scaled, is_correct),
        "bins": reliability_bins(confidence, is_correct),
        "bins_scaled": None if scaled is None else reliability_bins(scaled, is_correct),
    }


def _log(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _SMALLEST))


def _log_sum_exp(values: np.ndarray) -> np.ndarray:
    """(n, C) -> (n,), without overflow."""
    largest = values.max(axis=1, keepdims=True)
    total: np.ndarray = largest + np.log(np.exp(values - largest).sum(axis=1, keepdims=True))
    return total[:, 0]
