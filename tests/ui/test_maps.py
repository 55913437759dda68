from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import streamlit as st

from semafo import keys
from semafo.runs.home import Home
from semafo.settings import Mix, SplitSettings
from semafo.ui import alignment, artefacts, maps, procrustes, state
from semafo.ui.artefacts import Coded
from semafo.ui.charts import latent
from tests import fakes


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    return fakes.comparison(Home.at(tmp_path_factory.mktemp("home")))


@pytest.fixture
def runs(comparison):
    """Three runs on the same cells, which this process has not seen."""
    st.cache_resource.clear()
    return chosen(comparison)


def chosen(records):
    return [state.ChosenRun(record, record.title, "#4477AA") for record in records]


def counted(monkeypatch, module, name):
    """Count the calls of a function."""
    calls, function = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args, **kwargs: calls.append(args) or function(*args, **kwargs))
    return calls


@pytest.mark.parametrize("colouring", maps.COLOURINGS)
def test_a_second_drawing_of_the_same_view_computes_nothing(runs, colouring, monkeypatch):
    drawings = counted(monkeypatch, maps, "latent_panels")
    turns = counted(monkeypatch, procrustes, "similarity")
    sorts = counted(monkeypatch, latent, "_category_traces")
    readings = counted(monkeypatch, artefacts.parquet, "read_table")
    view = maps.View(colouring, aligned=True)
    first = maps.figure(runs, view).to_dict()
    n_calls = [len(calls) for calls in (drawings, turns, sorts, readings)]
    assert n_calls[:2] == [1, 2]
    assert maps.figure(runs, view).to_dict() is first
    assert [len(calls) for calls in (drawings, turns, sorts, readings)] == n_calls


def test_another_colouring_reads_no_file_and_aligns_no_map_again(runs, monkeypatch):
    maps.figure(runs, maps.View(aligned=True))
    turns = counted(monkeypatch, procrustes, "similarity")
    readings = counted(monkeypatch, artefacts.parquet, "read_table")
    monkeypatch.setattr(artefacts.RunRecord, "cells", None)
    maps.figure(runs, maps.View(maps.CORRECT, aligned=True))
    assert turns == readings == []


def test_a_run_that_was_trained_again_is_drawn_again(runs):
    before = maps.figure(runs[:1], maps.View())
    path = runs[0].record.folder / keys.PREDICTIONS_FILE
    content = path.read_bytes()
    path.unlink()
    assert maps.figure(runs[:1], maps.View()) is not before
    path.write_bytes(content)
    assert maps.figure(runs[:1], maps.View()) is not before


@pytest.mark.parametrize("colouring", [maps.TRUE_TYPE, maps.PREDICTED_TYPE, maps.BATCH, maps.CORRECT])
@pytest.mark.parametrize("shown", maps.SHOWN)
def test_categories_hold_the_cells_that_the_table_says(runs, colouring, shown):
    record = runs[1].record
    cells = record.cells()
    if shown == maps.TEST_CELLS:
        cells = cells[cells[keys.PART] == keys.TEST]
    right = (cells[keys.TRUE] == cells[keys.PREDICTED]).map({True: maps.RIGHT, False: maps.WRONG})
    expected = right if colouring == maps.CORRECT else cells[maps.COLUMNS[colouring]]
    figure = maps.draw(runs[1:2], maps.View(colouring, shown, hollow=True))
    found: dict[str, int] = {}
    for trace in figure.data:
        found[trace.name] = found.get(trace.name, 0) + len(trace.x)
    assert found == expected.value_counts().to_dict()


def test_the_text_of_a_cell_is_what_the_table_says_of_it(runs):
    found = state.artefacts(runs[0].record)
    row = found.cells.iloc[37]
    expected = (
        f"{row[keys.TRUE]}<br>predicted {row[keys.PREDICTED]} ({row[keys.CONFIDENCE]:.2f})"
        f"<br>{row[keys.BATCH_COLUMN]} · {row[keys.PART]}"
    )
    assert maps.hover(found, np.array([12, 37, 5]))[1] == expected


