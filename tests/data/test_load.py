"""Loading: counts, names, labels and batches are ready to use."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from semafo import keys
from semafo.data.load import load
from semafo.data.reading.preflight import preflight
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec


def spec_of(path, **others):
    return DatasetSpec(path, **{"label_key": "cell_type", "batch_key": "donor", **others})


@pytest.fixture(scope="module")
def pbmc():
    return load(DatasetSpec("pbmc68k"))


def test_pbmc68k_has_whole_counts_from_one_up(pbmc):
    assert pbmc.shape == (700, 765)
    assert (pbmc.X.data == np.rint(pbmc.X.data)).all()
    assert (np.minimum.reduceat(pbmc.X.data, pbmc.X.indptr[:-1]) == 1).all()


def test_pbmc68k_gives_back_the_values_it_came_from(pbmc):
    import scanpy as sc

    with warnings.catch_warnings(action="ignore"):
        packaged = sc.datasets.pbmc68k_reduced().raw.X.tocsr()
    scale = 1e4 / pbmc.obs["n_counts"].to_numpy()
    again = pbmc.X.multiply(scale[:, None]).tocsr().log1p()
    assert abs(again - packaged).max() < 0.01


def test_pbmc68k_has_ten_types_and_one_batch(pbmc):
    assert pbmc.obs[keys.TRUE].nunique() == 10
    assert (pbmc.obs[keys.TRUE].astype(str) == pbmc.obs["bulk_labels"].astype(str)).all()
    assert pbmc.obs[keys.BATCH_COLUMN].nunique() == 1


def test_pbmc68k_is_read_without_scanpy():
    program = (
        "import sys; from semafo.data.load import load; from semafo.settings.run_config import DatasetSpec; "
        "load(DatasetSpec()); print([m for m in ('scanpy', 'torch') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float64, np.int32])
def test_counts_of_any_kind_become_sparse_float32(cells, save, kind, dtype):
    expected = cells.X.toarray()
    cells.X = kind(expected.astype(dtype))
    adata = load(spec_of(save(cells)))
    assert adata.X.format == "csr"
    assert adata.X.dtype == np.float32
    assert (adata.X.toarray() == expected).all()
    assert adata.X.has_canonical_format
    assert adata.X.data.min() >= 1


def counts_source(path, counts="auto"):
    adata, report = preflight(spec_of(path, counts=counts))
    return report.counts_source, adata, report.warnings


def test_a_layer_named_counts_comes_first(cells, save):
    cells.layers["counts"] = cells.X * 2
    source, adata, _ = counts_source(save(cells))
    assert source == "layers/counts"
    assert adata.X.sum() == 2 * cells.X.sum()


def test_raw_is_used_with_its_own_genes_where_x_is_normalised(cells, save):
    cells.raw = cells
    cells.X = cells.X.log1p()
    source, adata, _ = counts_source(save(cells[:, :10].copy()))
    assert source == "raw"
    assert adata.n_vars == 30


def test_a_layer_named_counts_that_holds_none_is_passed_over_with_a_warning(cells, save):
    cells.layers["counts"] = cells.X.log1p()
    source, _, found = counts_source(save(cells))
    assert source == "X"
    assert any("counts were taken from X instead" in warning for warning in found)


def test_a_fraction_far_into_the_matrix_is_found(save):
    values = np.ones((400, 100), dtype=np.float32)
    values[-1, -1] = 1.5
    obs = pd.DataFrame({"cell_type": ["a", "b"] * 200, "donor": ["c", "d"] * 200}, index=[f"c{i}" for i in range(400)])
    _, _, (said, *_) = counts_source(save(ad.AnnData(values, obs=obs)))
    assert "decimals (less than 1 % of them, such as 1.5)" in said


def test_chosen_counts_are_taken(cells, save):
    cells.layers["mine"] = cells.X * 3
    source, adata, found = counts_source(save(cells), counts="layers/mine")
    assert (source, found) == ("layers/mine", ())
    assert adata.X.sum() == 3 * cells.X.sum()


def test_chosen_counts_that_are_not_there_are_refused(cells, save):
    with pytest.raises(DataError, match=r"no 'layers/mine' to take counts from\. It has: X"):
        load(spec_of(save(cells), counts="layers/mine"))


def test_chosen_counts_that_are_none_are_refused(cells, save):
    cells.layers["logged"] = cells.X.log1p()
    with pytest.raises(DataError, match="layers/logged is log-transformed"):
        load(spec_of(save(cells), counts="layers/logged"))


def test_labels_and_batches_are_text_beside_the_original_columns(cells, save):
    adata = load(spec_of(save(cells)))
    assert list(adata.obs.columns) == ["cell_type", "donor", "score", keys.TRUE, keys.BATCH_COLUMN]
    for column, original in ((keys.TRUE, "cell_type"), (keys.BATCH_COLUMN, "donor")):
        assert isinstance(adata.obs[column].dtype, pd.CategoricalDtype)
        assert adata.obs[column].astype(str).tolist() == cells.obs[original].astype(str).tolist()


def test_a_column_of_the_data_with_a_taken_name_is_kept(cells, save):
    cells.obs["batch"] = pd.Categorical(["x", "y", "z"] * 20)
    adata = load(spec_of(save(cells)))
    assert adata.obs["batch_in_file"].tolist() == ["x", "y", "z"] * 20
    assert adata.obs[keys.BATCH_COLUMN].tolist() == cells.obs["donor"].tolist()


def test_simulated_truth_survives_loading():
    adata = load(DatasetSpec("simulated:cells=200,genes=60"))
    assert {"activation", "cycle_phase"} <= set(adata.obs)
    assert "activation_loading" in adata.var


def test_the_kang_cells_load(kang_path):
    adata = load(spec_of(str(kang_path)))
    assert adata.shape == (2699, 12007)
    assert adata.obs[keys.TRUE].nunique() == 13
    assert adata.obs[keys.BATCH_COLUMN].nunique() == 8
