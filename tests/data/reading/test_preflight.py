"""The preflight: every refusal and every warning, on real files."""

import json
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from semafo import keys
from semafo.data.reading.preflight import columns, preflight
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec


def spec_of(path, label_key="cell_type", batch_key="donor", **others):
    return DatasetSpec(path, label_key=label_key, batch_key=batch_key, **others)


def refusal(spec):
    with pytest.raises(DataError) as caught:
        preflight(spec)
    return str(caught.value)


def warned(report, text):
    return any(text in warning for warning in report.warnings)


def test_good_cells_pass_without_a_warning(cells, save):
    adata, report = preflight(spec_of(save(cells)))
    assert report.warnings == ()
    assert (report.n_cells, report.n_genes, report.counts_source) == (60, 30, "X")
    assert report.composition["alpha"] == {"d1": 10, "d2": 10}
    assert report.expected_seconds > 0
    assert report.expected_bytes > 1e9
    assert adata.shape == (60, 30)


def test_the_report_is_plain(cells, save):
    values = preflight(spec_of(save(cells)))[1].to_dict()
    assert json.loads(json.dumps(values))["composition"]["beta"]["d1"] == 15


def test_a_truncated_file_is_refused(cells, save):
    path = Path(save(cells))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert "damaged or incomplete" in refusal(spec_of(str(path)))
    with pytest.raises(DataError, match="damaged or incomplete"):
        columns(path)


def test_another_hdf5_file_is_refused(tmp_path):
    with h5py.File(tmp_path / "other.h5ad", "w") as file:
        file["matrix"] = np.ones(3)
    message = refusal(spec_of(str(tmp_path / "other.h5ad")))
    assert "matrix in it" in message
    assert "Expected an .h5ad file" in message


def test_a_file_that_is_no_h5ad_is_refused(tmp_path):
    (tmp_path / "table.h5ad").write_text("gene,cell")
    assert "no HDF5 file" in refusal(spec_of(str(tmp_path / "table.h5ad")))


def test_log_normalised_values_alone_are_refused(cells, save):
    cells.X = cells.X.log1p()
    cells.raw = cells
    message = refusal(spec_of(save(cells)))
    assert "has no counts" in message
    assert "X is log-transformed: exp(value) - 1" in message
    assert "raw is log-transformed: exp(value) - 1" in message


@pytest.mark.parametrize(
    ("value", "message"), [(-1.0, "negative values (down to -1)"), (np.nan, "NaN"), (np.inf, "infinite")]
)
@pytest.mark.parametrize("dense", [False, True])
def test_impossible_counts_are_refused(cells, save, value, message, dense):
    values = cells.X.toarray()
    values[40, 7] = value
    cells.X = values if dense else sparse.csr_matrix(values)
    assert message in refusal(spec_of(save(cells)))


def test_zeros_alone_are_refused(cells, save):
    cells.X = sparse.csr_matrix(cells.shape, dtype=np.float32)
    assert "zero everywhere" in refusal(spec_of(save(cells)))


def test_no_matrix_is_refused(cells, save):
    assert "no matrix at all" in refusal(spec_of(save(ad.AnnData(obs=cells.obs, var=cells.var))))


def test_no_cells_are_refused(cells, save):
    assert "has no cells" in refusal(spec_of(save(cells[:0].copy())))


def test_no_genes_are_refused(cells, save):
    assert "60 cells and 0 genes" in refusal(spec_of(save(cells[:, :0].copy())))


def test_one_label_is_refused(cells, save):
    cells.obs["cell_type"] = "beta"
    message = refusal(spec_of(save(cells)))
    assert "holds only the label 'beta'" in message
    assert "donor (2 values)" in message


def test_no_label_at_all_is_refused(cells, save):
    cells.obs["cell_type"] = ""
    assert "every value is missing" in refusal(spec_of(save(cells)))


def test_a_missing_label_column_lists_the_candidates(cells, save):
    message = refusal(spec_of(save(cells), label_key="celltype"))
    assert "no obs column 'celltype' to use as label" in message
    assert "cell_type (3 values), donor (2 values)" in message


def test_a_missing_batch_column_lists_the_candidates(cells, save):
    message = refusal(spec_of(save(cells), batch_key="study"))
    assert "no obs column 'study' to use as batch" in message
    assert "donor (2 values)" in message


def test_no_chosen_label_lists_the_candidates(cells, save):
    message = refusal(spec_of(save(cells), label_key=None))
    assert "No label column was chosen" in message
    assert "cell_type (3 values)" in message


def test_one_column_as_label_and_batch_is_refused(cells, save):
    assert "as label and as batch" in refusal(spec_of(save(cells), batch_key="cell_type"))


def test_a_batch_column_without_values_is_refused(cells, save):
    cells.obs["donor"] = np.nan
    assert "has no value in any cell" in refusal(spec_of(save(cells)))


