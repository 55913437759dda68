"""The scib table of one embedding: five scores of biology kept, five of batches removed, and BRAS.

Conventions are those of scib-metrics' Benchmarker: scores rescaled to 0 to 1 where higher is better, one graph of 90
neighbours from which the smaller ones are cut, Euclidean distances. Exact up to `neighbours.MOST_EXACT` cells.
Axes: n cells, L dimensions.
"""

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse.csgraph import connected_components

from semafo.evaluation.integration.distance_sums import DistanceSums, distance_sums
from semafo.evaluation.integration.kbet import kbet_per_label
from semafo.evaluation.integration.lisi import clisi, ilisi, neighbour_weights
from semafo.evaluation.integration.silhouette import (
    bras,
    isolated_labels,
    silhouette_batch,
    silhouette_widths,
    type_means,
)
from semafo.evaluation.labels.scores import as_labels, is_missing
from semafo.evaluation.neighbours.neighbours import MOST_EXACT, Neighbours, finite_embedding, nearest
from semafo.evaluation.neighbours.sampling import capped_sample, proportional_sample

# Neighbours per cell, the cell itself included; clipped to the number of cells.
K_LISI = 90
K_KBET = 50
K_CONNECTIVITY = 15
MOST_SUMMED = 30_000  # cells whose distances are summed for the silhouettes; of more, a sample with small types whole
MOST_CELLS = 100_000  # beyond, a proportional sample of so many is scored, which bounds time and memory
KMEANS_STARTS = 10  # the best of ten starts, since single starts differ by some hundredths of NMI and ARI


@dataclass(frozen=True)
class IntegrationScores:
    """One row of the scib table: 0 to 1, higher is better, None where undefined. `columns.METRICS` has the words.

    n_cells counts the cells with a label, which are the ones that were scored. n_sampled, where it is not None, is how
    many of them stand for all; is_approximate says that neighbours or silhouettes are not exact, as beyond
    `neighbours.MOST_EXACT` cells.
    """

    n_cells: int
    n_types: int
    n_batches: int
    isolated_labels: float | None = None
    kmeans_nmi: float | None = None
    kmeans_ari: float | None = None
    silhouette_label: float | None = None
    clisi: float | None = None
    silhouette_batch: float | None = None
    ilisi: float | None = None
    kbet: float | None = None
    graph_connectivity: float | None = None
    pcr_comparison: float | None = None
    bras: float | None = None
    n_sampled: int | None = None
    is_approximate: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def integration_scores(
    z: np.ndarray,
    labels: ArrayLike,
    batches: ArrayLike | None,
    unintegrated: np.ndarray | None,
    seed: int = 0,
) -> IntegrationScores:
    """Every column of the scib table for one embedding.

    Parameters
    ----------
    z
        (n, L) embedding to score.
    labels
        (n,) types. Cells without one are left out of every column.
    batches
        (n,) batches; None is a single batch, for which the batch columns are undefined.
    unintegrated
        (n, P) embedding of the same cells before integration, usually their PCA: the baseline of PCR comparison, which
        is undefined without it.
    seed
        Seed of KMeans, of an eigensolver's start vector, and of the samples that stand for very many cells.
    """
    z, labels = finite_embedding(z), as_labels(labels)
    batches = np.zeros(len(z), dtype=np.int64) if batches is None else as_labels(batches)
    _require_rows(len(z), labels=labels, batches=batches)
    known = ~is_missing(labels)
    z, types, batch_codes = z[known], _codes(labels[known]), _codes(batches[known])
    if unintegrated is not None:
        _require_rows(len(known), unintegrated=unintegrated)
        unintegrated = finite_embedding(np.asarray(unintegrated)[known])
    n_types, n_batches = len(np.unique(types)), len(np.unique(batch_codes))
    if max(n_types, n_batches) < 2:
        return IntegrationScores(len(z), n_types, n_batches)
    n_cells, rows = len(z), _sampled_rows(types, batch_codes, seed)
    if rows is not None:
        z, types, batch_codes = z[rows], types[rows], batch_codes[rows]
        unintegrated = None if unintegrated is None else unintegrated[rows]
    around = _Surroundings.of(z, types, batch_codes, seed)
    bio = _bio_scores(z, types, batch_codes, around, seed) if n_types > 1 else {}
    batch = _batch_scores(z, types, batch_codes, around, unintegrated, seed) if n_batches > 1 else {}
    n_sampled = None if rows is None else len(rows)
    is_approximate = rows is not None or n_cells > MOST_EXACT
    return IntegrationScores(
        n_cells, n_types, n_batches, **bio, **batch, n_sampled=n_sampled, is_approximate=is_approximate
    )


@dataclass(frozen=True)
class _Surroundings:
    """What several columns share: the nearest neighbours, their weights, and sums of distances to whole groups.

    rows: (m,) cells that the sums are of and among; all unless there are more than `MOST_SUMMED`.
    """

    neighbours: Neighbours
    weights: np.ndarray
    rows: np.ndarray
    sums: DistanceSums

    @classmethod
    def of(cls, z: np.ndarray, types: np.ndarray, batches: np.ndarray, seed: int) -> "_Surroundings":
        neighbours = nearest(z, K_LISI)
        rows = capped_sample(types, batches, MOST_SUMMED, seed)
        sums = distance_sums(z[rows], types[rows], batches[rows])
        return cls(neighbours, neighbour_weights(neighbours), rows, sums)


