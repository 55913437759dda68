"""The Latent space page: its controls, and the selection that stands out in all panels."""

import json
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from semafo import keys, wording
from semafo.settings.run_config import TrainSettings
from semafo.ui.latent_space import selected_cells, zoom
from semafo.ui.maps import polygon, selection
from semafo.ui.maps.selection import Lasso, OneRightOneWrong
from semafo.ui.session import tray
from tests.pages.conftest import APP, charts, texts
from tests.support import fakes


def figure_of(app):
    """The maps' figure as the browser gets it."""
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def draw_around(app, corners, axis="x"):
    """Send what the browser sends when a person draws a lasso."""
    x, y = (list(column) for column in zip(*corners, strict=True))
    lasso = {"xref": axis, "yref": axis.replace("x", "y"), "x": x, "y": y}
    states = app._tree.get_widget_states()
    event = states.widgets.add()
    event.id = app.get("plotly_chart")[0].proto.id
    event.string_value = json.dumps({"selection": {"points": [], "point_indices": [], "box": [], "lasso": [lasso]}})
    return app._run(states)


@pytest.fixture
def opened(home, warm_server):
    """Open the page by an address, in a new session."""

    def open_it(**query):
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.switch_page("pages/latent_space.py")
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return open_it


def shown(app):
    """Left and right edge of what the figure shows."""
    return figure_of(app)["layout"]["xaxis"].get("range")


@pytest.mark.parametrize("name", ["UMAP", "PCA", "Two dimensions"])
def test_every_map_is_drawn(home, opened, name):
    fakes.comparison(home)
    app = opened(map=name)
    assert not app.exception
    assert not app.error
    assert charts(app) == 1
    assert ("Distances are those of the latent space" in texts(app)) == (name != "UMAP")


def test_cells_that_are_drawn_around_in_one_panel_stand_out_in_all(home, opened):
    records = fakes.comparison(home)
    app = opened(mode="Select")
    assert figure_of(app)["layout"]["dragmode"] == "lasso"
    corners = [(-20_000, -32_000), (32_000, -32_000), (32_000, 10_000), (-20_000, 10_000)]
    app = draw_around(app, corners, axis="x2")
    assert not app.exception
    chosen = app.session_state["selection"]
    assert (chosen.run_id, chosen.projection) == (app.session_state["tray"][1], "UMAP")
    record = next(record for record in records if record.run_id == chosen.run_id)
    expected = polygon.inside(record.array(keys.X_UMAP), chosen.polygon)
    assert 0 < expected.sum() < len(expected)
    assert f"**{expected.sum()} cells selected**" in texts(app)
    titles = [one["text"] for one in figure_of(app)["layout"]["annotations"]]
    assert sum(f"{expected.sum()} of 700 cells selected" in title for title in titles) == 3
    assert app.query_params["selection"] == selection.to_text(chosen)


def test_a_link_opens_the_same_selection_and_clear_ends_it(home, opened):
    records = fakes.comparison(home)
    lasso = Lasso.around(records[0].run_id, "UMAP", [(-5, -5), (5, -5), (5, 5), (-5, 5)])
    n = polygon.inside(records[0].array(keys.X_UMAP), lasso.polygon).sum()
    app = opened(selection=selection.to_text(lasso))
    assert f"**{n} cells selected**" in texts(app)
    assert app.dataframe
    app.button(key="selected_clear").click().run()
    assert "cells selected" not in texts(app)
    assert "selection" not in app.query_params


def test_a_selection_that_cannot_be_read_is_ignored_with_a_notice(home, opened):
    fakes.comparison(home)
    app = opened(selection="lasso:whatever")
    assert not app.exception
    assert not app.error
    assert "cannot be read" in texts(app)
    assert "selection" not in app.query_params


def test_a_selection_of_a_run_that_is_not_chosen_says_so(home, opened):
    records = fakes.comparison(home)
    app = opened(runs=records[0].run_id, selection=selection.to_text(OneRightOneWrong("gone", "away")))
    assert "a run that is not chosen" in texts(app)
    assert all("selected" not in one["text"] for one in figure_of(app)["layout"]["annotations"])


def test_accuracy_of_selected_cells_is_that_of_the_test_cells_among_them(home, opened):
    records = fakes.comparison(home)
    lasso = Lasso.around(records[0].run_id, "UMAP", [(-5, -5), (5, -5), (5, 5), (-5, 5)])
    app = opened(selection=selection.to_text(lasso))
    cells = records[0].cells()[polygon.inside(records[0].array(keys.X_UMAP), lasso.polygon)]
    test = cells[cells[keys.PART] == keys.TEST]
    accuracy = (test[keys.TRUE] == test[keys.PREDICTED]).mean()
    table = next(one.value for one in app.dataframe if "Accuracy" in one.value)
    assert table.loc[0, "n"] == str(len(test))
    assert table.loc[0, "Accuracy"].startswith(f"{accuracy:.3f} [")
    types = next(one.value for one in app.dataframe if "Type" in one.value)
    assert types["n"].sum() == len(cells)