def test_genes_and_counts_that_do_not_fit_are_refused(cells, save):
    path = save(cells)
    with h5py.File(path, "a") as file:
        del file["X"]
        file["X"] = np.ones((60, 29))
    said = refusal(spec_of(path))
    assert "X is declared with 60 × 29, and obs and var have 60 cells and 30 genes" in said


@pytest.mark.parametrize("batch_key", [None, "only"])
def test_one_batch_is_warned_about(cells, save, batch_key):
    cells.obs["only"] = "lab"
    adata, report = preflight(spec_of(save(cells), batch_key=batch_key))
    assert warned(report, "one batch")
    assert adata.obs[keys.BATCH_COLUMN].nunique() == 1


def test_a_type_with_one_cell_is_warned_about(cells, save):
    cells.obs["cell_type"] = ["lonely", *cells.obs["cell_type"].astype(str)[1:]]
    _, report = preflight(spec_of(save(cells)))
    assert report.rare_types == {"lonely": 1}
    assert warned(report, "lonely: a type with fewer than two cells")


def test_empty_cells_and_genes_are_dropped_and_counted(cells, save):
    values = cells.X.toarray()
    values[:3], values[:, 5] = 0, 0
    cells.X = sparse.csr_matrix(values)
    adata, report = preflight(spec_of(save(cells)))
    assert adata.shape == (57, 29)
    assert (report.n_empty_cells, report.n_empty_genes) == (3, 1)
    assert warned(report, "no count at all: 3 cells")
    assert warned(report, "no count at all: 1 gene.")


@pytest.mark.filterwarnings("ignore:.*names are not unique")
def test_duplicate_names_are_made_unique(cells, save):
    cells.obs_names = ["a", "a", "a-1", *cells.obs_names[3:]]
    cells.var_names = ["g", "g", "g", *cells.var_names[3:]]
    adata, report = preflight(spec_of(save(cells)))
    assert (report.n_duplicate_cell_names, report.n_duplicate_gene_names) == (1, 2)
    assert list(adata.var_names[:3]) == ["g", "g-1", "g-2"]
    assert adata.obs_names.is_unique
    assert warned(report, "occurred before: 1 cell name.")
    assert warned(report, "occurred before: 2 gene names.")


def test_unused_categories_are_dropped_and_named(cells, save):
    cells.obs["cell_type"] = cells.obs["cell_type"].cat.add_categories(["ghost"])
    path = save(cells)
    adata, report = preflight(spec_of(path))
    assert report.unused_categories == {"cell_type": ("ghost",)}
    assert warned(report, "Categories that no cell has were dropped, in cell_type")
    assert "ghost" not in adata.obs["cell_type"].cat.categories
    assert "ghost" not in adata.obs[keys.TRUE].cat.categories


def test_missing_labels_however_spelled_are_counted(cells, save):
    labels = cells.obs["cell_type"].astype(object)
    labels.iloc[:6] = ["", "nan", "NA", keys.UNLABELLED, None, " "]
    cells.obs["cell_type"] = labels
    adata, report = preflight(spec_of(save(cells)))
    assert report.n_missing_labels == 6
    assert adata.obs[keys.TRUE].iloc[:6].isna().all()
    assert warned(report, "6 of 60 cells have no label")


@pytest.mark.parametrize("dtype", [int, float, "category"])
def test_numeric_labels_become_names(cells, save, dtype):
    cells.obs["cluster"] = pd.Series(np.arange(60) % 3, index=cells.obs_names).astype(dtype)
    adata, report = preflight(spec_of(save(cells), label_key="cluster"))
    assert list(adata.obs[keys.TRUE].cat.categories) == ["0", "1", "2"]
    assert warned(report, "are numbers; they are read as names")


def test_many_labels_are_warned_about(cells, save):
    many = ad.concat([cells] * 4, index_unique="-")
    many.obs["barcode"] = many.obs_names
    _, report = preflight(spec_of(save(many), label_key="barcode"))
    assert warned(report, "240 different labels")


def test_cells_without_a_batch_make_a_batch_of_their_own(cells, save):
    cells.obs["donor"] = [None, None, *cells.obs["donor"].astype(object)[2:]]
    adata, report = preflight(spec_of(save(cells)))
    assert (adata.obs[keys.BATCH_COLUMN].iloc[:2] == "missing").all()
    assert warned(report, "2 of 60 cells have no 'donor'")


def test_features_that_are_no_genes_are_left_out(cells, save):
    cells.var["feature_types"] = ["GEX"] * 25 + ["ADT"] * 5
    adata, report = preflight(spec_of(save(cells)))
    assert adata.n_vars == 25
    assert warned(report, "no genes: 5 features (ADT)")


