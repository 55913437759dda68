"""Highly variable genes: how many, which way, and the same every time."""

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from semafo import keys
from semafo.data.genes import select_hvgs
from semafo.data.load import load
from semafo.errors import DataError
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


def in_batches(sizes, n_equal=0):
    """Cells of batches of these sizes, of which the last `n_equal` are the same."""
    counts = np.random.default_rng(1).poisson(2.0, (sum(sizes), 80)).astype(np.float32)
    counts[len(counts) - n_equal :] = counts[-1]
    found = ad.AnnData(sparse.csr_matrix(counts))
    found.obs["batch"] = [f"b{i}" for i, n in enumerate(sizes) for _ in range(n)]
    return found


def test_a_batch_of_one_cell_has_no_say():
    cells = in_batches([60, 50, 1])
    mask, note = select_hvgs(cells, 20, "batch")
    assert mask.sum() == 20
    assert "by batch (without the 1 in which fewer than 4 genes vary)" in note
    assert (mask == select_hvgs(cells[:110].copy(), 20, "batch")[0]).all()


def test_batches_of_one_cell_each_are_taken_together():
    mask, note = select_hvgs(in_batches([60, *[1] * 30]), 20, "batch")
    assert mask.sum() == 20
    assert "by batch (the 30 in which fewer than 4 genes vary as one)" in note


def test_a_batch_of_equal_cells_is_no_larger_than_one_cell():
    assert "without the 1 " in select_hvgs(in_batches([60, 50, 5], n_equal=5), 20, "batch")[1]


def test_batches_of_two_cells_are_chosen_by_as_ever():
    assert "fewer than" not in select_hvgs(in_batches([60, 50, 2]), 20, "batch")[1]


def test_nothing_but_small_batches_gives_genes_all_the_same():
    assert "over all cells (the 40 in which" in select_hvgs(in_batches([1] * 40), 20, "batch")[1]


@pytest.mark.filterwarnings("ignore:.*number of normalized dispersions", "ignore:invalid value encountered in log")
def test_equal_cells_are_refused_in_words():
    with pytest.raises(DataError, match=r"No genes can be chosen.*fewer than 4 genes vary"):
        select_hvgs(in_batches([6, 4], n_equal=10), 20, "batch")
