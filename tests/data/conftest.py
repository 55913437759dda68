"""Small .h5ad files that a test can bend."""

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

N_CELLS, N_GENES = 60, 30


@pytest.fixture
def cells() -> ad.AnnData:
    """60 cells × 30 genes: 3 types (30, 20, 10 cells), 2 batches, every cell and gene with counts."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.0, (N_CELLS, N_GENES)) + (rng.random((N_CELLS, N_GENES)) < 0.3)
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical(np.repeat(["beta", "alpha", "delta"], [30, 20, 10])),
            "donor": pd.Categorical(np.tile(["d1", "d2"], N_CELLS // 2)),
            "score": rng.random(N_CELLS),
        },
        index=[f"c{i}" for i in range(N_CELLS)],
    )
    var = pd.DataFrame(index=[f"g{i}" for i in range(N_GENES)])
    return ad.AnnData(sparse.csr_matrix(counts.astype(np.float32)), obs=obs, var=var)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[ad.AnnData], str]:
    """Write cells to an .h5ad file and return its path."""

    def write(adata: ad.AnnData, name: str = "cells.h5ad") -> str:
        adata.write_h5ad(tmp_path / name)
        return str(tmp_path / name)

    return write
