from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import streamlit as st

from semafo import keys, wording
from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.settings.run_config import SplitSettings
from semafo.ui.charts import colours
from semafo.ui.charts.maps import points
from semafo.ui.colouring import colourings
from semafo.ui.maps import alignment, chosen_cells, hover_texts, procrustes, projections, type_names
from semafo.ui.maps import figures as map_figures
from semafo.ui.maps.large import sampling
from semafo.ui.maps.selection import Pairing
from semafo.ui.session import run_results, tray
from tests.support import fakes


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    return fakes.comparison(Home.at(tmp_path_factory.mktemp("home")))


@pytest.fixture
def runs(comparison):
    """Three runs on the same cells, which this process has not seen."""
    st.cache_resource.clear()
    return chosen(comparison)


def chosen(records):
    return [tray.ChosenRun(record, record.title, "#4477AA") for record in records]


def counted(monkeypatch, module, name):
    """Count the calls of a function."""
    calls, function = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args, **kwargs: calls.append(args) or function(*args, **kwargs))
    return calls


@pytest.mark.parametrize("colouring", map_figures.COLOURINGS)
def test_a_second_drawing_of_the_same_view_computes_nothing(runs, colouring, monkeypatch):
    drawings = counted(monkeypatch, map_figures, "latent_panels")
    turns = counted(monkeypatch, procrustes, "similarity")
    sorts = counted(monkeypatch, points, "category_traces")
    readings = counted(monkeypatch, run_results.parquet, "read_table")
    view = map_figures.View(colouring, aligned=True)
    first = map_figures.figure(runs, view).to_dict()
    n_calls = [len(calls) for calls in (drawings, turns, sorts, readings)]
    assert n_calls[:2] == [1, 2]
    assert map_figures.figure(runs, view).to_dict() is first
    assert [len(calls) for calls in (drawings, turns, sorts, readings)] == n_calls


def test_another_colouring_reads_no_file_and_aligns_no_map_again(runs, monkeypatch):
    map_figures.figure(runs, map_figures.View(aligned=True))
    turns = counted(monkeypatch, procrustes, "similarity")
    readings = counted(monkeypatch, run_results.parquet, "read_table")
    monkeypatch.setattr(run_results.RunRecord, "cells", None)
    map_figures.figure(runs, map_figures.View(map_figures.CORRECT, aligned=True))
    assert turns == readings == []


def test_a_run_that_was_trained_again_is_drawn_again(runs):
    before = map_figures.figure(runs[:1], map_figures.View())
    path = runs[0].record.folder / keys.PREDICTIONS_FILE
    content = path.read_bytes()
    path.unlink()
    assert map_figures.figure(runs[:1], map_figures.View()) is not before
    path.write_bytes(content)
    assert map_figures.figure(runs[:1], map_figures.View()) is not before


@pytest.mark.parametrize(
    "colouring", [map_figures.TRUE_TYPE, map_figures.PREDICTED_TYPE, map_figures.BATCH, map_figures.CORRECT]
)
@pytest.mark.parametrize("shown", map_figures.SHOWN)
def test_categories_hold_the_cells_that_the_table_says(runs, colouring, shown):
    record = runs[1].record
    cells = record.cells()
    if shown == map_figures.TEST_CELLS:
        cells = cells[cells[keys.PART] == keys.TEST]
    right = (cells[keys.TRUE] == cells[keys.PREDICTED]).map({True: colourings.RIGHT, False: colourings.WRONG})
    expected = right if colouring == map_figures.CORRECT else cells[colourings.COLUMNS[colouring]]
    figure = map_figures.draw(runs[1:2], map_figures.View(colouring, shown, hollow=True))
    found: dict[str, int] = {}
    for trace in figure.data:
        found[trace.name] = found.get(trace.name, 0) + len(trace.x)
    assert found == expected.value_counts().to_dict()


def test_the_text_of_a_cell_says_what_every_model_predicts_it_to_be(runs):
    found = [run_results.artefacts(run.record) for run in runs]
    row, others = found[0].cells.iloc[37], [one.cells.loc[found[0].cells.index[37]] for one in found[1:]]
    start, end = row[keys.TRUE], f"<br>{row[keys.BATCH_COLUMN]} · {row[keys.PART]}"
    rows = np.array([12, 37, 5])
    alone = f"<br>predicted {row[keys.PREDICTED]} ({row[keys.CONFIDENCE]:.2f})"
    assert hover_texts.texts(found[0], rows)[1] == start + alone + end
    models = list(zip(("one", "two", "three"), found, strict=True))
    said = [
        f"<br>{m[0]}: {r[keys.PREDICTED]} ({r[keys.CONFIDENCE]:.2f})"
        for m, r in zip(models, [row, *others], strict=True)
    ]
    value = ("gene", np.array([1.0, 0.25, np.nan]))
    texts = hover_texts.texts(found[0], rows, models, value)
    assert texts[1] == start + "".join(said) + "<br>gene 0.25" + end
    assert "<br>gene missing<br>" in texts[2]


