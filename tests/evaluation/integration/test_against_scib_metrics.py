"""Every column of the scib table equals scib-metrics' function to 1e-3, on simulated and on real cells."""

from types import SimpleNamespace

import numpy as np
import pytest

from semafo.evaluation.integration import table as integration_table
from semafo.evaluation.integration.columns import METRICS
from semafo.evaluation.latent.embedding import log_normalise, pca
from semafo.evaluation.neighbours.membership_graph import fuzzy_graph
from semafo.evaluation.neighbours.neighbours import nearest

SEED = 0


@pytest.fixture(scope="module", params=["blobs", "unbalanced", "pbmc68k", "kang"])
def cells(request, simulate):
    """Blobs with a batch effect; unbalanced, one type in one batch only; PCA of two sets of real cells."""
    if request.param == "blobs":
        return simulate(0, labels=np.repeat(["B", "NK", "T"], 120), batches=np.tile(["one", "two", "three"], 120))
    if request.param == "unbalanced":
        rng = np.random.default_rng(1)
        labels = np.repeat(["B", "NK", "T", "pDC", "Mk"], [200, 60, 60, 12, 4])
        batches = rng.choice(["one", "two", "three"], len(labels), p=[0.7, 0.2, 0.1])
        batches[labels == "NK"] = "one"
        return simulate(1, labels, batches, n_latent=5, separation=1.2)
    if request.param == "pbmc68k":
        return _pbmc68k_cells()
    return _kang_cells(request.getfixturevalue("kang_path"))


def _pbmc68k_cells():
    import scanpy

    data = scanpy.datasets.pbmc68k_reduced()
    data = _of_three_types(data, "bulk_labels", {"Dendritic": 136, "CD14+ Monocyte": 129, "CD19+ B": 95})
    components = data.obsm["X_pca"]
    labels, phases = data.obs["bulk_labels"].to_numpy(str), data.obs["phase"].to_numpy(str)
    # These cells are one batch: the phases of the cell cycle stand in for batches, half of whose effect is taken out.
    z = components[:, :8].copy()
    for phase in np.unique(phases):
        z[phases == phase] -= z[phases == phase].mean(axis=0) / 2
    return SimpleNamespace(arguments=(z, labels, phases, components[:, :8]))


def _kang_cells(path):
    import anndata

    data = _of_three_types(anndata.read_h5ad(path), "cell_type", dict.fromkeys(("CD14 Mono", "B", "CD8 T"), 120))
    expression = log_normalise(data.X)
    most_expressed = np.argsort(-np.asarray(expression.sum(axis=0)).ravel())[:500]
    components, _ = pca(expression[:, most_expressed], 20, seed=0)
    labels, condition = data.obs["cell_type"].to_numpy(str), data.obs["condition"].to_numpy(str)
    # The first components hold most of the response to stimulation, so dropping them stands in for an integration.
    return SimpleNamespace(arguments=(components[:, 2:10], labels, condition, components))


def _of_three_types(data, label_key, n_cells):
    """So many cells of each type: together as many as the blobs have, since JAX compiles anew for every shape."""
    rng = np.random.default_rng(0)
    per_type = [
        rng.choice(np.flatnonzero(data.obs[label_key] == name), n, replace=False) for name, n in n_cells.items()
    ]
    return data[np.concatenate(per_type)]


@pytest.fixture(scope="module")
def ours(cells):
    return integration_table.integration_scores(*cells.arguments, seed=SEED).to_dict()


@pytest.fixture(scope="module")
def theirs(cells):
    import scib_metrics

    z, labels, batches, unintegrated = cells.arguments
    z = np.asarray(z, dtype=np.float32)
    codes = np.unique(labels, return_inverse=True)[1]
    clusters = integration_table.kmeans_clusters(np.asarray(z, dtype=np.float64), codes.max() + 1, SEED)
    nmi, ari = _scib_agreement(z, labels, clusters)
    return {
        "isolated_labels": scib_metrics.isolated_labels(z, labels, batches),
        "kmeans_nmi": nmi,
        "kmeans_ari": ari,
        "silhouette_label": scib_metrics.silhouette_label(z, labels),
        "clisi": scib_metrics.clisi_knn(_results(z, 90), labels),
        "silhouette_batch": scib_metrics.silhouette_batch(z, labels, batches),
        "ilisi": scib_metrics.ilisi_knn(_results(z, 90), batches),
        "kbet": _scib_kbet(z, labels, batches),
        "graph_connectivity": scib_metrics.graph_connectivity(_results(z, 15), labels),
        "pcr_comparison": scib_metrics.pcr_comparison(unintegrated, z, batches, categorical=True),
        "bras": scib_metrics.bras(z, labels, batches),
    }


def _scib_agreement(z, labels, clusters):
    """scib-metrics' NMI and ARI with the clusters replaced by the given ones."""
    from scib_metrics.metrics import _nmi_ari

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_nmi_ari, "_compute_clustering_kmeans", lambda *_: clusters)
        return _nmi_ari.nmi_ari_cluster_labels_kmeans(z, labels).values()


def _scib_kbet(z, labels, batches):
    """scib-metrics' kBET with exact neighbours: pynndescent finds the same here, after 20 seconds of compiling."""
    import scib_metrics.nearest_neighbors

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scib_metrics.nearest_neighbors, "pynndescent", lambda x, n_neighbors: _results(x, n_neighbors))
        return scib_metrics.kbet_per_label(_results(z, 50), batches, labels)


def _results(z, k):
    from scib_metrics.nearest_neighbors import NeighborsResults

    neighbours = nearest(z, k)
    return NeighborsResults(indices=neighbours.indices, distances=neighbours.distances)


@pytest.mark.parametrize("column", [metric.key for metric in METRICS])
def test_a_column_equals_scib_metrics(ours, theirs, column):
    assert ours[column] == pytest.approx(float(theirs[column]), abs=1e-3)


def test_the_fuzzy_graph_equals_umap_learns(cells):
    z = np.asarray(cells.arguments[0])
    expected = _results(z, 50).knn_graph_connectivities
    assert abs(fuzzy_graph(nearest(z, 50)) - expected).max() < 1e-4
