"""Figures as files: what is changed for print, and real files from a real browser."""

import re
import zlib

import numpy as np
import plotly.graph_objects as go
import psutil
import pytest

from semafo import inert
from semafo.errors import SemafoError
from semafo.ui import charts
from semafo.ui.charts import colours
from semafo.ui.printing import paper, render
from tests.support.needs import missing
from tests.support.tiny import wait_for

NOTES = ("One seed proves nothing.", "pbmc68k · one stage · 20 % labelled · scANVI, Both · seed 0, 1", "Semafo 0.1.0")


def figure_of_points(n=60):
    rng = np.random.default_rng(0)
    xy, codes = rng.normal(size=(n, 2)), rng.integers(0, 2, n)
    panels = [charts.Panel(name, ("accuracy 0.9",), "#4477AA", xy, codes) for name in ("scANVI", "Both")]
    return charts.latent_panels(panels, colours.of_types(["A", "B"]))


@pytest.fixture(autouse=True)
def no_earlier_failure():
    render.forget_failure()
    yield
    render.forget_failure()


def sizes(part):
    """All text sizes in pixels in a figure, wherever they stand."""
    if isinstance(part, dict):
        own = [part["size"]] if {"size", "family"} & set(part) and isinstance(part.get("size"), (int, float)) else []
        return own + [size for key, value in part.items() if key != "marker" for size in sizes(value)]
    if isinstance(part, (list, tuple)):
        return [size for value in part for size in sizes(value)]
    return [float(found) for found in re.findall(r"font-size:([\d.]+)px", part)] if isinstance(part, str) else []


def test_printed_text_has_nine_points_or_more():
    figure = figure_of_points().update_layout(font={"size": 8, "family": "Arial"})
    figure.add_annotation(text="<span style='font-size:7px'>small</span>", font={"size": 9, "family": "Arial"})
    assert min(sizes(figure.to_dict()["layout"])) < paper.LEAST_TEXT
    assert min(sizes(paper.on_paper(figure))) >= paper.LEAST_TEXT == 9 * 96 / 72


def test_printing_leaves_the_figure_on_the_page_alone():
    figure = figure_of_points()
    before = figure.to_json()
    paper.on_paper(figure)
    assert figure.to_json() == before


def test_maps_are_vectors_up_to_a_number_of_points():
    kinds = [{trace["type"] for trace in paper.on_paper(figure_of_points(n))["data"]} for n in (60, 10_001)]
    assert kinds == [{"scatter"}, {"scattergl"}]


def test_ground_is_white_and_text_dark():
    layout = paper.on_paper(figure_of_points())["layout"]["template"]["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "#FFFFFF"
    assert layout["font"]["color"] == paper.INK


def test_three_panels_in_a_row_get_a_page_on_its_side():
    one, two, three = (go.Figure().set_subplots(1, n).add_scatter(y=[1]) for n in (1, 2, 3))
    widths = [paper.on_paper(figure)["layout"]["width"] for figure in (one, two, three)]
    assert widths == [paper.WIDTH, paper.WIDTH, paper.LANDSCAPE]


def test_a_caption_is_broken_into_lines_below_the_drawing():
    drawing = inert.Html('<svg class="main-svg" width="680" height="400"><g/></svg>')
    whole, width, height = paper.with_caption([drawing], ["word " * 60, "a < b"])
    lines = re.findall(r'y="([\d.]+)">([^<]+)</text>', whole)
    assert (width, len(lines)) == (680, 4)
    assert all(400 < float(y) < height for y, _ in lines)
    assert lines[-1][1] == "a &lt; b"
    assert drawing in whole


@pytest.fixture
def a_browser():
    """Files are drawn by a browser, a real one."""
    if render.browser() is None:
        missing("no Chromium or Chrome on this machine to draw files with")


@pytest.mark.usefixtures("a_browser")
def test_an_svg_has_the_figure_and_its_caption_as_text_and_every_cell_as_a_vector():
    svg = render.render(figure_of_points(), "svg", NOTES).decode()
    assert svg.startswith("<svg")
    assert all(note in svg for note in NOTES)
    assert "scANVI" in svg
    assert svg.count('class="point"') >= 120
    assert "<image" not in svg


@pytest.mark.usefixtures("a_browser")
def test_a_png_has_two_pixels_for_each_and_a_pdf_has_text():
    png = render.render(figure_of_points(), "png", NOTES)
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20]) == 2 * paper.WIDTH
    pdf = render.render(figure_of_points(), "pdf", NOTES)
    assert pdf.startswith(b"%PDF")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    drawn = b"".join(zlib.decompress(s) for s in streams if s[:1] == b"x")
    assert b"/Font" in pdf
    assert b" Tj" in drawn or b" TJ" in drawn  # text stays text


def test_without_a_browser_the_reason_and_a_way_out_are_in_words(monkeypatch):
    monkeypatch.setattr(render, "browser", lambda: None)
    assert "no" in render.problem()
    with pytest.raises(SemafoError, match=r"Install one, or set BROWSER_PATH\. The camera"):
        render.render(figure_of_points(), "svg", NOTES)


def test_the_browser_is_found_by_its_path_first(tmp_path, monkeypatch):
    mine, other = tmp_path / "my-browser", tmp_path / "google-chrome"
    for file in (mine, other):
        file.write_text("#!/bin/sh\nsleep 30\n")
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    assert render.browser() == str(other)
    monkeypatch.setenv("BROWSER_PATH", str(mine))
    assert render.browser() == str(mine)


def test_a_browser_that_hangs_is_ended_and_the_next_drawing_says_so(tmp_path, monkeypatch):
    browser, started = tmp_path / "chromium", tmp_path / "pid"
    browser.write_text(f"#!/bin/sh\necho $$ > {started}\nexec sleep 60\n")
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(browser))
    with pytest.raises(SemafoError, match="longer than 4 seconds"):
        render.render(figure_of_points(), "svg", NOTES, limit_seconds=4)
    assert "longer than 4 seconds" in render.problem()
    if started.exists():
        pid = int(started.read_text())
        wait_for(lambda: has_ended(pid), 10)  # it was killed, and may take a moment to go


def has_ended(pid):
    """Whether a process is gone, or only waits for its parent to take notice."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
