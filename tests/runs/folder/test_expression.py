"""Expression of a run's genes, read from its folder, against the same computed densely."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from semafo import keys
from semafo.errors import DataError
from semafo.files import write_json
from semafo.runs.folder import expression
from semafo.runs.folder.expression import Genes, obs_columns
from semafo.runs.folder.run_record import RunRecord

N_CELLS, N_GENES = 300, 40


@pytest.fixture(scope="module")
def dense() -> np.ndarray:
    """(n, G) log-normalised expression; gene 3 is silent, gene 5 is the same in all cells."""
    rng = np.random.default_rng(0)
    values = np.log1p(rng.poisson(0.4, (N_CELLS, N_GENES)) * rng.uniform(5, 20, (N_CELLS, 1))).astype(np.float32)
    values[:, 3], values[:, 5] = 0.0, 1.5
    values[:150, 7] += 2.0
    return values


@pytest.fixture(scope="module")
def record(dense, tmp_path_factory) -> RunRecord:
    folder = tmp_path_factory.mktemp("run")
    by_gene = sparse.csc_array(dense)
    write_json(folder / keys.GENES_FILE, {"genes": [f"G{i}" for i in range(N_GENES)], "n_cells": N_CELLS})
    arrays = (by_gene.indptr.astype(np.int64), by_gene.indices.astype(np.int32), by_gene.data)
    for name, array in zip(keys.EXPRESSION_FILES, arrays, strict=True):
        np.save(folder / name, array)
    return RunRecord(folder)


def test_values_of_a_gene_are_those_of_the_dense_matrix(record, dense):
    found = Genes.of(record)
    assert all((found.values(f"G{i}") == dense[:, i]).all() for i in range(N_GENES))
    assert found.values("G0").dtype == np.float32


def test_expression_stays_on_disk_until_it_is_asked_for(record):
    found = Genes.of(record)
    assert isinstance(found.cells, np.memmap)
    assert isinstance(found.expression, np.memmap)


@pytest.mark.parametrize("block", [4_000_000, 700, 1])
def test_genes_that_tell_two_groups_apart_are_those_of_the_dense_matrix(record, dense, block, monkeypatch):
    monkeypatch.setattr(expression, "_BLOCK", block)
    rng = np.random.default_rng(1)
    first, second = np.arange(N_CELLS) < 100, np.arange(N_CELLS) >= 180
    second &= rng.random(N_CELLS) < 0.5
    found = Genes.of(record).telling_apart(first, second, N_GENES)
    one, two = dense[first].astype(float), dense[second].astype(float)
    n, m = len(one), len(two)
    difference = one.mean(0) - two.mean(0)
    pooled = np.sqrt(((n - 1) * one.var(0, ddof=1) + (m - 1) * two.var(0, ddof=1)) / (n + m - 2))
    d = np.divide(difference, pooled, out=np.zeros_like(pooled), where=pooled > 0)
    expected = pd.DataFrame({"difference": difference, "d": d}, index=[f"G{i}" for i in range(N_GENES)])
    np.testing.assert_allclose(found["difference"], expected["difference"][found["gene"]], atol=1e-6)
    np.testing.assert_allclose(found["d"], expected["d"][found["gene"]], atol=1e-6)
    assert found["gene"][0] == "G7"
    assert (found["d"].abs().diff().dropna() <= 1e-12).all()


def test_groups_that_do_not_vary_but_differ_come_first(record):
    one_cell = np.zeros(N_CELLS, bool)
    one_cell[0] = True
    other = np.zeros(N_CELLS, bool)
    other[1] = True
    found = Genes.of(record).telling_apart(one_cell, other, 3)
    assert np.isinf(found["d"]).all()
    assert found["difference"].abs().is_monotonic_decreasing


def test_an_empty_group_tells_nothing(record):
    nobody = np.zeros(N_CELLS, bool)
    assert Genes.of(record).telling_apart(~nobody, nobody).empty


def test_an_unknown_gene_is_refused_with_what_to_do(record):
    with pytest.raises(DataError, match="40 most variable genes"):
        Genes.of(record).values("NOSUCH")


def test_a_run_from_before_genes_were_kept_has_none(tmp_path):
    assert Genes.of(RunRecord(tmp_path)) is None
    assert obs_columns(RunRecord(tmp_path)) is None