def test_the_text_of_a_query_cell_says_its_mapping_score_and_that_of_a_reference_cell_none(tmp_path):
    found = run_results.artefacts(fakes.finished(Home.at(tmp_path), fakes.MAPPED))
    query = np.flatnonzero(found.coded(keys.ROLE).isin([keys.QUERY]))[:1]
    reference = np.flatnonzero(found.coded(keys.ROLE).isin([keys.REFERENCE]))[:1]
    [of_query], [of_reference] = (hover_texts.texts(found, rows) for rows in (query, reference))
    row = found.cells.iloc[query[0]]
    assert f" ({row[keys.CONFIDENCE]:.2f}, mapping {row[keys.MAPPING_SCORE]:.2f})<br>" in of_query
    assert "mapping" not in of_reference


def test_reference_cells_have_no_mapping_score_and_their_name_in_the_legend(tmp_path):
    record = fakes.finished(Home.at(tmp_path), fakes.MAPPED)
    run = tray.ChosenRun(record, record.title, "#4477AA")
    figure = map_figures.draw([run], map_figures.View(colourings.MAPPING))
    named = {trace.name: len(trace.x) for trace in figure.data if trace.showlegend is not False}
    assert named == {"Reference": (record.cells()[keys.ROLE] == keys.REFERENCE).sum()}


def test_a_model_of_other_data_says_nothing_of_a_cell(runs):
    found = run_results.artefacts(runs[0].record)
    other = replace(found, data="other data", key="other")
    texts = hover_texts.texts(found, np.arange(3), [("own", found), ("other", other)])
    assert all("own:" in text and "other:" not in text for text in texts)


def test_aligned_maps_of_one_run_are_equal_however_one_was_turned(tmp_path):
    st.cache_resource.clear()
    first, second, _ = fakes.comparison(Home.at(tmp_path))
    umap = first.array(keys.X_UMAP)
    np.save(second.folder / keys.array_file(keys.X_UMAP), 3 * umap[:, ::-1] + 5)
    one, other = (run_results.artefacts(record) for record in (first, second))
    np.testing.assert_allclose(alignment.aligned(other, one), umap, atol=1e-4)
    assert alignment.aligned(one, one) is one.umap
    corners = [(0, 0), (20_000, -9_000)]
    both = chosen([first, second])
    onto = [map_figures.on_own_map(both, map_figures.View(aligned=True), i, corners) for i in (0, 1)]
    np.testing.assert_allclose(onto[1], 3 * onto[0][:, ::-1] + 5, atol=1e-4)


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
    assert len(map_figures.figure(fewer, map_figures.View(aligned=True)).data) > 0
    other = replace(run_results.artefacts(part), data="another data set", key="another")
    assert alignment._n_shared(other, run_results.artefacts(same[0].record)) == 0


