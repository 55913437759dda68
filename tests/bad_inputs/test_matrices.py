"""Matrices of every type and compression."""

import h5py
import hdf5plugin
import numpy as np
import pytest
from scipy import sparse

from tests.support.odd_files import (
    COUNTS,
    N_CELLS,
    N_GENES,
    OddFiles,
    column,
    edited,
    few_cells,
    marked,
    put,
    put_sparse,
)

FILES = OddFiles()
UNKNOWN_FILTER = 32_099
UNKNOWN = "is compressed by the HDF5 filter 32099, which is not installed here"


def logged():
    adata = few_cells()
    adata.X = adata.X.log1p()
    return adata


def compressed_otherwise(group, name, values):
    """A data set of a filter that nobody has."""
    attributes = dict(group[name].attrs) if name in group else {}
    if name in group:
        del group[name]
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk(values.shape)
    settings.set_filter(UNKNOWN_FILTER, h5py.h5z.FLAG_OPTIONAL, ())
    place, dtype = h5py.h5s.create_simple(values.shape), h5py.h5t.py_create(values.dtype)
    h5py.h5d.create(group.id, name.encode(), dtype, place, settings)
    group[name].attrs.update(attributes)
    group[name].id.write_direct_chunk((0,) * values.ndim, values.tobytes(), 0)


# Layers


@FILES.loads(source="layers/counts/raw", asked={"counts": "layers/counts/raw"})
def a_chosen_layer_has_a_slash_in_its_name(path):
    with edited(path, logged()) as file:
        put(file["layers"], "counts/raw", COUNTS, "array")


@FILES.loads("taken from layers/velocity/unspliced/all", source="layers/velocity/unspliced/all")
def the_only_layer_of_counts_has_slashes_in_its_name(path):
    with edited(path, logged()) as file:
        put_sparse(file["layers"].require_group("velocity/unspliced"), "all", sparse.csc_matrix(COUNTS))


@FILES.refused("has no 'layers/a/c' to take counts from. It has: X, layers/a/b", counts="layers/a/c")
def another_layer_with_a_slash_was_chosen(path):
    with edited(path) as file:
        put(file["layers"], "a/b", COUNTS, "array")


@FILES.loads("Passed over: layers/table is stored as 'dataframe'")
def a_layer_is_a_table(path):
    with edited(path) as file:
        file.copy(file["obs"], file["layers"], "table")


@FILES.loads(source="raw")
def there_is_no_matrix_beside_raw(path):
    adata = few_cells()
    adata.raw = adata.copy()
    del adata.X
    adata.write_h5ad(path)


@FILES.loads(source="raw")
def the_matrix_is_marked_as_none(path):
    adata = few_cells()
    adata.raw = adata.copy()
    with edited(path, adata) as file:
        del file["X"]
        file["X"] = marked(file.create_dataset("none", data=h5py.Empty("f4")), "null")


@FILES.refused("X in .* is no matrix")
def the_matrix_is_a_group_of_something_else(path):
    with edited(path) as file:
        del file["X"]
        file["X/parts"] = COUNTS


@FILES.refused("X is declared with 6 × 24")
def the_matrix_is_turned(path):
    with edited(path) as file:
        put(file, "X", COUNTS.T, "array")


@FILES.refused("X is declared with 24, ")
def the_matrix_is_a_row(path):
    with edited(path) as file:
        put(file, "X", COUNTS[:, 0], "array")


@FILES.refused("X holds object rather than numbers")
def the_matrix_is_text(path):
    with edited(path) as file:
        put(file, "X", COUNTS.astype(int).astype(str), "array")


@FILES.refused("damaged or incomplete")
def the_sparse_matrix_points_outside_itself(path):
    with edited(path) as file:
        file["X/indices"][3] = N_GENES


