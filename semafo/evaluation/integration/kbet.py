"""kBET per type: do the batches around a cell have the shares that they have in the whole type?"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import gammaincc

from semafo.evaluation.integration.eigenvectors import leading_eigenvectors
from semafo.evaluation.neighbours.membership_graph import fuzzy_graph
from semafo.evaluation.neighbours.neighbours import Neighbours, nearest

ALPHA = 0.05  # significance level of a cell's test
FEWEST_CELLS = 10  # a smaller type is not tested
FEWEST_NEIGHBOURS, MOST_NEIGHBOURS = 10, 70  # tested around a cell, itself not counted
SMALL_COMPONENT = 3  # times the neighbours: a component with fewer cells is not tested
TESTABLE_SHARE = 0.75  # of a type's cells; with fewer in testable components the type counts as rejected
N_DIFFUSION = 100  # components of the diffusion map
STATIONARY_GAP = 2.0**-25  # an eigenvalue closer to 1 is 1 in single precision: a component that does not decay


def kbet_per_label(neighbours: Neighbours, labels: np.ndarray, batches: np.ndarray, seed: int = 0) -> float | None:
    """Share of cells whose neighbourhood passes the batch test, averaged over types; 0 to 1, higher is better.

    Büttner et al. 2019, per type as in Luecken et al. 2022. Types with fewer than 10 cells or a single batch are left
    out; None where none remains.

    Parameters
    ----------
    neighbours
        Usually 50 per cell.
    labels, batches
        (n,) codes without gaps.
    seed
        Start vector of the eigensolver; moves the score by rounding at most.
    """
    graph = fuzzy_graph(neighbours)
    n_diffusion = N_DIFFUSION
    per_type = []
    for label in range(labels.max() + 1):
        cells = np.flatnonzero(labels == label)
        codes = np.unique(batches[cells], return_inverse=True)[1]
        if len(cells) < FEWEST_CELLS or codes.max() == 0:
            continue
        testable = _testable(graph[cells][:, cells], codes)
        if testable is None:
            per_type.append(0.0)
            continue
        kept, codes, n_around = testable
        # The number of components shrinks to what a small type allows and stays there for the types after it: an
        # accident of scib-metrics, followed so that the numbers can be compared.
        n_diffusion = min(n_diffusion, kept.shape[0] - 1)
        around = nearest(diffusion_map(kept, n_diffusion, seed), n_around + 1)
        per_type.append(acceptance_rate(around, codes))
    return float(np.mean(per_type)) if per_type else None


def acceptance_rate(neighbours: Neighbours, batches: np.ndarray) -> float:
    """Share of cells where Pearson's chi-squared test accepts the neighbours' batches; 0 with a single batch.

    batches: (n,) codes without gaps.
    """
    n_cells, k = neighbours.indices.shape
    sizes = np.bincount(batches)
    expected = k * sizes / n_cells  # (B,)
    observed = np.stack([(batches[neighbours.indices] == b).sum(axis=1) for b in range(len(sizes))], axis=1)  # (n, B)
    statistic = ((observed - expected) ** 2 / expected).sum(axis=1)
    p_values = gammaincc((len(sizes) - 1) / 2, statistic / 2)  # upper tail of chi-squared, NaN with a single batch
    return float((p_values >= ALPHA).mean())


def diffusion_map(graph: sparse.csr_array, n_components: int, seed: int) -> np.ndarray:
    """Embedding in which Euclidean distance is diffusion distance summed over all times (Haghverdi et al. 2016).

    graph: (n, n) symmetric, without isolated cells. Returns (n, n_components).
    """
    graph = graph.astype(np.float64)  # in single precision the stationary value misses 1 by rounding
    kernel = _scale_both_sides(graph, 1 / graph.sum(axis=0))
    transitions = _scale_both_sides(kernel, 1 / np.sqrt(kernel.sum(axis=0)))
    values, vectors = leading_eigenvectors(transitions, n_components, seed)
    stationary = 1 - values < STATIONARY_GAP  # the weight would be infinite, and is set to 1
    return vectors * np.where(stationary, 1, values / np.where(stationary, 1, 1 - values))


def _testable(graph: sparse.csr_array, batches: np.ndarray) -> tuple[sparse.csr_array, np.ndarray, int] | None:
    """Keep the components of a type's graph that are large enough for the test; None where they hold too few cells.

    Returns their graph, their cells' batches, and how many neighbours of a cell are tested.
    """
    n_around = int(np.clip(len(batches) // len(np.bincount(batches)) // 4, FEWEST_NEIGHBOURS, MOST_NEIGHBOURS))
    n_components, component = connected_components(graph, connection="strong")
    if n_components == 1:
        return graph, batches, n_around
    large = np.bincount(component) >= SMALL_COMPONENT * n_around
    kept = np.flatnonzero(large[component])
    if len(kept) / len(batches) < TESTABLE_SHARE:
        return None
    return graph[kept][:, kept], np.unique(batches[kept], return_inverse=True)[1], n_around


def _scale_both_sides(graph: sparse.csr_array, factors: np.ndarray) -> sparse.csr_array:
    scale = sparse.diags_array(factors)
    return sparse.csr_array(scale @ graph @ scale)