def test_beyond_what_a_browser_can_draw_the_same_cells_are_drawn_over_a_picture(runs, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_POINTS", 600)
    monkeypatch.setattr(sampling, "SAMPLED", 450)
    figure = map_figures.draw(runs, map_figures.View())
    assert len(figure.layout.images) == 3
    assert sum(len(trace.x) for trace in figure.data) <= 450
    texts = [sorted(text for trace in figure.data if trace.xaxis == x for text in trace.text) for x in ("x", "x2")]
    assert texts[0] == texts[1]
    assert any("700 cells shown" in annotation.text for annotation in figure.layout.annotations)


def test_a_few_chosen_cells_are_points_even_where_most_cells_are_in_the_picture(runs, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_POINTS", 600)
    monkeypatch.setattr(sampling, "SAMPLED", 90)
    found = run_results.artefacts(runs[0].record)
    chosen = Pairing("query", found.coded(keys.TRUE).names[0], found.coded(keys.PREDICTED).names[0], runs[0].run_id)
    n = int(chosen_cells.mask(found, chosen, runs).sum())
    figure = map_figures.draw(runs, map_figures.View(), chosen)
    assert len(figure.layout.images) == 6  # of all cells, faint, and of the chosen ones
    lit = [len(t.x) for t in figure.data if t.xaxis == "x" and t.marker.opacity > 0.5]
    assert 30 < sum(lit) == n


def test_codes_know_missing_names():
    column = run_results.Coded.of(pa.chunked_array([["b", None], ["a", "b"]]).dictionary_encode())
    assert (column.names, list(column.codes)) == (("b", "a"), [0, -1, 1, 0])
    assert column.has_missing
    assert list(column.isin(["a"])) == [False, False, True, False]
    assert list(column.among(["a", "x"], missing="x")) == [-1, 1, 0, -1]
    assert column.name(-1) == "no label"
    nothing = run_results.Coded.of(pa.chunked_array([pa.nulls(2)]))
    unused = pa.chunked_array([pa.DictionaryArray.from_arrays([1, None], ["x", "y"])])
    assert (run_results.Coded.of(unused).names, list(run_results.Coded.of(unused).codes)) == (("y",), [0, -1])
    assert (nothing.names, list(nothing.codes), nothing.has_missing) == ((), [-1, -1], True)


def test_chosen_cells_are_lit_in_every_panel_and_counted(runs):
    cells = runs[0].record.cells()
    cells = cells[cells[keys.PART] == keys.TEST]
    true, predicted = cells[cells[keys.TRUE] != cells[keys.PREDICTED]].iloc[0][[keys.TRUE, keys.PREDICTED]]
    n = int(((cells[keys.TRUE] == true) & (cells[keys.PREDICTED] == predicted)).sum())
    figure = map_figures.figure(runs, map_figures.View(), Pairing("test", true, predicted, runs[0].run_id))
    for axis in ("x", "x2", "x3"):
        lit = [len(trace.x) for trace in figure.data if trace.xaxis == axis and trace.marker.opacity > 0.5]
        assert sum(lit) == n
    assert sum(f"{n} of 700 cells selected" in text.text for text in figure.layout.annotations) == 3
    assert map_figures.figure(runs, map_figures.View()) is not figure


def test_latent_maps_are_on_one_scale_unless_each_is_to_have_its_own(runs):
    name = runs[1].record.config.mix.obsm_key
    latent = runs[1].record.array(name)
    np.save(runs[1].record.folder / keys.array_file(name), (0.1 * latent).astype(np.float32))
    for projection in (projections.PCA, projections.DIMENSIONS):
        view = map_figures.View(projection=projection, aligned=True)
        shared, own = (map_figures.frames(runs, replace(view, same_scale=same)) for same in (True, False))
        assert len(set(shared)) == 1
        assert own[1].steps > 8 * own[0].steps
        np.testing.assert_allclose(map_figures.on_own_map(runs, view, 1, [(0, 0)]), [shared[1].middle])
        figure = map_figures.draw(runs, view)
        assert sum("↑" in text.text for text in figure.layout.annotations) == 3
    np.save(runs[1].record.folder / keys.array_file(name), latent)


def test_what_a_run_lacks_is_said_in_its_panel(runs):
    for view, said in (
        (map_figures.View(projection=projections.TSNE), "No t-SNE yet"),
        (map_figures.View(map_figures.GENE, argument="CD14"), "kept no expression of CD14"),
        (map_figures.View(map_figures.COLUMN, argument="donor"), "kept no column 'donor'"),
        (map_figures.View(map_figures.DIMENSION, argument="99"), "no latent dimension 99"),
        (map_figures.View(projection=projections.DIMENSIONS, dimensions=(1, 99)), "has 10 latent dimensions, not 99"),
    ):
        figure = map_figures.draw(runs, view)
        assert sum(said in text.text for text in figure.layout.annotations) == 3, said
        assert not any(trace.type == "scattergl" for trace in figure.data)


def test_a_map_that_was_made_later_is_drawn_as_soon_as_it_is_there(runs):
    view = map_figures.View(projection=projections.TSNE)
    path = runs[0].record.folder / keys.array_file(keys.X_TSNE)
    before = map_figures.figure(runs, view)
    np.save(path, runs[0].record.array(keys.X_UMAP)[:, ::-1])
    after = map_figures.figure(runs, view)
    path.unlink()
    assert (
        sum(t.type == "scattergl" for t in before.data),
        sum(len(t.x) for t in after.data if t.text is not None),
    ) == (0, 700)


def test_names_and_lines_of_equal_density_are_of_the_cells_that_are_shown(runs):
    figure = map_figures.draw(runs, map_figures.View(shown=map_figures.TEST_CELLS, labels=True, density=True))
    names = {text.text for text in figure.layout.annotations if text.xref in ("x", "x2", "x3")}
    types = set(run_results.artefacts(runs[0].record).coded(keys.TRUE).names)
    assert {wording.shortened(name, type_names.LONGEST) for name in types} >= names > set()
    assert any(trace.mode == "lines" for trace in figure.data)
    number = map_figures.draw(runs, map_figures.View(map_figures.CONFIDENCE, density=True))
    assert {trace.line.color for trace in number.data if trace.mode == "lines"} == {colours.NEUTRAL}


def test_one_run_in_six_colourings_is_one_figure(runs):
    looks_at = [map_figures.View(colouring) for colouring in map_figures.COLOURINGS]
    figure = map_figures.figure_of_one(runs[0], looks_at)
    titles = [text.text for text in figure.layout.annotations]
    assert titles[: len(looks_at)] == [
        f"<b>{name}</b><br>" + titles[0].split("<br>", 1)[1] for name in map_figures.COLOURINGS
    ]
    for i in range(6):
        assert sum(len(t.x) for t in figure.data if t.xaxis == ("x" if i == 0 else f"x{i + 1}")) == 700
    assert {trace.legend for trace in figure.data if trace.showlegend} == {"legend", "legend2", "legend3"}
    assert map_figures.figure_of_one(runs[0], looks_at) is figure


def test_reference_only_runs_are_drawn_too(tmp_path):
    st.cache_resource.clear()
    split = SplitSettings(reference=fakes.REFERENCE, reference_only=True)
    run = chosen([fakes.finished(Home.at(tmp_path), replace(fakes.MAPPED, split=split))])
    assert len(map_figures.figure(run, map_figures.View()).data) > 0