@FILES.loads()
def the_sparse_matrix_is_not_sorted_and_adds_up(path):
    rows = np.repeat(np.arange(N_CELLS), 2 * N_GENES)
    columns = np.tile(np.r_[np.arange(N_GENES), np.arange(N_GENES)[::-1]], N_CELLS)
    parts = np.concatenate([np.minimum(COUNTS, 1), (COUNTS - np.minimum(COUNTS, 1))[:, ::-1]], axis=1)
    indptr = np.arange(0, len(rows) + 1, 2 * N_GENES)
    with edited(path) as file:
        put_sparse(file, "X", sparse.csr_matrix((parts.ravel(), columns, indptr), shape=COUNTS.shape))


@FILES.loads()
def the_sparse_matrix_has_wide_numbers_of_rows(path):
    matrix = sparse.csr_matrix(COUNTS)
    matrix.indices, matrix.indptr = matrix.indices.astype("i8"), matrix.indptr.astype("u8")
    with edited(path) as file:
        put_sparse(file, "X", matrix)


# Types of numbers


def dense(dtype):
    def make(path):
        with edited(path) as file:
            put(file, "X", COUNTS.astype(dtype), "array")

    return make


def columns_first(dtype):
    def make(path):
        with edited(path) as file:
            matrix = sparse.csc_matrix(COUNTS)
            put_sparse(file, "X", matrix)
            put(file["X"], "data", matrix.data.astype(dtype))

    return make


for kind in (dense, columns_first):
    for dtype in ("f2", ">f4", ">f2", "i1", "u8", "f8"):
        maker = kind(dtype)
        maker.__name__ = f"the_matrix_is_{kind.__name__}_of_{dtype}"
        FILES.loads()(maker)


@FILES.loads("0 and 1 only", counts=COUNTS > 0)
def the_matrix_is_of_truth_values(path):
    with edited(path) as file:
        put(file, "X", COUNTS > 0, "array")


# Compression


def compressed(**how):
    def make(path):
        with edited(path) as file:
            put(file, "X", COUNTS, "array", **how)
            column(file, "donor", file["obs/donor/categories"].asstr()[()][file["obs/donor/codes"][()]], chunks=(24,))

    return make


WAYS = {
    **{name: {"compression": name} for name in ("gzip", "lzf")},
    "zstandard": hdf5plugin.Zstd(),
    "blosc": hdf5plugin.Blosc(),
    "blosc2": hdf5plugin.Blosc2(),
    "lz4": hdf5plugin.LZ4(),
    "bitshuffle": hdf5plugin.Bitshuffle(),
}
for name, how in WAYS.items():
    maker = compressed(**how)
    maker.__name__ = f"the_matrix_is_compressed_by_{name}"
    FILES.loads()(maker)


@FILES.loads(f"Passed over: layers/other {UNKNOWN}")
def a_layer_nobody_needs_is_compressed_by_what_nobody_has(path):
    with edited(path) as file:
        compressed_otherwise(file["layers"], "other", COUNTS)


@FILES.refused(f"X in .* {UNKNOWN}")
def the_matrix_is_compressed_by_what_nobody_has(path):
    with edited(path) as file:
        compressed_otherwise(file["X"], "data", file["X/data"][()])


@FILES.loads(f"Passed over: obs/score {UNKNOWN}")
def a_column_nobody_needs_is_compressed_by_what_nobody_has(path):
    with edited(path) as file:
        compressed_otherwise(file["obs"], "score", np.zeros(N_CELLS))


@FILES.refused(f"obs/cell_type in .* {UNKNOWN}")
def the_label_is_compressed_by_what_nobody_has(path):
    with edited(path) as file:
        compressed_otherwise(file["obs/cell_type"], "codes", file["obs/cell_type/codes"][()])


@FILES.refused(f"has an index .* that {UNKNOWN}")
def names_of_cells_are_compressed_by_what_nobody_has(path):
    with edited(path) as file:
        compressed_otherwise(file["obs"], "_index", np.arange(N_CELLS).astype("S4"))


@pytest.mark.parametrize("odd", FILES, ids=str)
def test_a_matrix_is_read_or_refused_in_its_own_words(odd, tmp_path):
    odd.check(tmp_path)
