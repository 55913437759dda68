"""Diagnostics of a latent space that a UMAP hides: its scale, and how far the labels' densities are apart."""

import numpy as np


def latent_scale(z: np.ndarray) -> float | None:
    """Standard deviation of z over cells: the root of the variance averaged over dimensions, in latent units.

    About 1 where the prior N(0, I) holds; towards 0 where a regulariser shrinks the space. Neither direction is better:
    it is a warning light. z: (n, L). None without cells.
    """
    z = np.asarray(z, dtype=np.float64)
    return float(np.sqrt(z.var(axis=0).mean())) if z.size else None


def label_gap(log_density: np.ndarray, true_codes: np.ndarray) -> float | None:
    """Mean log-density at the true label minus the mean at the other labels, in nats; higher is better, 0 is no signal.

    Parameters
    ----------
    log_density
        (n, C) log-density of each cell's z under each label.
    true_codes
        (n,) column of the true label, -1 where it is missing; those cells are left out.

    Returns
    -------
    Mean over cells. None where no cell has a label, where there is a single label, or where a density is not finite.
    """
    log_density, true_codes = np.asarray(log_density, dtype=np.float64), np.asarray(true_codes)
    known = true_codes >= 0
    n_labels = log_density.shape[1]
    if n_labels < 2 or not known.any():
        return None
    density, codes = log_density[known], true_codes[known].astype(np.intp)
    if not np.isfinite(density).all():
        return None
    at_true = density[np.arange(len(density)), codes]  # (n,)
    at_others = (density.sum(axis=1) - at_true) / (n_labels - 1)  # (n,)
    return float((at_true - at_others).mean())
