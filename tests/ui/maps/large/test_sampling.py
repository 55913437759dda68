"""Panels with more cells than are sent one by one: samples that keep rare types, and pictures of the rest."""

import numpy as np
import pytest
import streamlit as st

from semafo import keys
from semafo.runs.home import Home
from semafo.ui.charts.colours import Look
from semafo.ui.charts.maps.panel import Frame, Panel
from semafo.ui.maps import figures as map_figures
from semafo.ui.maps.large import sampling
from semafo.ui.maps.selection import Lasso
from semafo.ui.session import tray
from tests.support import fakes

LOOKS = {"A": Look("#FF0000", "circle"), "B": Look("#0000FF", "circle")}


def panel_of(n_cells, **more):
    xy = np.random.default_rng(0).normal(size=(n_cells, 2)).astype(np.float32)
    codes = np.arange(n_cells) % 2
    return Panel("run", (), "#000000", xy=xy, codes=codes, looks=LOOKS, frame=Frame.around([xy]), **more)


@pytest.mark.parametrize("most", [40, 500, 3_000])
def test_a_sample_is_as_large_as_allowed_and_has_some_of_every_type(most):
    strata = np.random.default_rng(1).choice(5, 20_000, p=[0.7, 0.2, 0.09, 0.009, 0.001])
    rows = sampling.sample(strata, most)
    assert 0.9 * most < len(rows) <= most
    assert (np.diff(rows) > 0).all()
    drawn, there = np.bincount(strata[rows], minlength=5), np.bincount(strata)
    assert (drawn >= np.minimum(there, min(sampling.RARE, most // 10))).all()
    assert drawn.argmax() == 0
    assert (sampling.sample(strata, most) == rows).all()


def test_few_cells_need_no_picture_and_many_do():
    few, many = panel_of(400), panel_of(60_000)
    options = {"n_panels": 2, "window": None}
    assert sampling.drawn(few, few.codes, selecting=True, **options) is None
    rows = sampling.drawn(many, many.codes, selecting=False, **options)
    assert len(rows) <= sampling.SAMPLED // 2
    assert sampling.needs_picture(many, rows, None)
    middling = panel_of(2_000)
    assert sampling.drawn(middling, middling.codes, selecting=False, **options) is None
    assert len(sampling.drawn(middling, middling.codes, selecting=True, **options)) <= sampling.SELECTABLE


def test_a_piece_with_few_cells_shows_all_of_them_as_points():
    panel = panel_of(60_000)
    (x0, y0), (x1, y1) = panel.frame.exactly([(-0.2, -0.2), (0.2, 0.2)])
    window = (x0, x1, y0, y1)
    rows = sampling.drawn(panel, panel.codes, selecting=False, n_panels=1, window=window)
    inside = (np.abs(panel.xy) <= 0.2).all(axis=1)
    assert set(np.flatnonzero(inside)) <= set(rows)
    assert len(rows) < 10_000
    assert not sampling.needs_picture(panel, rows, window)


def test_a_picture_of_a_piece_covers_it_and_is_finer():
    panel = panel_of(60_000)
    (x0, y0), (x1, y1) = panel.frame.exactly([(-0.5, -0.5), (0.5, 0.5)])
    whole, piece = (sampling.picture(panel, sampling.placed(panel, window)) for window in (None, (x0, x1, y0, y1)))
    assert piece.x0 < -0.5 < 0.5 < piece.x1  # a panel is wider than high, so more is seen
    assert (piece.y0, piece.y1) == pytest.approx((-0.5, 0.5))
    assert piece.x1 - piece.x0 < (whole.x1 - whole.x0) / 2


def test_pictures_of_all_and_of_lit_cells_differ_in_place_as_plotly_wants():
    panel = panel_of(3_000, lit=np.arange(3_000) < 1_000)
    places = sampling.placed(panel, None)
    whole, lit = sampling.picture(panel, places), sampling.lit_picture(panel, places)
    assert lit.png != whole.png
    assert lit.x1 != whole.x1
    assert lit.x1 == pytest.approx(whole.x1, rel=1e-4)


def test_a_page_of_many_cells_has_pictures_below_few_points_and_lights_up_the_same_cells(tmp_path, monkeypatch):
    st.cache_resource.clear()
    monkeypatch.setattr(sampling, "MOST_POINTS", 300)
    monkeypatch.setattr(sampling, "SAMPLED", 240)
    records = fakes.comparison(Home.at(tmp_path))
    runs = [tray.ChosenRun(record, record.title, "#4477AA") for record in records]
    plain = map_figures.draw(runs, map_figures.View(aligned=True))
    assert len(plain.layout.images) == 3
    assert sum(len(trace.x) for trace in plain.data) <= 240
    chosen = Lasso.around(runs[0].run_id, "UMAP", [(-5, -5), (5, -5), (5, 5), (-5, 5)])
    lit = map_figures.draw(runs, map_figures.View(aligned=True), chosen)
    places = [(one.xref, one.x, one.sizex) for one in lit.layout.images]
    assert len(set(places)) == 6
    for colouring in map_figures.COLOURINGS:
        assert (
            len(map_figures.draw(runs, map_figures.View(colouring, mode=map_figures.SELECT), chosen).layout.images) >= 3
        )


def test_a_map_on_which_not_all_cells_were_laid_out_shows_the_others(tmp_path):
    st.cache_resource.clear()
    records = fakes.comparison(Home.at(tmp_path))
    for record in records:
        places = record.array(keys.X_UMAP).copy()
        places[::2] = np.nan
        np.save(record.folder / keys.array_file(keys.X_TSNE), places)
    runs = [tray.ChosenRun(record, record.title, "#4477AA") for record in records]
    chosen = Lasso.around(runs[0].run_id, "t-SNE", [(-5, -5), (5, -5), (5, 5), (-5, 5)])
    for aligned in (False, True):
        view = map_figures.View(projection="t-SNE", aligned=aligned, labels=True, density=True)
        figure = map_figures.draw(runs, view, chosen)
        assert sum(len(trace.x) for trace in figure.data if trace.mode == "markers") == 3 * 350
