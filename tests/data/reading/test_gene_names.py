"""Names of genes: from a var column, row numbers, Ensembl ids with versions, two species, and which option cures."""

import numpy as np
import pandas as pd
import pytest

from semafo import keys
from semafo.data.reading.gene_names import are_row_numbers, columns_of_names, symbols_of
from semafo.data.reading.preflight import gene_columns, preflight
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

IDS = [f"ENSG{i:011d}" for i in range(30)]
SYMBOLS = [f"GENE{i}" for i in range(30)]


@pytest.fixture
def two(cells, save):
    """Reference (d1) and query (d2) with the names that a test gives them; returns the spec."""

    def write(reference, query, columns=(None, None), **options):
        paths = []
        for who, donor, names, var in zip(("r", "q"), ("d1", "d2"), (reference, query), columns, strict=True):
            part = cells[cells.obs["donor"] == donor].copy()
            part.var_names = pd.Index(names, dtype=object)
            for name, values in (var or {}).items():
                part.var[name] = values
            paths.append(save(part, f"{who}.h5ad"))
        return DatasetSpec(paths[0], "cell_type", "donor", query=paths[1], **options)

    return write


def refusal(spec):
    with pytest.raises(DataError) as caught:
        preflight(spec)
    return str(caught.value)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["0", "1", "2"], True),
        (["0.0", "1.0", "2.0"], True),
        (["3", "8", "21"], True),  # what a filter left
        (["7157", "672", "675"], False),  # ids of Entrez, which come in no order
        (["1", "2", "100130417"], False),
        (["1", "ACTB", "2"], False),
        (["5"], False),
    ],
)
def test_row_numbers_are_told_from_names(names, expected):
    assert are_row_numbers(pd.Index(names)) is expected


def test_genes_named_by_row_are_never_matched_and_the_option_that_cures_it_is_named(two):
    rows = [str(i) for i in range(30)]
    shuffled = list(np.random.default_rng(0).permutation(IDS))
    columns = ({"ids": IDS}, {"feature_id": shuffled})
    message = refusal(two(rows, rows, columns))
    assert "named by row numbers (0, 1, 2)" in message
    assert "--gene-key ids --query-gene-key feature_id" in message
    adata, report = preflight(two(rows, rows, columns, gene_key="ids", query_gene_key="feature_id"))
    assert list(adata.var_names) == IDS
    assert report.joined["overlap"]["n_model_shared"] == 30
    query = adata[adata.obs[keys.ROLE] == keys.QUERY]
    assert query.X.sum() > 0
    assert "Expected names" in refusal(two(rows, [f"{i}.0" for i in range(30)]))


def test_one_data_set_named_by_row_is_warned_about(cells, save):
    cells.var["symbol"] = SYMBOLS
    cells.var_names = [str(i) for i in range(30)]
    report = preflight(DatasetSpec(save(cells), "cell_type"))[1]
    assert any("row numbers (0, 1, 2)" in text and "symbol (--gene-key)" in text for text in report.warnings)
    named = preflight(DatasetSpec(save(cells), "cell_type", gene_key="symbol"))
    assert list(named[0].var_names) == SYMBOLS
    assert not any("row numbers" in text for text in named[1].warnings)


def test_a_column_that_both_have_names_the_genes_of_both(two):
    columns = ({"symbol": SYMBOLS}, {"symbol": SYMBOLS[::-1]})
    spec = two(IDS, IDS, columns, gene_key="symbol")
    adata, _ = preflight(spec)
    first = adata[adata.obs[keys.ROLE] == keys.QUERY, "GENE0"].X.toarray()
    by_ids = preflight(two(IDS, IDS, columns))[0]
    assert (first == by_ids[by_ids.obs[keys.ROLE] == keys.QUERY, IDS[29]].X.toarray()).all()


def test_a_query_without_the_column_keeps_its_own_names(two):
    assert (
        preflight(two(IDS, SYMBOLS, ({"symbol": SYMBOLS}, None), gene_key="symbol"))[1].joined["overlap"]["share"] == 1
    )


def test_the_refusal_says_which_option_would_match_the_names(two):
    message = refusal(two(SYMBOLS, IDS, (None, {"feature_name": SYMBOLS})))
    assert "add --query-gene-key feature_name (on the pages: Genes named by)" in message
    message = refusal(two(IDS, SYMBOLS, ({"feature_name": SYMBOLS}, None)))
    assert "add --gene-key feature_name (" in message


def test_a_column_that_is_not_there_lists_those_that_could_serve(cells, save):
    cells.var["note"], cells.var["feature_name"], cells.var["same"] = IDS, SYMBOLS, "x"
    message = refusal(DatasetSpec(save(cells), "cell_type", gene_key="symbols"))
    assert "no var column 'symbols'" in message
    assert "could serve: feature_name, note. Choose" in message
    assert gene_columns(DatasetSpec(save(cells))) == ("feature_name", "note")


def test_genes_without_a_value_in_the_column_keep_their_name(cells, save):
    cells.var["symbol"] = [None, "", "nan", *SYMBOLS[3:]]
    adata, report = preflight(DatasetSpec(save(cells), "cell_type", gene_key="symbol"))
    assert list(adata.var_names[:4]) == ["g0", "g1", "g2", "GENE3"]
    assert any("3 genes of 30 had no value in the var column 'symbol'" in text for text in report.warnings)


@pytest.mark.parametrize("versions", [(".1", ""), ("", ".2"), (".1", ".7")])
def test_versions_of_ensembl_ids_are_left_out_to_match_them(two, versions):
    spec = two(*([f"{name}{version}" for name in IDS] for version in versions))
    adata, report = preflight(spec)
    assert report.joined["overlap"]["share"] == 1
    assert list(adata.var_names) == [f"{name}{versions[0]}" for name in IDS]
    assert any("without versions" in text for text in report.warnings)


def test_versions_stay_where_genes_would_become_one(two):
    twice = [*IDS[:29], f"{IDS[0]}.9"]
    assert "none of the reference's genes" in refusal(two(twice, [f"{name}.1" for name in IDS]))


@pytest.mark.parametrize(
    ("reference", "query"),
    [
        (SYMBOLS, [name.title() for name in SYMBOLS]),
        (IDS, [name.replace("ENSG", "ENSMUSG") for name in IDS]),
        ([name.title() for name in SYMBOLS], SYMBOLS),
    ],
)
def test_two_species_are_recognised(two, reference, query):
    message = refusal(two(reference, query))
    assert "human" in message
    assert "mouse" in message
    assert "orthologues" in message


def test_symbols_for_people_come_from_a_column_where_names_are_ids():
    var = pd.DataFrame({"feature_name": ["TOP2A", None, "MKI67"]}, index=IDS[:3])
    assert symbols_of(var) == ["TOP2A", IDS[1], "MKI67"]
    assert symbols_of(var.set_axis(["a", "b", "c"])) == ["a", "b", "c"]
    assert symbols_of(var[[]]) == IDS[:3]
    assert columns_of_names(var) == ["feature_name"]
