"""A query put below a reference: genes, names, labels, batches, refusals."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from semafo import keys
from semafo.data import catalogue
from semafo.data.load import read_whole
from semafo.data.reading.gene_overlap import IN_QUERY
from semafo.data.reading.preflight import preflight
from semafo.data.splitting.split import make_split
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec, SplitSettings


@pytest.fixture
def two(cells, save):
    """The reference (donor d1) and the query (donor d2) in files of their own; returns the spec and both."""

    def write(reference=None, query=None, **others):
        reference = cells[cells.obs["donor"] == "d1"].copy() if reference is None else reference
        query = cells[cells.obs["donor"] == "d2"].copy() if query is None else query
        paths = save(reference, "reference.h5ad"), save(query, "query.h5ad")
        return DatasetSpec(paths[0], **{"label_key": "cell_type", "batch_key": "donor", "query": paths[1], **others})

    return write


def query_of(cells):
    return cells[cells.obs["donor"] == "d2"].copy()


def test_two_files_are_the_same_cells_as_one(two, cells, save):
    adata, report = preflight(two())
    joint, _ = preflight(DatasetSpec(save(cells), "cell_type", "donor"))
    in_order = joint[adata.obs_names]
    assert (adata.X != in_order.X).nnz == 0
    assert adata.X.has_canonical_format
    assert list(adata.var_names) == list(joint.var_names)
    for column in (keys.TRUE, keys.BATCH_COLUMN):
        assert list(adata.obs[column]) == list(in_order.obs[column])
    assert list(adata.obs[keys.ROLE]) == [keys.REFERENCE] * 30 + [keys.QUERY] * 30
    assert list(adata.obs[keys.ROW]) == [*range(30), *range(30)]
    assert report.joined["reference_batches"] == ["d1"]
    assert report.joined["query_batches"] == ["d2"]
    assert report.joined["overlap"]["share"] == 1


def test_a_gene_that_only_the_query_expresses_is_kept_as_in_one_file(two, cells, save):
    values = cells.X.toarray()
    values[(cells.obs["donor"] == "d1").to_numpy(), 3] = 0
    cells.X = values
    assert list(preflight(two())[0].var_names) == list(preflight(DatasetSpec(save(cells), "cell_type"))[0].var_names)


def test_missing_genes_count_as_zero_and_new_ones_are_left_out(two, cells):
    query = query_of(cells)[:, [*range(29, 4, -1)]].copy()  # 25 of 30 genes, backwards
    query.var_names = ["new", *query.var_names[1:]]  # g29 is new
    adata, report = preflight(two(query=query))
    below = adata[adata.obs[keys.ROLE] == keys.QUERY]
    assert "new" not in adata.var_names
    assert below[:, "g0"].X.sum() == 0
    assert (below[:, "g7"].X.toarray() == query[:, "g7"].X.toarray()).all()
    assert list(adata.var_names[~adata.var[IN_QUERY]]) == ["g0", "g1", "g2", "g3", "g4", "g29"]
    overlap = report.joined["overlap"]
    assert (overlap["n_shared"], overlap["n_query_only"], overlap["share"]) == (24, 1, 0.8)
    assert overlap["missing_examples"] == ("g0", "g1", "g2", "g3", "g4")
    assert any("lacks 6 genes of the 30 that the model reads" in warning for warning in report.warnings)


def test_too_few_shared_genes_are_refused_until_less_is_asked_for(two, cells):
    query = query_of(cells)[:, :10].copy()
    with pytest.raises(DataError, match=r"10 of the 30 genes .* Expected at least 70 %") as caught:
        preflight(two(query=query))
    assert "(--min-overlap) of 0.34" in str(caught.value)
    assert preflight(two(query=query, min_overlap=0.34))[1].joined["overlap"]["n_shared"] == 10


def test_names_of_two_kinds_are_named_with_the_column_that_has_the_others(two, cells):
    query = query_of(cells)
    query.var["symbol"] = query.var_names.astype(str)
    query.var_names = [f"ENSG{i:011d}" for i in range(30)]
    with pytest.raises(DataError) as caught:
        preflight(two(query=query, min_overlap=0.0))
    message = str(caught.value)
    assert "named by symbols (g0, g1, g2)" in message
    assert "Ensembl ids (ENSG00000000000" in message
    assert "--query-gene-key symbol" in message
    assert "min-overlap" not in message


def test_names_that_differ_by_case_are_told_so(two, cells):
    query = query_of(cells)
    query.var_names = query.var_names.str.upper()
    with pytest.raises(DataError, match="upper and lower case only"):
        preflight(two(query=query))


def test_a_query_without_the_label_column_is_all_missing(two, cells):
    query = query_of(cells)
    del query.obs["cell_type"]
    adata, report = preflight(two(query=query))
    is_query = adata.obs[keys.ROLE] == keys.QUERY
    assert adata.obs.loc[is_query, keys.TRUE].isna().all()
    assert adata.obs.loc[~is_query, keys.TRUE].notna().all()
    assert report.joined["n_query_labels"] == 0
    assert any("The query has no labels: its 30 cells" in warning for warning in report.warnings)


def test_labels_that_the_query_has_are_truth_for_scores_and_nothing_else(two):
    adata, _ = preflight(two())
    split = make_split(
        adata.obs[keys.TRUE], adata.obs[keys.BATCH_COLUMN], SplitSettings(reference=("d1",), labelled_rate=0.0)
    )
    is_query = split.cells[keys.ROLE] == keys.QUERY
    assert not (is_query & (split.cells[keys.PART] == keys.LABELLED)).any()
    assert (is_query & (split.cells[keys.PART] == keys.TEST)).any()


@pytest.mark.parametrize("batch_key", ["donor", None])
def test_batches_of_one_name_are_told_apart(two, cells, batch_key):
    query = query_of(cells)
    query.obs["donor"] = "d1"
    _, report = preflight(two(query=query, batch_key=batch_key))
    name = "d1" if batch_key else "all"
    assert report.joined["reference_batches"] == [name]
    assert report.joined["query_batches"] == [f"{name} (query)"]


def test_a_query_without_the_batch_column_is_one_batch(two, cells):
    query = query_of(cells)
    del query.obs["donor"]
    adata, report = preflight(two(query=query))
    assert report.joined["query_batches"] == ["all"]
    assert set(adata.obs[keys.BATCH_COLUMN]) == {"d1", "all"}
    assert any("no 'donor': all its cells are one batch" in warning for warning in report.warnings)


@pytest.mark.filterwarnings("ignore:.*names are not unique")
def test_cell_names_that_both_have_are_made_unique(two, cells):
    reference, query = cells[cells.obs["donor"] == "d1"].copy(), query_of(cells)
    query.obs_names = reference.obs_names
    adata, report = preflight(two(reference, query))
    assert adata.obs_names.is_unique
    assert list(adata.obs_names[:30]) == list(reference.obs_names)
    assert report.n_duplicate_cell_names == 30


def test_a_cell_without_a_shared_gene_is_left_out_and_keeps_its_place(two, cells):
    query = query_of(cells)
    values = query.X.toarray()
    values[2] = 0
    query.X = values
    adata, _ = preflight(two(query=query))
    assert list(adata.obs.loc[adata.obs[keys.ROLE] == keys.QUERY, keys.ROW]) == [0, 1, *range(3, 30)]


def test_the_reference_needs_labels_and_the_query_file_must_be_there(two, cells):
    with pytest.raises(DataError, match="no obs column 'celltype'"):
        preflight(two(label_key="celltype"))
    with pytest.raises(DataError, match="There is no file"):
        preflight(DatasetSpec("pbmc68k", query="/nowhere/query.h5ad"))
    with pytest.raises(DataError, match="There is no data set 'pbmc69k'"):
        preflight(DatasetSpec("pbmc68k", query="pbmc69k"))


def test_the_fingerprint_knows_both_files(two, cells):
    first = two()
    before = catalogue.content_fingerprint(first)
    assert before != catalogue.content_fingerprint(DatasetSpec(first.name))
    query = query_of(cells)
    query.obs["note"] = "changed"
    assert catalogue.content_fingerprint(two(query=query)) != before


def test_resolving_twice_changes_nothing(two):
    spec = catalogue.resolve(DatasetSpec(" simulated ", query=two().query))
    assert (spec.name, spec.label_key, spec.batch_key) == ("simulated", "cell_type", "study")
    assert catalogue.resolve(spec) == spec


def test_a_whole_data_set_is_read_as_it_is(cells, save):
    cells.obsm["X_pca"] = np.ones((60, 2))
    cells.uns["note"] = "mine"
    whole = read_whole(catalogue.resolve(DatasetSpec(save(cells))))
    assert whole.uns["note"] == "mine"
    assert whole.obsm["X_pca"].shape == (60, 2)
    built_in = read_whole(catalogue.resolve(DatasetSpec("simulated:cells=200,genes=60")))
    assert isinstance(built_in, ad.AnnData)
    assert isinstance(built_in.obs, pd.DataFrame)
    assert built_in.shape == (200, 60)


def test_labels_that_are_no_types_are_missing_in_the_query_too(two, cells):
    cells.obs["cell_type"] = cells.obs["cell_type"].cat.rename_categories({"delta": "unassigned"})
    query = query_of(cells)
    assert preflight(two(query=query))[1].no_types == {"unassigned": 10}
    reference = cells[(cells.obs["donor"] == "d1") & (cells.obs["cell_type"] != "unassigned")].copy()
    adata, report = preflight(two(reference, query, missing_labels=("unassigned",)))
    assert report.joined["n_query_labels"] == 25
    assert (adata.obs[keys.TRUE].dropna().isin(["alpha", "beta"])).all()


def test_a_batch_of_empty_cells_is_no_batch_of_the_reference(two, cells):
    values = cells.X.toarray()
    values[:4:2] = 0
    cells.X = values
    cells.obs["donor"] = ["d0", "d2", "d0", *cells.obs["donor"].astype(str)[3:]]
    reference = cells[cells.obs["donor"] != "d2"].copy()
    adata, report = preflight(two(reference))
    assert report.joined["reference_batches"] == ["d1"]
    assert report.joined["n_reference"] == 28
    assert "d0" not in set(adata.obs[keys.BATCH_COLUMN])
