"""Parts that a later version of AnnData wrote: passed over where nobody asked for them."""

from warnings import catch_warnings

import awkward
import pytest

from tests.support.odd_files import DONORS, N_CELLS, OddFiles, column, edited, few_cells, marked

FILES = OddFiles()
LATER = "is stored as 'of-a-later-version', which this version cannot read"


@FILES.loads(f"obs/visit {LATER}")
def a_column_nobody_needs_is_of_a_later_version(path):
    with edited(path) as file:
        marked(column(file, "visit", DONORS), "of-a-later-version")


@FILES.refused(f"obs/cell_type in .* {LATER}")
def the_label_is_of_a_later_version(path):
    with edited(path) as file:
        marked(file["obs/cell_type"], "of-a-later-version")


@FILES.refused(f"obs/donor in .* {LATER}")
def the_batch_is_of_a_later_version(path):
    with edited(path) as file:
        marked(file["obs/donor"], "of-a-later-version")


@FILES.refused("obs/cell_type in .* stored as 'categorical' in version '9.0.0', which is later")
def the_label_is_in_a_later_version_of_an_encoding(path):
    with edited(path) as file:
        file["obs/cell_type"].attrs["encoding-version"] = "9.0.0"


@FILES.refused(f"obs/cell_type in .* {LATER}")
def the_names_of_categories_are_of_a_later_version(path):
    with edited(path) as file:
        marked(file["obs/cell_type/categories"], "of-a-later-version")


@FILES.loads(f"^Passed over: var/symbol {LATER}")
def a_column_of_genes_is_of_a_later_version(path):
    with edited(path) as file:
        marked(column(file, "symbol", ["a"] * 6, "var"), "of-a-later-version")


@FILES.loads()
def everything_beside_tables_and_matrices_is_of_a_later_version(path):
    with edited(path) as file:
        for place in ("uns", "obsm", "varm", "obsp"):
            marked(file[place].create_group("later"), "of-a-later-version")


@FILES.loads()
def receptor_sequences_stand_beside_the_cells(path):
    adata = few_cells()
    with catch_warnings(action="ignore"):  # AnnData calls them experimental
        adata.obsm["airr"] = awkward.Array([[{"locus": "TRA"}] * (i % 3) for i in range(N_CELLS)])
        adata.write_h5ad(path)


@FILES.refused(f"obs in it has an index .* that {LATER}")
def the_index_is_of_a_later_version(path):
    with edited(path) as file:
        marked(file["obs/_index"], "of-a-later-version")


@FILES.loads("Passed over: layers/spliced " + LATER)
def a_layer_nobody_needs_is_of_a_later_version(path):
    with edited(path) as file:
        marked(file["layers"].create_group("spliced"), "of-a-later-version")


@FILES.refused(f"layers/spliced in .* {LATER}", counts="layers/spliced")
def the_chosen_layer_is_of_a_later_version(path):
    with edited(path) as file:
        marked(file["layers"].create_group("spliced"), "of-a-later-version")


@FILES.loads(f"Passed over: X {LATER}", source="raw")
def the_matrix_is_of_a_later_version_and_raw_is_not(path):
    adata = few_cells()
    adata.raw = adata.copy()
    with edited(path, adata) as file:
        marked(file["X"], "of-a-later-version")


@FILES.refused(f"X in .* {LATER}")
def the_only_matrix_is_of_a_later_version(path):
    with edited(path) as file:
        marked(file["X"], "of-a-later-version")


@pytest.mark.parametrize("odd", FILES, ids=str)
def test_what_a_later_version_wrote_is_passed_over_or_named(odd, tmp_path):
    odd.check(tmp_path)
