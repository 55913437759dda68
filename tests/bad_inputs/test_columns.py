"""Columns of text and numbers, of every type that pandas and R have for them."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from tests.support.odd_files import DONORS, LABELS, N_CELLS, OddFiles, column, edited, few_cells, put

FILES = OddFiles()
HALVES = [0.1 if label == "T cell" else 2.0 for label in LABELS]
AS_TEXT = ["0.1" if label == "T cell" else "2" for label in LABELS]
NUMBERS = "number"


def with_nullable_text(path, adata):
    with ad.settings.override(allow_write_nullable_strings=True):
        adata.write_h5ad(path)


def with_labels(path, labels):
    adata = few_cells()
    adata.obs["cell_type"] = labels
    adata.write_h5ad(path)


@FILES.loads()
def labels_are_of_the_text_type_of_pandas(path):
    adata = few_cells()
    adata.obs["cell_type"] = pd.array(LABELS, dtype="string")
    with_nullable_text(path, adata)


@FILES.loads("1 of 24 cells have no label", labels=[LABELS[0], None, *LABELS[2:]])
def a_label_of_the_text_type_of_pandas_is_missing(path):
    adata = few_cells()
    adata.obs["cell_type"] = pd.array([LABELS[0], pd.NA, *LABELS[2:]], dtype="string")
    with_nullable_text(path, adata)


@FILES.loads()
def names_of_cells_are_of_the_text_type_of_pandas(path):
    adata = few_cells()
    adata.obs_names = pd.Index(pd.array(adata.obs_names, dtype="string"))
    with_nullable_text(path, adata)


@FILES.loads()
def labels_are_bytes_of_fixed_length(path):
    with edited(path) as file:
        column(file, "cell_type", np.array(LABELS, dtype="S8"))


@FILES.loads("obs/place holds text that is not UTF-8")
def a_column_is_text_in_latin_1(path):
    with edited(path) as file:
        column(file, "place", np.array(["Zürich".encode("latin-1")] * N_CELLS, dtype="S8"))


@FILES.refused("obs/cell_type in .* holds text that is not UTF-8")
def the_label_is_text_in_latin_1(path):
    with edited(path) as file:
        column(file, "cell_type", np.array([label.replace(" ", "\xe4").encode("latin-1") for label in LABELS]))


@FILES.loads()
def equal_names_are_several_categories(path):
    with edited(path) as file:
        put(file["obs/cell_type"], "categories", ["B cell", "T cell", "B cell"], "string-array")
        put(file["obs/cell_type"], "codes", [[1, 0, 2][i % 3] for i in range(N_CELLS)], "array")


@FILES.loads(NUMBERS, labels=AS_TEXT)
def names_of_categories_are_numbers_of_32_bits(path):
    with_labels(path, pd.Categorical(np.array(HALVES, dtype="f4")))


@FILES.loads(NUMBERS, labels=AS_TEXT)
def names_of_categories_are_numbers_of_64_bits(path):
    with_labels(path, pd.Categorical(np.array(HALVES)))


@FILES.loads(NUMBERS, labels=AS_TEXT)
def labels_are_numbers_of_32_bits(path):
    with_labels(path, np.array(HALVES, dtype="f4"))


@FILES.loads(NUMBERS, labels=["7" if label == "T cell" else "12" for label in LABELS])
def names_of_categories_are_whole_numbers(path):
    with_labels(path, pd.Categorical([7 if label == "T cell" else 12 for label in LABELS]))


@FILES.loads(".*", labels=[str(label == "T cell") for label in LABELS])
def names_of_categories_are_truth_values(path):
    with_labels(path, pd.Categorical(np.array(LABELS) == "T cell"))


@FILES.loads(NUMBERS, "8 of 24 cells have no label", labels=[None, "2", "3"] * 8)
def a_name_of_a_category_is_no_number(path):
    with edited(path) as file:
        put(file["obs/cell_type"], "categories", [2.0, np.nan, 3.0], "array")
        put(file["obs/cell_type"], "codes", [[1, 0, 2][i % 3] for i in range(N_CELLS)], "array")


@FILES.loads("12 of 24 cells have no 'donor'", donors=["3" if donor == "d2" else "missing" for donor in DONORS])
def batches_are_whole_numbers_of_which_some_are_missing(path):
    adata = few_cells()
    adata.obs["donor"] = pd.array([3 if donor == "d2" else None for donor in DONORS], dtype="Int64")
    adata.write_h5ad(path)


@FILES.loads(donors=[str(donor == "d2") for donor in DONORS])
def batches_are_truth_values_that_may_be_missing(path):
    adata = few_cells()
    adata.obs["donor"] = pd.array(np.array(DONORS) == "d2", dtype="boolean")
    adata.write_h5ad(path)


@FILES.loads(donors=[donor[1] for donor in DONORS])
def batches_are_numbers_in_the_other_order_of_bytes(path):
    with edited(path) as file:
        column(file, "donor", np.array([int(donor[1]) for donor in DONORS], dtype=">i4"))


@pytest.mark.parametrize("odd", FILES, ids=str)
def test_a_column_of_text_or_numbers_is_read_by_its_names(odd, tmp_path):
    odd.check(tmp_path)
