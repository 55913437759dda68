"""Exported cells: tables of any content become tables that every AnnData reads."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from semafo.runs.export import h5ad
from semafo.runs.export.storable_tables import storable
from semafo.runs.home import Home
from tests.support import fakes

ODD = {
    "symbol": pd.array(["A", None, "C", "C"], dtype="string"),
    "all different": pd.array(["A", "B", "C", "D"], dtype="string"),
    "levels of strings": pd.Categorical.from_codes([0, 1, 1, -1], pd.Index(["x", "y"], dtype="string")),
    "mixed": [1, "one", None, 2.5],
    "mixed levels": pd.Categorical([1, "1", 1, None]),
    "objects": np.array([1, 2, 3, 4], dtype=object),
    "flags and none": [True, None, False, True],
    "nullable": pd.array([1, None, 3, 4], dtype="Int64"),
    "nullable flags": pd.array([True, None, False, True], dtype="boolean"),
    "nullable numbers": pd.array([0.5, None, 1.5, 2.5], dtype="Float64"),
    "mostly zero": pd.arrays.SparseArray([0, 1, 0, 2]),
    "dates": pd.to_datetime(["2020-01-01", None, "2020-01-03", "2020-01-03"]),
    "lengths": pd.to_timedelta([1, 2, 3, 4], unit="h"),
    "ranges": pd.cut([1.0, 2.0, 3.0, 4.0], 2),
    "complex": np.array([1j, 2, 3, 4]),
    "lists": [[1], [2], [3], [3]],
    "bytes": [b"a", b"b", b"b", None],
    "all missing": [None] * 4,
    "_index": list("abcd"),
    "a/b": [1, 2, 3, 4],
    "a_b": [5, 6, 7, 8],
    7: [1, 2, 3, 4],
}


@pytest.fixture
def odd():
    """A table with a column of every kind; its index has the name of a column, with other values."""
    return pd.DataFrame(ODD, index=pd.Index(list("wxyz"), name="symbol", dtype="string"))


@pytest.fixture
def stored(odd, tmp_path):
    """The table as obs and var, written and read without any setting."""
    table = storable(odd)
    adata = ad.AnnData(np.ones((4, 4), np.float32), obs=table, var=table.copy())
    h5ad.write_h5ad(adata, tmp_path / "odd.h5ad")
    return ad.read_h5ad(tmp_path / "odd.h5ad")


@pytest.mark.parametrize("axis", ["obs", "var"])
def test_a_column_of_any_kind_can_be_written_and_read(stored, axis):
    table = getattr(stored, axis)
    assert list(table.index) == list("wxyz")
    assert len(table.columns) == len(ODD)
    texts = {name: table[name].astype(object).where(table[name].notna(), None).tolist() for name in table}
    assert texts["symbol"] == ["A", None, "C", "C"]
    assert texts["all different"] == ["A", "B", "C", "D"]
    assert texts["levels of strings"] == ["x", "y", "y", None]
    assert texts["mixed"] == ["1", "one", None, "2.5"]
    assert texts["mixed levels"] == ["1", "1", "1", None]
    assert texts["flags and none"] == ["True", None, "False", "True"]
    assert texts["dates"] == ["2020-01-01 00:00:00", None, "2020-01-03 00:00:00", "2020-01-03 00:00:00"]
    assert texts["lists"] == ["[1]", "[2]", "[3]", "[3]"]
    assert texts["bytes"] == ["a", "b", "b", None]


def test_numbers_stay_numbers(stored):
    table = stored.obs
    assert list(table["objects"]) == [1, 2, 3, 4]
    assert list(table["mostly zero"]) == [0, 1, 0, 2]
    for name in ("nullable", "nullable numbers"):
        values = table[name].to_numpy(float)
        assert (np.isnan(values) == [False, True, False, False]).all()
    assert table["nullable numbers"].to_numpy(float)[2] == 1.5


def test_names_that_a_file_keeps_for_itself_are_changed_and_stay_different(stored):
    assert list(stored.obs["_index_"]) == list("abcd")
    assert list(stored.obs["a_b"]) == [1, 2, 3, 4]
    assert list(stored.obs["a_b-1"]) == [5, 6, 7, 8]
    assert "7" in stored.obs


def test_an_exported_run_opens_and_says_which_column_has_another_name(tmp_path, odd, monkeypatch):
    home = Home.at(tmp_path / "home")
    record = fakes.finished(home)
    names = record.cells().index

    def cells(_record):
        table = pd.concat([odd] * (len(names) // 4)).set_axis(names)
        return ad.AnnData(np.ones((len(names), 4), np.float32), obs=table, var=odd.copy()), "counts", ""

    monkeypatch.setattr(h5ad, "_cells", cells)
    adata = h5ad.annotated(home, [record])
    h5ad.write_h5ad(adata, tmp_path / "cells.h5ad")
    found = ad.read_h5ad(tmp_path / "cells.h5ad")
    assert found.var["symbol"].iloc[0] == "A"
    assert "'_index' is called '_index_'" in found.uns["semafo"]["note"]
    assert list(found.obs["predicted_label"]) == list(record.cells()["predicted_label"])