def test_aligned_maps_of_one_run_are_equal_however_one_was_turned(tmp_path):
    st.cache_resource.clear()
    first, second, _ = fakes.comparison(Home.at(tmp_path))
    umap = first.array(keys.X_UMAP)
    np.save(second.folder / keys.array_file(keys.X_UMAP), 3 * umap[:, ::-1] + 5)
    one, other = (state.artefacts(record) for record in (first, second))
    np.testing.assert_allclose(alignment.aligned(other, one), umap, atol=1e-4)
    assert alignment.aligned(one, one) is one.umap


def test_maps_can_be_aligned_where_cells_are_shared_and_only_within_one_data_set(tmp_path):
    st.cache_resource.clear()
    home = Home.at(tmp_path)
    same = chosen(fakes.comparison(home))
    assert alignment.can_align(same)
    assert alignment.hold_the_same_cells(same)
    assert not alignment.can_align(same[:1])
    part = fakes.finished(home, replace(fakes.REAL, mix=Mix(0.5, 1)))
    cells, umap = part.cells(), part.array(keys.X_UMAP)
    cells.iloc[100:].to_parquet(part.folder / keys.CELLS_FILE)
    np.save(part.folder / keys.array_file(keys.X_UMAP), umap[100:])
    fewer = [same[0], *chosen([part])]
    assert alignment.can_align(fewer)
    assert not alignment.hold_the_same_cells(fewer)
    assert len(maps.figure(fewer, maps.View(aligned=True)).data) > 0
    other = replace(state.artefacts(part), data="another data set", key="another")
    assert alignment._n_shared(other, state.artefacts(same[0].record)) == 0


def test_beyond_what_a_browser_can_draw_the_same_cells_are_drawn_in_every_run(runs, monkeypatch):
    monkeypatch.setattr(maps, "MOST_DRAWN", 600)
    monkeypatch.setattr(maps, "RARE", 10)
    found = [state.artefacts(run.record) for run in runs]
    rows = [maps.drawn(one, np.ones(700, dtype=bool), 200 / 700) for one in found]
    assert 120 < len(rows[0]) < 280
    assert all(np.array_equal(rows[0], other) for other in rows)
    types = found[0].cells[keys.TRUE]
    rare = types[types == "CD4+/CD45RA+/CD25- Naive T"]  # 8 cells
    assert set(rare.index) <= set(found[0].cells.index[rows[0]])
    figure = maps.draw(runs, maps.View())
    assert sum(len(trace.x) for trace in figure.data) == 3 * len(rows[0])
    assert any("of 700 cells, at random" in annotation.text for annotation in figure.layout.annotations)


def test_codes_know_missing_names():
    column = Coded.of(pa.chunked_array([["b", None], ["a", "b"]]).dictionary_encode())
    assert (column.names, list(column.codes)) == (("b", "a"), [0, -1, 1, 0])
    assert column.has_missing
    assert list(column.isin(["a"])) == [False, False, True, False]
    assert list(column.among(["a", "x"], missing="x")) == [-1, 1, 0, -1]
    assert column.name(-1) == "no label"
    nothing = Coded.of(pa.chunked_array([pa.nulls(2)]))
    unused = pa.chunked_array([pa.DictionaryArray.from_arrays([1, None], ["x", "y"])])
    assert (Coded.of(unused).names, list(Coded.of(unused).codes)) == (("y",), [0, -1])
    assert (nothing.names, list(nothing.codes), nothing.has_missing) == ((), [-1, -1], True)


def test_reference_only_runs_are_drawn_too(tmp_path):
    st.cache_resource.clear()
    split = SplitSettings(reference=fakes.REFERENCE, reference_only=True)
    run = chosen([fakes.finished(Home.at(tmp_path), replace(fakes.MAPPED, split=split))])
    assert len(maps.figure(run, maps.View()).data) > 0
