"""The sections of the Predictions page that select cells: clicked matrix cells, disagreements, lists of mistakes."""

import numpy as np
import pytest
import streamlit as st

from semafo import keys
from semafo.runs.compare import disagreement as flipped
from semafo.runs.home import Home
from semafo.ui.maps import chosen_cells
from semafo.ui.maps.selection import OneRightOneWrong, Pairing
from semafo.ui.predictions import by_type_and_batch, disagreement, matrix_cell, mistakes
from semafo.ui.predictions.confusion_matrices import ShownMatrix
from semafo.ui.session import grouping, tray
from semafo.ui.session.run_results import artefacts
from semafo.ui.widgets import gene_tables
from tests.support import fakes


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    st.cache_resource.clear()
    records = fakes.comparison(Home.at(tmp_path_factory.mktemp("home")))
    (records[1].folder / keys.GENES_FILE).unlink()  # as in runs from before genes were kept
    return [tray.ChosenRun(record, record.title, "#4477AA") for record in records]


@pytest.fixture
def shown(runs):
    types = tuple(artefacts(runs[0].record).predictions["types"])
    return ShownMatrix(tuple(run.run_id for run in runs), types, "test")


def test_every_count_of_a_matrix_is_the_number_of_cells_that_a_click_on_it_selects(runs, shown):
    for panel, run in enumerate(runs):
        counts = grouping.matrix(run, "test").counts
        for row, column in zip(*np.nonzero(counts), strict=True):
            chosen = shown.pairing([{"customdata": [panel, int(row), int(column)]}])
            assert len(chosen_cells.cells(chosen, runs)) == counts[row, column]


def test_a_click_and_its_place_are_each_other_s_inverse(shown):
    chosen = shown.pairing([{"customdata": [1, 2, 3]}])
    assert chosen == Pairing("test", shown.types[2], shown.types[3], shown.run_ids[1])
    assert shown.place(chosen) == (1, 2, 3)
    assert shown.pairing([]) is None
    for other in (
        None,
        Pairing("query", shown.types[2], shown.types[3], shown.run_ids[1]),
        Pairing("test", "no such type", shown.types[3], shown.run_ids[1]),
        Pairing("test", shown.types[2], shown.types[3], "another run"),
    ):
        assert shown.place(other) is None


def test_a_selected_cell_is_described_by_its_count_share_and_confidence(runs, shown):
    found = artefacts(runs[0].record)
    table = mistakes.pairs(runs[0], "test")
    top = table.iloc[0]
    chosen = Pairing("test", top["Observed"], top["Predicted"], runs[0].run_id)
    mask = chosen_cells.mask(found, chosen, runs)
    assert matrix_cell.sentence(int(mask.sum()), chosen, "scANVI") == (
        f"**{top['Cells']} {top['Observed']} cells predicted as {top['Predicted']} by scANVI**"
    )
    details = matrix_cell.details(found, mask, chosen)
    assert f"of the {top['Of observed']} {top['Observed']} test cells" in details
    assert f"mean confidence {found.confidence[mask].mean():.2f}" in details
    frame = matrix_cell.cell_frame(found, mask)
    assert len(frame) == top["Cells"]
    assert set(frame[keys.TRUE]) == {top["Observed"]}
    assert frame[keys.CELL].tolist() == list(chosen_cells.cells(chosen, runs))


def test_mistaken_cells_are_compared_with_the_rightly_predicted_ones_of_their_type(runs, shown):
    found = artefacts(runs[0].record)
    top = mistakes.pairs(runs[0], "test").iloc[0]
    chosen = Pairing("test", top["Observed"], top["Predicted"], runs[0].run_id)
    groups = matrix_cell.groups_of(found, chosen_cells.mask(found, chosen, runs), chosen)
    cells = found.cells
    right = (
        (cells[keys.PART] == keys.TEST)
        & (cells[keys.TRUE] == top["Observed"])
        & (cells[keys.PREDICTED] == top["Observed"])
    )
    np.testing.assert_array_equal(groups.second, right.to_numpy())
    diagonal = Pairing("test", top["Observed"], top["Observed"], runs[0].run_id)
    others = matrix_cell.groups_of(found, chosen_cells.mask(found, diagonal, runs), diagonal)
    assert not (others.first & others.second).any()
    assert others.first.sum() + others.second.sum() == top["Of observed"]


def test_genes_are_told_where_the_run_kept_expression_and_only_there(runs):
    found = artefacts(runs[0].record)
    is_b = found.coded(keys.TRUE).isin(["CD19+ B"])
    groups = gene_tables.Groups(is_b, ~is_b, "B", "others")
    assert (
        gene_tables.telling_apart(runs[0], groups, "b")["gene"].iloc[0]
        == f"GENE{sorted(fakes.PBMC_TYPES).index('CD19+ B')}"
    )
    assert gene_tables.telling_apart(runs[1], groups, "b") is None


def test_flipped_cells_are_those_that_the_map_shows(runs):
    for first, second in ((runs[0], runs[1]), (runs[1], runs[0])):
        found = flipped.between(first.record, second.record)
        assert len(chosen_cells.cells(OneRightOneWrong(first.run_id, second.run_id), runs)) == found.only_first.count
        both = disagreement.both_right((first, second), 0)
        assert both.sum() == found.both_right.count


def test_disagreement_is_said_in_numbers_with_intervals_and_one_test(runs):
    found = flipped.between(runs[0].record, runs[1].record)
    text = disagreement.summary(found, ("scANVI", "SemafoVAE"))
    assert f"Of the {found.n} test cells, **scANVI** alone gets **{found.only_first.count}**" in text
    assert text.count("McNemar: p") == 1
    assert text.count("[") == 2
    lines = disagreement.flip_lines(found, ("scANVI", "SemafoVAE"))
    assert 0 < len(lines) <= disagreement.N_FLIPS
    assert all(
        (" scANVI right, SemafoVAE says " in line) or (" SemafoVAE right, scANVI says " in line) for line in lines
    )


def test_runs_without_common_test_cells_are_no_candidates(runs):
    assert disagreement.candidates(runs) == runs
    assert disagreement.candidates(runs[:1]) == []


def test_the_best_baseline_stands_beside_the_runs_in_every_type_and_batch(runs):
    for what in ("per_type", "by_batch"):
        found = by_type_and_batch.with_baseline(runs, what, "test")
        *own, baseline = found
        assert [source.name for source in own] == [run.name for run in runs]
        assert baseline.name == "best baseline, logistic regression on HVGs"
        assert sum(row["n"] for row in found[baseline]) == 210
