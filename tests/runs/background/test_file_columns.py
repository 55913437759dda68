"""The columns of a file that lists offer, and which of them are proposed."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from semafo.errors import DataError
from semafo.runs.background import file_columns
from semafo.runs.background.file_columns import BATCH_WORDS, LABEL_WORDS, guess


def column(name, kind="text"):
    return {"name": name, "n_values": 4, "n_missing": 0, "kind": kind}


@pytest.mark.parametrize(
    ("columns", "label", "batch"),
    [
        ([column("subtype"), column("site_name"), column("seurat_clusters", "number")], "subtype", "site_name"),
        ([column("note"), column("seurat_clusters", "number"), column("batch", "number")], "seurat_clusters", "batch"),
        ([column("site_name"), column("batch", "number"), column("donor_cells", "many")], None, "batch"),
        ([column("cell_type_group"), column("cell_type", "number")], "cell_type", None),
        ([column("sample_of_many", "many"), column("clusters", "number")], "clusters", "sample_of_many"),
    ],
)
def test_text_is_proposed_before_numbers_unless_the_name_says_it_all(columns, label, batch):
    assert guess(columns, LABEL_WORDS) == label
    assert guess(columns, BATCH_WORDS, avoid=label) == batch


def test_numbers_and_flags_of_a_file_are_offered(tmp_path):
    row = np.arange(40)
    obs = pd.DataFrame({"leiden": row % 5, "treated": row % 2 == 0, "percent_mt": row / 7}, index=row.astype(str))
    ad.AnnData(np.ones((40, 3), "float32"), obs=obs).write_h5ad(tmp_path / "cells.h5ad")
    found = file_columns.read(str(tmp_path / "cells.h5ad"))["columns"]
    assert [(one["name"], one["n_values"], one["kind"]) for one in found] == [
        ("leiden", 5, "number"),
        ("treated", 2, "number"),
    ]


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "cells.h5ad").write_text("no")
    with pytest.raises(DataError, match=r"no HDF5 file"):
        file_columns.read(str(tmp_path / "cells.h5ad"))
