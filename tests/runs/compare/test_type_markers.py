"""Markers of predicted types against a dense count."""

import numpy as np
import pytest

from semafo import keys
from semafo.runs.compare.type_markers import type_markers
from semafo.runs.folder.expression import Genes
from semafo.runs.home import Home
from tests.support import fakes


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return fakes.finished(Home.at(tmp_path_factory.mktemp("home")))  # each type has a gene that is high in its cells


def test_a_predicted_type_stands_out_by_the_gene_of_its_cells(record):
    predicted = record.cells()[keys.PREDICTED].astype(object)
    names = sorted(predicted.unique())
    genes, codes = Genes.of(record), np.array([names.index(name) for name in predicted])
    found = type_markers(genes, codes, names)
    assert found["n"] == sorted(found["n"], reverse=True)
    assert found["genes"][0] == f"GENE{names.index(found['types'][0])}"
    assert len(set(found["genes"])) == len(found["genes"])
    for i, label in enumerate(found["types"]):
        for j, gene in enumerate(found["genes"]):
            values = genes.values(gene)[(predicted == label).to_numpy()]
            assert found["mean"][i][j] == pytest.approx(values.mean(), abs=1e-3)
            assert found["share"][i][j] == pytest.approx((values > 0).mean(), abs=1e-4)


def test_cells_without_a_code_and_types_without_cells_take_no_part(record):
    codes = np.full(len(record.cells()), -1)
    codes[:40] = 1
    found = type_markers(Genes.of(record), codes, ["none", "one", "other"])
    assert (found["types"], found["n"], found["genes"]) == (["one"], [40], [])  # nothing to stand out from
