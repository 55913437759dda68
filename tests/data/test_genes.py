"""Highly variable genes: how many, which way, and the same every time."""

import anndata as ad
import numpy as np
import pytest

from semafo import keys
from semafo.data.genes import select_hvgs
from semafo.data.load import load
from semafo.settings.run_config import DatasetSpec


@pytest.fixture(scope="module")
def simulated():
    return load(DatasetSpec("simulated:cells=800,genes=300,types=4,batches=2"))


def test_as_many_genes_as_asked_for_are_chosen(simulated):
    mask, note = select_hvgs(simulated, 100, keys.BATCH_COLUMN)
    assert mask.dtype == bool
    assert mask.shape == (300,)
    assert mask.sum() == 100
    assert note == "100 of 300 genes, seurat_v3 on counts, by batch"


def test_genes_that_tell_types_apart_are_preferred(simulated):
    mask, _ = select_hvgs(simulated, 100, keys.BATCH_COLUMN)
    strength = simulated.var[[f"{name}_programme" for name in simulated.obs[keys.TRUE].cat.categories]].std(axis=1)
    assert strength[mask].mean() > 1.5 * strength[~mask].mean()


def test_all_genes_are_kept_where_there_are_no_more(simulated):
    mask, note = select_hvgs(simulated, 300)
    assert mask.all()
    assert note == "all 300 genes"


def test_one_batch_is_no_batch(simulated):
    alone = simulated[simulated.obs[keys.BATCH_COLUMN] == "Pancreas inDrop"].copy()
    mask, note = select_hvgs(alone, 50, keys.BATCH_COLUMN)
    assert "over all cells" in note
    assert (mask == select_hvgs(alone, 50)[0]).all()


def test_the_choice_is_the_same_every_time_and_leaves_the_data_alone(simulated):
    before = simulated.X.copy()
    first, second = (select_hvgs(simulated, 100, keys.BATCH_COLUMN)[0] for _ in range(2))
    assert (first == second).all()
    assert (before != simulated.X).nnz == 0
    assert "highly_variable" not in simulated.var


def test_a_wider_span_is_tried_and_recorded(kang_path):
    adata = load(DatasetSpec(str(kang_path), label_key="cell_type", batch_key="donor"))
    mask, note = select_hvgs(adata, 2000, keys.BATCH_COLUMN)
    assert mask.sum() == 2000
    assert "with span 1, by batch; seurat_v3 on counts failed" in note


def test_the_last_resort_is_recorded(simulated, monkeypatch):
    import scanpy as sc

    real = sc.pp.highly_variable_genes

    def broken_fit(adata, *, flavor, **arguments):
        if flavor == "seurat_v3":
            raise ValueError("near singularities")
        return real(adata, flavor=flavor, **arguments)

    monkeypatch.setattr(sc.pp, "highly_variable_genes", broken_fit)
    for batch_key in (None, keys.BATCH_COLUMN):
        mask, note = select_hvgs(simulated, 100, batch_key)
        assert mask.sum() == 100
        assert "seurat on log-normalised values" in note
        assert "near singularities" in note


def test_many_tiny_batches_still_give_genes():
    rng = np.random.default_rng(0)
    tiny = ad.AnnData(rng.poisson(1.0, (40, 80)).astype(np.float32))
    tiny.obs["batch"] = [f"b{i // 4}" for i in range(40)]
    mask, note = select_hvgs(tiny, 20, "batch")
    assert mask.sum() == 20
    assert note
