"""The table of columns and their averages."""

import subprocess
import sys

import pytest

from semafo.evaluation.integration.columns import BATCH, BIO, METRICS, aggregate

# Lung atlas, the paper's Figure 4 and Table 6 (total with equal weights).
SCANVI = {
    "isolated_labels": 0.71,
    "kmeans_nmi": 0.77,
    "kmeans_ari": 0.66,
    "silhouette_label": 0.62,
    "clisi": 1.00,
    "silhouette_batch": 0.89,
    "ilisi": 0.09,
    "kbet": 0.34,
    "graph_connectivity": 0.94,
    "pcr_comparison": 0.72,
    "bras": 0.5,
}


def test_the_papers_averages_come_out_of_its_columns():
    means = aggregate(SCANVI)
    assert means["batch"] == pytest.approx(0.59, abs=0.01)
    assert means["bio"] == pytest.approx(0.75, abs=0.01)
    assert means["total"] == pytest.approx(0.67, abs=0.01)


def test_bras_is_shown_but_not_averaged():
    assert aggregate({**SCANVI, "bras": 0.0}) == aggregate({**SCANVI, "bras": 1.0})


def test_the_weight_of_biology_can_be_chosen():
    means = aggregate(SCANVI, bio_weight=0.6)
    assert means["total"] == pytest.approx(0.6 * means["bio"] + 0.4 * means["batch"])


def test_undefined_columns_are_left_out_of_the_mean():
    without = {**SCANVI, "kbet": None}
    assert aggregate(without)["batch"] == pytest.approx((0.89 + 0.09 + 0.94 + 0.72) / 4)


def test_with_one_group_undefined_the_total_is_the_other():
    only_bio = {metric.key: (0.5 if metric.group == BIO else None) for metric in METRICS}
    assert aggregate(only_bio) == {BIO: 0.5, BATCH: None, "total": 0.5}
    assert aggregate({}) == {BIO: None, BATCH: None, "total": None}


def test_five_columns_of_each_group_are_averaged():
    for group in (BIO, BATCH):
        assert sum(metric.averaged for metric in METRICS if metric.group == group) == 5


def test_the_words_can_be_read_without_loading_numerical_libraries():
    heavy = "{'numpy', 'scipy', 'sklearn', 'pandas', 'umap', 'jax', 'torch'}"
    code = f"import sys, semafo.evaluation.integration.columns; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
