"""How far each query cell lies from the reference's cells: 1 in their midst, 0 farther than any of them is.

The distance of a cell is its mean distance to its k nearest reference cells in the latent space. What is far is said by
the reference: a query cell's score is the share of the reference cells of its predicted type whose own distance, to
their k nearest other cells, is at least as large. That is the empirical tail probability of conformal anomaly detection
(Laxhammar and Falkman 2011), within classes as by Vovk (2012), without its correction by one cell.

Axes: n cells, L latent dimensions, k neighbours.
"""

from typing import Any

import numpy as np

from semafo.evaluation.neighbours.exact import nearest_among
from semafo.evaluation.neighbours.neighbours import finite_embedding
from semafo.evaluation.neighbours.sampling import capped_sample

BEYOND = 0.05  # a score below: farther from the reference's cells than 95 % of its own of that type
K = 20
ENOUGH = 20  # reference cells of a type that can tell what is far; of fewer, the whole reference does
MOST_REFERENCE_CELLS = 20_000  # of a larger reference a sample: small types whole, the others cut to one size


def mapping_scores(z: np.ndarray, is_reference: np.ndarray, predicted: np.ndarray, seed: int = 0) -> np.ndarray:
    """Mapping score of each query cell.

    Parameters
    ----------
    z
        (n, L) latent representation, finite.
    is_reference
        (n,) bool.
    predicted
        (n,) predicted types, of the reference's cells too.
    seed
        Of the sample of a reference of more than `MOST_REFERENCE_CELLS`.

    Returns
    -------
    (n,) float64, 0 to 1; NaN for reference cells, and for all where the reference has fewer than two.

    Raises
    ------
    DataError
        z has values that are not finite.
    """
    z, types = finite_embedding(z), np.unique(predicted.astype(str), return_inverse=True)[1]
    scores, query = np.full(len(z), np.nan), np.flatnonzero(~is_reference)
    reference = _sampled(np.flatnonzero(is_reference), types, seed)
    if len(reference) < 2 or not len(query):
        return scores
    z = z - z[reference].mean(axis=0)  # distances stay, products keep their digits
    k = min(K, len(reference) - 1)
    of_query = nearest_among(z, query, reference, k)[1].mean(axis=1)
    of_reference = nearest_among(z, reference, reference, k + 1)[1][:, 1:].mean(axis=1)  # without the cell itself
    for name in np.unique(types[query]):
        alike, of_type = types[query] == name, types[reference] == name
        peers = np.sort(of_reference[of_type] if of_type.sum() >= ENOUGH else of_reference)
        scores[query[alike]] = 1 - np.searchsorted(peers, of_query[alike]) / len(peers)
    return scores


def mapping_facts(scores: np.ndarray, n_reference: int) -> dict[str, Any]:
    """What is stated of a run's mapping scores, as plain values.

    Parameters
    ----------
    scores
        (n,) as `mapping_scores` gives them.
    n_reference
        Cells of the reference, at least one.

    Returns
    -------
    dict
        `k`; `n_reference`, cells that were searched; `threshold`; `n_query`, `n_beyond` and `share_beyond` (0 to 1) of
        the query's cells.
    """
    scored, n_searched = scores[~np.isnan(scores)], min(n_reference, MOST_REFERENCE_CELLS)
    n_beyond = int((scored < BEYOND).sum())
    return {
        "k": min(K, n_searched - 1),
        "n_reference": n_searched,
        "threshold": BEYOND,
        "n_query": len(scored),
        "n_beyond": n_beyond,
        "share_beyond": n_beyond / max(len(scored), 1),
    }


def _sampled(reference: np.ndarray, types: np.ndarray, seed: int) -> np.ndarray:
    """The reference's rows, rising, or a sample of them."""
    if len(reference) <= MOST_REFERENCE_CELLS:
        return reference
    codes = np.unique(types[reference], return_inverse=True)[1]
    sampled: np.ndarray = reference[capped_sample(codes, np.zeros_like(codes), MOST_REFERENCE_CELLS, seed)]
    return sampled
