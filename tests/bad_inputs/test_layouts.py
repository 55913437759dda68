"""Layouts that converters and other versions of AnnData write."""

import h5py
import numpy as np
import pandas as pd
import pytest

from tests.support.odd_files import COUNTS, DONORS, GENES, LABELS, OddFiles, column, edited, few_cells, put, unmark

FILES = OddFiles()
TEXT = h5py.string_dtype()


def categories_apart(file, table, name, smallest=None):
    """Codes in the column's place, names beside it, as AnnData 0.7 and converters from R have them."""
    codes, names = file[table][name]["codes"][()].astype("i4"), file[table][name]["categories"].asstr()[()]
    if smallest is not None:
        codes[smallest] = np.iinfo("i4").min  # how R writes that there is no value
    put(file[table], name, codes)
    put(file[table].require_group("__categories"), name, names)


def without_feature_metadata(table):
    """Names alone: no column, no mark."""
    for name in ("column-order", "encoding-type", "encoding-version"):
        table.attrs.pop(name, None)


@FILES.loads()
def category_names_lie_apart_from_their_codes(path):
    with edited(path) as file:
        for name in ("cell_type", "donor"):
            categories_apart(file, "obs", name)
        file["obs"].attrs["encoding-version"] = "0.1.0"


@FILES.loads("1 of 24 cells have no label", labels=[LABELS[0], None, *LABELS[2:]])
def a_missing_factor_of_r_is_the_smallest_integer(path):
    with edited(path) as file:
        categories_apart(file, "obs", "cell_type", smallest=1)


@FILES.loads("no genes: 1 feature", genes=GENES[:5], counts=COUNTS[:, :5])
def category_names_of_var_lie_apart_from_their_codes(path):
    adata = few_cells()
    adata.var["feature_types"] = pd.Categorical(["Gene Expression"] * 5 + ["Antibody Capture"])
    with edited(path, adata) as file:
        categories_apart(file, "var", "feature_types")


@FILES.loads(source="raw")
def a_converted_file_has_counts_in_raw_and_no_mark_in_var(path):
    adata = few_cells()
    adata.raw = adata.copy()
    adata.X = adata.X.log1p()
    with edited(path, adata) as file:
        for name in ("cell_type", "donor"):
            categories_apart(file, "obs", name)
        unmark(file, "/", "obs")
        for name in ("var", "raw/var"):
            without_feature_metadata(file[name])
        for name in ("layers", "obsm", "obsp", "varm", "varp", "uns"):
            del file[name]


@FILES.loads()
def the_only_column_of_var_is_named_by_one_text_instead_of_a_list(path):
    with edited(path) as file:
        put(file["var"], "features", GENES)
        unmark(file, "var")
        file["var"].attrs["column-order"] = "features"


@FILES.loads()
def obs_has_no_marks_and_no_order_of_columns(path):
    with edited(path) as file:
        without_feature_metadata(file["obs"])


@FILES.loads()
def obs_and_var_do_not_say_which_column_is_their_index(path):
    with edited(path) as file:
        del file["obs"].attrs["_index"], file["var"].attrs["_index"]


@FILES.loads()
def the_index_stands_in_the_order_of_columns_too(path):
    with edited(path) as file:
        file["obs"].move("_index", "barcode")
        file["obs"].attrs["_index"] = "barcode"
        file["obs"].attrs["column-order"] = np.array(["barcode", "cell_type", "donor"], dtype=TEXT)


@FILES.loads()
def a_column_called_index_stands_beside_the_index_of_obs_and_var(path):
    with edited(path) as file:
        for table in ("obs", "var"):
            file.copy(file[table]["_index"], file[table], "names")
            file[table].attrs["_index"] = "names"
            column(file, "_index", file[table]["names"].asstr()[()], table)


@FILES.loads(source="raw")
def a_column_called_index_stands_beside_the_index_of_raw(path):
    adata = few_cells()
    adata.raw = adata.copy()
    adata.X = adata.X.log1p()
    with edited(path, adata) as file:
        file.copy(file["raw/var/_index"], file["raw/var"], "names")
        file["raw/var"].attrs["_index"] = "names"
        column(file, "_index", GENES, "raw/var")


@FILES.loads()
def the_order_of_columns_repeats_one(path):
    with edited(path) as file:
        file["obs"].attrs["column-order"] = np.array(["cell_type", "donor", "donor"], dtype=TEXT)


@FILES.loads("obs/visit is named in the file and not in it")
def the_order_names_a_column_that_is_not_there(path):
    with edited(path) as file:
        file["obs"].attrs["column-order"] = np.array(["cell_type", "donor", "visit"], dtype=TEXT)


@FILES.refused("obs/cell_type in .* is named in the file and not in it")
def the_label_is_named_and_not_there(path):
    with edited(path) as file:
        del file["obs/cell_type"]


@FILES.loads()
def the_sparse_matrix_has_no_shape(path):
    with edited(path) as file:
        del file["X"].attrs["shape"]


@FILES.loads()
def the_sparse_matrix_has_the_marks_of_before_0_7(path):
    with edited(path) as file:
        shape = file["X"].attrs["shape"]
        for name in list(file["X"].attrs):
            del file["X"].attrs[name]
        file["X"].attrs.update({"h5sparse_format": "csr", "h5sparse_shape": shape})


@FILES.loads()
def tables_are_records_as_before_0_7(path):
    rows = list(zip((f"cell{i}" for i in range(24)), (LABEL.encode() for LABEL in LABELS), DONORS, strict=True))
    with edited(path) as file:
        dtype = [("index", "S8"), ("cell_type", "S8"), ("donor", "S8")]
        put(file, "obs", np.array(rows, dtype=dtype))
        put(file, "var", np.array([(name,) for name in GENES], dtype=[("index", "S8")]))
        unmark(file, "/")


@FILES.loads(labels=["γδ T" if label == "T cell" else label for label in LABELS])
def text_of_r_is_marked_as_ascii_and_is_not(path):
    with edited(path) as file:
        values = np.array(["γδ T".encode() if label == "T cell" else label.encode() for label in LABELS], dtype=object)
        column(file, "cell_type", values, dtype=h5py.string_dtype("ascii"))


@FILES.loads()
def a_user_block_comes_before_the_data(path):
    few_cells().write_h5ad(path.with_name("plain.h5ad"))
    with h5py.File(path.with_name("plain.h5ad")) as plain, h5py.File(path, "w", userblock_size=1024) as file:
        for name in plain:
            plain.copy(name, file)


@FILES.refused(r"obs in it has no index \('barcode'\)")
def the_index_is_not_there(path):
    with edited(path) as file:
        file["obs"].attrs["_index"] = "barcode"


@FILES.refused("obs in it is no table")
def obs_is_no_table(path):
    with edited(path) as file:
        file["obs"].attrs["encoding-type"] = "dict"


@FILES.refused("var in it is no table")
def var_is_one_array(path):
    with edited(path) as file:
        put(file, "var", np.arange(6))


@pytest.mark.parametrize("odd", FILES, ids=str)
def test_a_layout_is_read_or_refused_in_its_own_words(odd, tmp_path):
    odd.check(tmp_path)