def test_zooming_in_shows_the_piece_around_the_selection_and_out_again(home, opened):
    records = fakes.comparison(home)
    lasso = Lasso.around(records[0].run_id, "UMAP", [(-5, -5), (5, -5), (5, 5), (-5, 5)])
    app = opened(selection=selection.to_text(lasso))
    everything = shown(app)
    app.button(key="zoom_in").click().run()
    x0, x1 = shown(app)
    assert -32_000 < x0 < x1 < 32_000
    assert app.query_params["window"].startswith(f"{x0:.0f},{x1:.0f},")
    app.button(key="zoom_out").click().run()
    assert shown(app) == everything
    assert "window" not in app.query_params


def test_a_window_in_the_address_is_opened(home, opened):
    fakes.comparison(home)
    assert shown(opened(window="-100,900,0,1000")) == [-100, 900]


@pytest.mark.parametrize("text", ["", "1,0,0,1", "a,b,c,d", "1,2,3", "0,1e9,0,1", "0,99999999,0,1"])
def test_what_names_no_piece_of_the_maps_is_ignored(text):
    assert zoom.from_text(text) is None


def test_one_run_can_be_seen_in_six_colourings_and_selected_in_any(home, opened):
    record = fakes.finished(home)
    app = opened(six="true", mode="Select")
    figure = figure_of(app)
    titles = " ".join(one["text"] for one in figure["layout"]["annotations"])
    assert all(name in titles for name in ("True type", "Predicted type", "Confidence", "Entropy"))
    app = draw_around(app, [(-32_000, -32_000), (5_000, -32_000), (5_000, 32_000), (-32_000, 32_000)], axis="x4")
    assert not app.exception
    assert app.session_state["selection"].run_id == record.run_id
    assert "cells selected" in texts(app)


def test_old_runs_say_why_they_cannot_be_coloured_by_a_gene(home, opened):
    fakes.comparison(home)
    app = opened(colouring="Gene")
    assert not app.exception
    assert not app.error


def test_runs_with_and_without_maps_stand_side_by_side_in_the_select_mode(home, opened):
    fakes.finished(home)
    fakes.running(home, replace(fakes.REAL, train=TrainSettings(seed=3)))
    app = opened(mode="Select")
    place = next(i for i, run in enumerate(app.session_state["tray"]) if "scanvi" in run)
    axis = "x" if place == 0 else f"x{place + 1}"
    app = draw_around(app, [(-32_000, -32_000), (32_000, -32_000), (32_000, 5_000), (-32_000, 5_000)], axis)
    assert not app.exception
    assert "cells selected" in texts(app)


def test_dragging_moves_the_maps_and_selects_nothing_unless_that_is_asked_for(home, opened):
    fakes.comparison(home)
    app = opened()
    assert figure_of(app)["layout"]["dragmode"] == "pan"
    assert not list(app.get("plotly_chart")[0].proto.selection_mode)


def test_the_selected_cells_can_be_taken_away(home, opened):
    records = fakes.comparison(home)
    runs = [tray.ChosenRun(record, record.title, "#4477AA") for record in records]
    chosen = Lasso.around(records[1].run_id, "UMAP", [(-5, -5), (5, -5), (5, 5), (-5, 5)])
    frame = selected_cells.cell_frame(selected_cells.chosen_of(chosen, runs))
    inside = polygon.inside(records[1].array(keys.X_UMAP), chosen.polygon)
    cells = [record.cells()[inside] for record in records]
    assert list(frame[keys.CELL]) == list(cells[0].index)
    assert list(frame[keys.TRUE]) == list(cells[0][keys.TRUE])
    for record, table in zip(records, cells, strict=True):
        assert list(frame[f"{keys.PREDICTED} · {record.title}"]) == list(table[keys.PREDICTED])
        np.testing.assert_allclose(frame[f"{keys.CONFIDENCE} · {record.title}"], table[keys.CONFIDENCE], rtol=1e-5)
    assert selected_cells.csv(selected_cells.chosen_of(chosen, runs)).startswith(b"cell,batch,true_label,")


def test_selected_cells_of_a_query_have_their_mapping_score(home):
    records = [fakes.finished(home, fakes.MAPPED), fakes.finished(home, fakes.REAL)]
    runs = [tray.ChosenRun(record, record.title, "#4477AA") for record in records]
    chosen = Lasso.around(records[0].run_id, "UMAP", [(-5, -5), (5, -5), (5, 5), (-5, 5)])
    found = selected_cells.chosen_of(chosen, runs)
    scores = records[0].cells()[keys.MAPPING_SCORE][found[0].mask]
    frame = selected_cells.cell_frame(found[:1])
    np.testing.assert_array_equal(frame[f"{keys.MAPPING_SCORE} · {records[0].title}"], scores)
    assert list(selected_cells.by_run(found)["Mapping"]) == [f"{scores.mean():.2f}", wording.UNDEFINED]
    assert "Mapping" not in selected_cells.by_run(found[1:])


def test_a_lasso_on_a_panel_without_a_map_selects_nothing(home, opened):
    fakes.comparison(home)
    app = opened(mode="Select", map="t-SNE")  # which no run has yet: the panels say so
    app = draw_around(app, [(-1, -1), (1, -1), (1, 1)], axis="x2")
    assert not app.exception
    assert app.session_state["selection"] is None
