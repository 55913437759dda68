"""Columns that are neither text nor numbers, names of cells of any type, and what does not fit together."""

import h5py
import numpy as np
import pytest

from tests.support.odd_files import DONORS, N_CELLS, OddFiles, column, edited, marked, put

FILES = OddFiles()


def an_array_of_two_columns(file):
    return np.zeros((N_CELLS, 2)), {}


def records(file):
    return np.zeros(N_CELLS, dtype=[("a", "i4"), ("b", "f8")]), {}


def days(file):
    return np.zeros(N_CELLS, dtype="M8[s]").astype(h5py.opaque_dtype("M8[s]")), {}


def complex_numbers(file):
    return np.zeros(N_CELLS, dtype="c16"), {}


def references(file):
    return np.full(N_CELLS, file["X"].ref, dtype=h5py.ref_dtype), {"dtype": h5py.ref_dtype}


def lists(file):
    values = np.empty(N_CELLS, dtype=object)
    values[:] = [np.arange(i % 3) for i in range(N_CELLS)]
    return values, {"dtype": h5py.vlen_dtype("i4")}


def nothing(file):
    return h5py.Empty("f8"), {}


ODD_COLUMNS = (an_array_of_two_columns, records, days, complex_numbers, references, lists, nothing)


def add_odd(path, make, name):
    with edited(path) as file:
        values, how = make(file)
        if name in file["obs"]:
            del file["obs"][name]
        file["obs"].create_dataset(name, data=values, **how)
        order = [*file["obs"].attrs["column-order"], name]
        file["obs"].attrs["column-order"] = np.array(order, dtype=h5py.string_dtype())


for make_odd in ODD_COLUMNS:

    def nobody_needs(path, make=make_odd):
        add_odd(path, make, "odd")

    def is_label(path, make=make_odd):
        add_odd(path, make, "cell_type")

    nobody_needs.__name__ = f"a_column_nobody_needs_holds_{make_odd.__name__}"
    is_label.__name__ = f"the_label_holds_{make_odd.__name__}"
    FILES.loads("obs/odd (holds .* rather than text or numbers|is not one value a row)")(nobody_needs)
    FILES.refused("obs/cell_type in .* (holds .* rather than text or numbers|is not one value a row)")(is_label)


@FILES.loads()
def names_of_cells_are_whole_numbers(path):
    with edited(path) as file:
        put(file["obs"], "_index", np.arange(N_CELLS), "array")


@FILES.loads()
def a_name_of_a_cell_is_no_number(path):
    with edited(path) as file:
        put(file["obs"], "_index", [np.nan, *range(1, N_CELLS)], "array")


@FILES.loads("Made unique .* 1 cell name")
def two_names_of_cells_are_equal(path):
    with edited(path) as file:
        put(file["obs"], "_index", ["cell0", *(f"cell{i}" for i in range(N_CELLS - 1))], "string-array")


@FILES.loads()
def names_of_cells_are_categories(path):
    with edited(path) as file:
        del file["obs/_index"]
        group = marked(file["obs"].create_group("_index"), "categorical", "0.2.0")
        group.attrs["ordered"] = False
        put(group, "categories", [f"cell{i}" for i in range(N_CELLS)], "string-array")
        put(group, "codes", np.arange(N_CELLS), "array")


@FILES.refused("has an index .* that holds text that is not UTF-8")
def names_of_cells_are_in_latin_1(path):
    with edited(path) as file:
        put(file["obs"], "_index", np.array([f"é{i}".encode("latin-1") for i in range(N_CELLS)]))


@FILES.refused("has 23 values in 'donor' for 24 rows")
def a_column_is_shorter_than_the_others(path):
    with edited(path) as file:
        column(file, "donor", DONORS[1:])


@FILES.refused("damaged or incomplete.*a category of number 5 where there are 2")
def a_code_has_no_category(path):
    with edited(path) as file:
        put(file["obs/cell_type"], "codes", [5] * N_CELLS, "array")


@pytest.mark.parametrize("odd", FILES, ids=str)
def test_an_odd_value_is_read_or_named(odd, tmp_path):
    odd.check(tmp_path)