def kmeans_clusters(z: np.ndarray, n_clusters: int, seed: int) -> np.ndarray:
    """Cluster of each cell by scikit-learn's KMeans, best of `KMEANS_STARTS` starts. z: (n, L). Returns (n,) int.

    In single precision, which is faster: centred and scaled, so that its digits are there for the differences.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    z = z - z.mean(axis=0)
    z = (z / (np.abs(z).max() or 1.0)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct cells than types: fewer clusters are right
        clusters: np.ndarray = KMeans(n_clusters, n_init=KMEANS_STARTS, random_state=seed).fit_predict(z)
    return clusters


def cluster_agreement(labels: np.ndarray, clusters: np.ndarray) -> tuple[float, float]:
    """NMI (arithmetic normalisation, 0 to 1) and ARI (-0.5 to 1) of types and clusters, higher is better. Both (n,)."""
    from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

    return float(normalized_mutual_info_score(labels, clusters)), float(adjusted_rand_score(labels, clusters))


def graph_connectivity(neighbours: Neighbours, labels: np.ndarray) -> float:
    """Share of a type's cells in its largest strongly connected component, averaged over types; higher is better.

    Luecken et al. 2022. neighbours: usually 15 per cell; labels: (n,) codes without gaps. Greater than 0, at most 1.
    """
    graph = neighbours.graph()
    shares = []
    for label in range(labels.max() + 1):
        cells = np.flatnonzero(labels == label)
        component = connected_components(graph[cells][:, cells], connection="strong")[1]
        shares.append(np.bincount(component).max() / len(cells))
    return float(np.mean(shares))


def batch_variance(z: np.ndarray, batches: np.ndarray) -> float | None:
    """Share of an embedding's variance that the batch explains, 0 to 1; None where the embedding has no variance.

    Principal component regression (Büttner et al. 2019) weights the R² of every component by its variance. Over all
    components that is the scatter between the batches' means over the total scatter, and no components are needed.
    z: (n, L); batches: (n,) codes without gaps.
    """
    z = z - z.mean(axis=0)
    total = (z**2).sum()
    sizes = np.bincount(batches)
    means = np.stack([z[batches == batch].mean(axis=0) for batch in range(len(sizes))])  # (B, L)
    between = (sizes[:, None] * means**2).sum()
    return float(between / total) if total > 0 else None


def pcr_comparison(unintegrated: np.ndarray, z: np.ndarray, batches: np.ndarray) -> float | None:
    """By which share the batch's part of the variance fell through integration, 0 to 1, higher is better.

    An increase counts as 0. None where either embedding has no variance or the batch explained none before.
    """
    before, after = batch_variance(unintegrated, batches), batch_variance(z, batches)
    if not before or after is None:
        return None
    return max(0.0, (before - after) / before)


def _bio_scores(
    z: np.ndarray, types: np.ndarray, batches: np.ndarray, around: _Surroundings, seed: int
) -> dict[str, float | None]:
    means = type_means(silhouette_widths(around.sums.to_types, types[around.rows]), types[around.rows])
    nmi, ari = cluster_agreement(types, kmeans_clusters(z, types.max() + 1, seed))
    return {
        "isolated_labels": isolated_labels(means, types, batches),
        "kmeans_nmi": nmi,
        "kmeans_ari": ari,
        "silhouette_label": float(np.average(means, weights=np.bincount(types))),
        "clisi": clisi(around.neighbours, around.weights, types),
    }


def _batch_scores(
    z: np.ndarray,
    types: np.ndarray,
    batches: np.ndarray,
    around: _Surroundings,
    unintegrated: np.ndarray | None,
    seed: int,
) -> dict[str, float | None]:
    neighbours = around.neighbours
    return {
        "silhouette_batch": silhouette_batch(around.sums, types[around.rows], batches[around.rows]),
        "ilisi": ilisi(neighbours, around.weights, batches),
        "kbet": kbet_per_label(neighbours.first(K_KBET), types, batches, seed),
        "graph_connectivity": graph_connectivity(neighbours.first(K_CONNECTIVITY), types),
        "pcr_comparison": None if unintegrated is None else pcr_comparison(unintegrated, z, batches),
        "bras": bras(z, types, batches),
    }


def _sampled_rows(types: np.ndarray, batches: np.ndarray, seed: int) -> np.ndarray | None:
    """Rows that stand for all cells where there are more than `MOST_CELLS`, else None."""
    return proportional_sample(types, batches, MOST_CELLS, seed) if len(types) > MOST_CELLS else None


def _codes(values: np.ndarray) -> np.ndarray:
    """Codes 0, 1, … in sorted order. A missing batch is a batch of its own."""
    codes, names = pd.factorize(values, sort=True)
    return np.where(codes < 0, len(names), codes).astype(np.intp)


def _require_rows(n_cells: int, **arrays: np.ndarray) -> None:
    for name, array in arrays.items():
        if len(array) != n_cells:
            raise ValueError(f"{name} has {len(array)} rows, the embedding {n_cells}")
