from dataclasses import replace

import numpy as np
import pytest
import streamlit as st
from hypothesis import given, strategies

from semafo import keys
from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.ui.maps import chosen_cells, polygon, projections, selection
from semafo.ui.maps.selection import Lasso, OneRightOneWrong, Pairing
from semafo.ui.session import tray
from semafo.ui.session.run_results import artefacts
from tests.support import fakes

names = strategies.text(min_size=1, max_size=20)
populations = strategies.sampled_from([selection.TEST, selection.QUERY])
numbers = strategies.floats(-1e4, 1e4)
maps = strategies.sampled_from(["UMAP", "PCA", "t-SNE", "z1 z2", "z12 z3"])
lassos = strategies.builds(
    Lasso.around, names, maps, strategies.lists(strategies.tuples(numbers, numbers), min_size=3, max_size=30)
).filter(lambda lasso: len(lasso.polygon) > 2)
pairings = strategies.builds(Pairing, populations, names, names, names)
disagreements = strategies.builds(OneRightOneWrong, names, names, populations)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    st.cache_resource.clear()
    records = fakes.comparison(Home.at(tmp_path_factory.mktemp("home")))
    return [tray.ChosenRun(record, record.title, "#4477AA") for record in records]


@given(lassos | pairings | disagreements)
def test_a_selection_survives_the_address_bar(chosen):
    assert selection.from_text(selection.to_text(chosen)) == chosen


@given(strategies.text(max_size=60) | strategies.from_regex(r"(lasso|pair|differ):[a:>;,0-9.]{0,20}"))
def test_whatever_the_address_says_is_read_or_ignored(text):
    found = selection.from_text(text)
    assert found is None or selection.from_text(selection.to_text(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        *("", "lasso", "lasso:run:UMAP:1,2;3,4", "lasso:run:UMAP:1,2;3,4;nan,1", "lasso:run:UMAP:1,2;3,4;5"),
        *("lasso:run:z0 z1:0,0;1,0;1,1", "lasso:run:elsewhere:0,0;1,0;1,1", "pair:run:train:A>B", "pair:run:test:A"),
        *("differ:a", "differ:a>b:train", "points:1,2"),
    ],
)
def test_what_names_no_cells_is_ignored(text):
    assert selection.from_text(text) is None


def test_addresses_can_be_read_by_people():
    assert selection.to_text(OneRightOneWrong("scanvi-1", "both-2")) == "differ:scanvi-1>both-2"
    pairing = Pairing("test", "CD4+/CD25 T Reg", "CD34+", "scanvi-1")
    assert selection.to_text(pairing) == "pair:scanvi-1:test:CD4+/CD25 T Reg>CD34+"
    lasso = Lasso.around("scanvi-1", "UMAP", [(0, 0), (1.23456789, 0), (1, 2)])
    assert selection.to_text(lasso) == "lasso:scanvi-1:UMAP:0,0;1.2346,0;1,2"


def test_a_lasso_selects_the_same_cells_in_every_run(runs):
    found = [artefacts(run.record) for run in runs]
    corners = [(-4, -4), (6, -3), (5, 7), (-2, 3)]
    lasso = Lasso.around(runs[1].run_id, projections.UMAP, corners)
    expected = polygon.inside(found[1].umap, corners)
    assert 0 < expected.sum() < len(expected)
    for one in found:
        assert (chosen_cells.mask(one, lasso, runs) == expected).all()
    assert list(chosen_cells.cells(lasso, runs)) == list(found[1].cells.index[expected])


def test_a_cell_of_a_confusion_matrix_selects_what_it_counts(runs):
    predictions = runs[0].record.predictions()
    for population in (selection.TEST, selection.QUERY):
        counts = np.array(predictions["confusion"][population])
        types = predictions["types"]
        for i, j in zip(*np.nonzero(counts), strict=True):
            pairing = Pairing(population, types[i], types[j], runs[0].run_id)
            assert len(chosen_cells.cells(pairing, runs)) == counts[i, j]


def test_a_disagreement_selects_the_cells_that_one_run_alone_gets_right(runs):
    tables = [run.record.cells() for run in runs[:2]]
    is_right = [(table[keys.TRUE] == table[keys.PREDICTED]) for table in tables]
    for population, mask in (
        ("test", tables[0][keys.PART] == keys.TEST),
        ("query", tables[0][keys.ROLE] == keys.QUERY),
    ):
        expected = set(tables[0].index[mask & is_right[0] & ~is_right[1]])
        chosen = OneRightOneWrong(runs[0].run_id, runs[1].run_id, population)
        assert set(chosen_cells.cells(chosen, runs)) == expected != set()


def test_runs_that_hold_other_cells_light_up_those_that_they_share(tmp_path, runs):
    part = fakes.finished(Home.at(tmp_path), replace(fakes.REAL, mix=Mix(0.5, 1)))
    order = np.random.default_rng(0).permutation(700)[:400]
    cells, umap = part.cells().iloc[order], part.array(keys.X_UMAP)[order]
    cells.to_parquet(part.folder / keys.CELLS_FILE)
    np.save(part.folder / keys.array_file(keys.X_UMAP), umap)
    fewer = artefacts(part)
    everywhere = Lasso.around(runs[0].run_id, projections.UMAP, [(-4, -4), (6, -3), (5, 7), (-2, 3)])
    selected = set(chosen_cells.cells(everywhere, runs))
    found = chosen_cells.mask(fewer, everywhere, runs)
    assert set(cells.index[found]) == selected & set(cells.index)
    other = replace(fewer, data="another data set", key="another")
    assert not chosen_cells.mask(other, everywhere, runs).any()


def test_a_selection_of_a_run_that_is_not_there_selects_nothing(runs):
    found = artefacts(runs[0].record)
    for chosen in (
        Lasso.around("gone", "UMAP", [(0, 0), (1, 0), (0, 1)]),
        Lasso.around(runs[0].run_id, "z1 z99", [(-99, -99), (99, -99), (0, 99)]),
        OneRightOneWrong(runs[0].run_id, "gone"),
    ):
        assert not chosen_cells.mask(found, chosen, runs).any()
        assert len(chosen_cells.cells(chosen, runs)) == 0