@pytest.mark.parametrize("column", ["feature_types", "feature_type", "modality"])
@pytest.mark.parametrize("genes", ["Gene Expression", "gene", "RNA", "protein_coding"])
@pytest.mark.parametrize("others", ["Antibody Capture", "protein", "Peaks", "atac"])
def test_features_of_any_spelling_are_told_apart(cells, save, column, genes, others):
    cells.var[column] = [genes] * 25 + [others] * 5
    assert preflight(spec_of(save(cells)))[0].n_vars == 25


def test_kinds_of_genes_are_all_genes(cells, save):
    cells.var["feature_type"] = ["protein_coding", "lncRNA", "miRNA"] * 10
    assert preflight(spec_of(save(cells)))[0].n_vars == 30


def test_columns_need_no_label(cells, save):
    cells.obs["lab"] = "one"
    found = columns(DatasetSpec(save(cells), label_key="wrong"))
    assert [(column.name, column.n_values) for column in found] == [("cell_type", 3), ("donor", 2)]


def test_columns_of_the_catalogue_are_those_of_its_cells():
    for name in ("pbmc68k", "simulated"):
        assert columns(name) == preflight(DatasetSpec(name))[1].columns


def test_more_genes_take_longer(cells, save):
    path = save(cells)
    few, many = (preflight(spec_of(path, n_hvg=n))[1].expected_seconds for n in (10, 20))
    assert many == pytest.approx(2 * few)


def relabelled(cells, **names):
    """The cells with some labels under other names."""
    cells.obs["cell_type"] = cells.obs["cell_type"].cat.rename_categories(names)
    return cells


def test_labels_that_seem_to_be_no_types_are_proposed(cells, save):
    _, report = preflight(spec_of(save(relabelled(cells, delta="Not assigned"))))
    assert report.no_types == {"Not assigned": 10}
    assert warned(report, "'Not assigned' (10 cells)")
    assert warned(report, "--missing-label 'Not assigned'")
    assert report.n_missing_labels == 0


def test_labels_that_are_to_be_missing_are(cells, save):
    adata, report = preflight(spec_of(save(relabelled(cells, delta="Not assigned")), missing_labels=("Not assigned",)))
    assert report.no_types == {}
    assert report.n_missing_labels == 10
    assert list(adata.obs[keys.TRUE].cat.categories) == ["alpha", "beta"]
    assert not warned(report, "--missing-label")


def test_a_label_that_is_to_be_missing_and_is_not_there_is_refused(cells, save):
    message = refusal(spec_of(save(cells), missing_labels=("Unknwon",)))
    assert "no label Unknwon in 'cell_type'" in message
    assert "It has: alpha, beta, delta" in message


def test_too_few_types_without_the_missing_ones_are_refused(cells, save):
    assert "only the label 'beta'" in refusal(spec_of(save(cells), missing_labels=("alpha", "delta")))


def test_batches_of_few_cells_are_named(cells, save):
    cells.obs["donor"] = ["d9", *cells.obs["donor"].astype(str)[1:]]
    _, report = preflight(spec_of(save(cells)))
    assert warned(report, "fewer than 10 cells: d9 (1 cell).")


def test_whole_numbers_and_flags_may_be_labels_and_measurements_may_not(cells, save):
    row = np.arange(60)
    offered = {
        "cluster": row % 4,
        "small": (row % 3).astype(np.int8),
        "treated": row % 2 == 0,
        "leiden": np.where(row < 5, np.nan, row % 5),
    }
    not_offered = {"total_counts": 100.0 + row, "n_genes": row // 1.5, "percent_mt": row / 7, "all_the_same": 1}
    cells.obs = cells.obs.assign(**offered, **not_offered)
    found = columns(save(cells))
    assert [column.name for column in found] == ["cell_type", "donor", *offered]
    assert {column.kind for column in found} == {"text", "number"}
    leiden = found[-1]
    assert (leiden.n_values, leiden.n_missing) == (5, 5)


def test_a_column_of_many_names_is_offered_last_and_one_of_ids_is_not(cells, save):
    many = ad.concat([cells] * 8, index_unique="-")
    many.obs.insert(0, "clone", [f"clone {i // 2}" for i in range(480)])
    many.obs.insert(0, "barcode", list(many.obs_names))
    found = columns(save(many))
    assert [(column.name, column.n_values) for column in found] == [("cell_type", 3), ("donor", 2), ("clone", 240)]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (np.arange(60) % 2 == 0, ["False", "True"]),
        (np.where(np.arange(60) < 9, np.nan, np.arange(60) % 2).astype(np.float32), ["0", "1"]),
        (pd.array([None] * 9 + [7, 8, 8] * 17, dtype="Int64"), ["7", "8"]),
    ],
)
def test_flags_and_numbers_with_gaps_are_labels_as_they_are_written(cells, save, values, names):
    cells.obs["cluster"] = values
    adata, report = preflight(spec_of(save(cells), label_key="cluster"))
    assert list(adata.obs[keys.TRUE].cat.categories) == names
    assert report.n_missing_labels == int(pd.isna(cells.obs["cluster"]).sum())
