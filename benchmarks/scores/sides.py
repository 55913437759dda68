"""The two sides of `benchmarks.scores`, each in a process of its own: `python -m benchmarks.scores.sides SIDE FILE`.

FILE is what `score_arrays.write` wrote. Imports are made where they are needed, since they are part of a cold run.
Prints one JSON object last.
"""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np

ROUNDS = 3
SEED = 0
# The Benchmarker's column, and the field of `IntegrationScores`.
COLUMNS = {
    "isolated_labels": "isolated_labels",
    "nmi_ari_cluster_labels_kmeans_nmi": "kmeans_nmi",
    "nmi_ari_cluster_labels_kmeans_ari": "kmeans_ari",
    "silhouette_label": "silhouette_label",
    "clisi_knn": "clisi",
    "bras": "bras",
    "ilisi_knn": "ilisi",
    "kbet_per_label": "kbet",
    "graph_connectivity": "graph_connectivity",
    "pcr_comparison": "pcr_comparison",
}

Arrays = dict[str, np.ndarray]


def ours(arrays: Arrays) -> dict[str, dict[str, Any]]:
    """Every column of each embedding, by `integration_scores`."""
    from semafo.evaluation.integration.table import integration_scores

    labels, batches, unintegrated = (arrays[name] for name in ("labels", "batches", "unintegrated"))
    return {
        name: integration_scores(z, labels, batches, unintegrated, seed=SEED).to_dict()
        for name, z in embeddings(arrays).items()
    }


def stock(arrays: Arrays, neighbours: Callable | None = None) -> dict[str, dict[str, float]]:
    """The columns of the Benchmarker with its defaults, under our names."""
    import anndata
    import pandas as pd
    from scib_metrics.benchmark import Benchmarker

    n_cells = len(arrays["labels"])
    obs = pd.DataFrame({key: pd.Categorical(arrays[key]) for key in ("labels", "batches")})
    obs.index = obs.index.astype(str)
    cells = anndata.AnnData(np.zeros((n_cells, 1), dtype=np.float32), obs=obs)
    cells.obsm["unintegrated"] = arrays["unintegrated"]
    cells.obsm.update(embeddings(arrays))
    benchmarker = Benchmarker(
        cells,
        batch_key="batches",
        label_key="labels",
        embedding_obsm_keys=list(embeddings(arrays)),
        pre_integrated_embedding_obsm_key="unintegrated",
        progress_bar=False,
    )
    benchmarker.prepare(neighbours)
    benchmarker.benchmark()
    table = benchmarker.get_results(min_max_scale=False, clean_names=False)
    return {name: {to: float(table.loc[name, of]) for of, to in COLUMNS.items()} for name in embeddings(arrays)}


def embeddings(arrays: Arrays) -> Arrays:
    """The embeddings among the arrays, by name."""
    return {name.removeprefix("z "): array for name, array in arrays.items() if name.startswith("z ")}


def warm(arrays: Arrays) -> dict[str, Any]:
    """Seconds of both sides in this process, alternated after an untimed round, and their columns' differences."""
    sides = {"stock": stock, "ours": ours, "stock_without_gc": _stock_without_gc}
    seconds = {name: [] for name in sides}
    found = {"stock": stock(arrays), "ours": ours(arrays)}
    for _ in range(ROUNDS):
        for name, side in sides.items():
            started = time.perf_counter(), time.process_time()
            side(arrays)
            seconds[name].append((time.perf_counter() - started[0], time.process_time() - started[1]))
    wall, cpu = ({name: statistics.median(s[i] for s in pairs) for name, pairs in seconds.items()} for i in (0, 1))
    with given_clusters():
        differences = difference(found["ours"], stock(arrays))
        exact = difference(found["ours"], stock(arrays, _exact_neighbours))
    return {"wall": wall, "cpu": cpu, "rounds": seconds, "differences": differences, "differences_exact_knn": exact}


def difference(ours: dict[str, dict[str, Any]], stock: dict[str, dict[str, float]]) -> dict[str, float]:
    """Largest absolute difference of each column over the embeddings."""
    return {key: max(abs(ours[name][key] - row[key]) for name, row in stock.items()) for key in COLUMNS.values()}


@contextmanager
def given_clusters():
    """Have scib-metrics take our KMeans clusters instead of its own."""
    from scib_metrics.metrics import _nmi_ari

    from semafo.evaluation.integration.table import kmeans_clusters

    original = _nmi_ari._compute_clustering_kmeans
    _nmi_ari._compute_clustering_kmeans = lambda z, k: kmeans_clusters(np.asarray(z, dtype=np.float64), k, SEED)
    try:
        yield
    finally:
        _nmi_ari._compute_clustering_kmeans = original


def _stock_without_gc(arrays: Arrays) -> None:
    collect, gc.collect = gc.collect, lambda *_: 0
    try:
        stock(arrays)
    finally:
        gc.collect = collect


def _exact_neighbours(z: np.ndarray, k: int) -> Any:
    from scib_metrics.nearest_neighbors import NeighborsResults

    from semafo.evaluation.neighbours.neighbours import nearest

    found = nearest(np.asarray(z), k)
    return NeighborsResults(indices=found.indices, distances=found.distances)


def main() -> None:
    """Run a side and print what it found; the time of a cold run is taken by who started the process."""
    side, path = sys.argv[1:]
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    found = {"ours": ours, "stock": stock, "warm": warm}[side](arrays)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
