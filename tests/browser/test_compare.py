"""Compare in a real Chromium: what is chosen on one part stands out on all, and keys do what they say."""

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from semafo import keys
from semafo.runs.home import Home
from semafo.settings.run_config import TrainSettings
from semafo.ui.maps.polygon import inside
from tests.support import fakes
from tests.support.serving import clean_console, showing
from tests.support.serving import wait as serving_wait

pytestmark = [pytest.mark.browser]

SECONDS = 60
PLOT = "document.querySelector('.st-key-figure-comparison .js-plotly-plot')"
# Cells that are counted by each matrix, as its targets say; none while Streamlit puts a changed figure in place
COUNTED = f"""() => ({PLOT}?.data || []).filter(t => t.customdata && t.customdata[0] && t.customdata[0][0] === 0).map(
    t => t.hovertext.map(text => Number(/(\\d+) cells?:/.exec(text)[1])).reduce((a, b) => a + b, 0))"""
# Cells of the maps that stand out, and those that are faded
FADED = f"() => {PLOT}.data.filter(t => t.type === 'scattergl' && t.meta === 'faded').length"
SHAPES = f"() => ({PLOT}._fullLayout.shapes || []).length"
# Where a point of a trace is on the screen
WHERE = f"""([kind, block, which]) => {{
    const plot = {PLOT}, layout = plot._fullLayout;
    const traces = plot.data.filter(t => t.customdata && t.customdata[0] && t.customdata[0][0] === kind);
    const trace = traces[block], i = kind === 1 ? which : trace.customdata.findIndex(p => p[2] !== p[3]);
    const xa = layout["xaxis" + trace.xaxis.slice(1)], ya = layout["yaxis" + trace.yaxis.slice(1)];
    const box = plot.getBoundingClientRect();
    return {{x: box.left + xa._offset + xa.d2p(trace.x[i]), y: box.top + ya._offset + ya.d2p(trace.y[i]),
             text: trace.hovertext[i]}};
}}"""
# The first map's points, and where one of them is on the screen
POINTS = f"""() => {PLOT}._fullData.filter(t => t.type === "scattergl" && t.xaxis === "x")
    .flatMap(t => [...t.x].map((x, i) => [x, t.y[i]]))"""
ON_SCREEN = f"""([x, y]) => {{ const plot = {PLOT}, box = plot.getBoundingClientRect();
    const xa = plot._fullLayout.xaxis, ya = plot._fullLayout.yaxis;
    return {{x: box.left + xa._offset + xa.d2p(x), y: box.top + ya._offset + ya.d2p(y)}}; }}"""
TOLD = "() => document.querySelector('.hoverlayer .hovertext')?.textContent || ''"
IS_IDLE = "() => !document.querySelector('[data-testid=stStatusWidget]')"
MAP = f"""block => {{ const plot = {PLOT}, box = plot.getBoundingClientRect();
    const s = block ? String(block + 1) : "", xa = plot._fullLayout["xaxis" + s], ya = plot._fullLayout["yaxis" + s];
    return {{x: box.left + xa._offset, y: box.top + ya._offset, width: xa._length, height: ya._length}}; }}"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home.at(tmp_path_factory.mktemp("compare") / "home")


@pytest.fixture(scope="module")
def runs(home):
    return fakes.comparison(home)


@pytest.fixture(scope="module")
def app(home, runs) -> Iterator[str]:
    with showing(home, home.path.parent / "app.log") as address:
        yield address


@pytest.fixture(scope="module")
def opened(browser, app):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(1000 * SECONDS)
    with clean_console(page):
        page.goto(f"{app}/compare")
        wait(lambda: page.evaluate(f"() => Boolean({PLOT} && {PLOT}._fullLayout)"), "the comparison")
        page.get_by_text("Labels, against scANVI").wait_for()
        page.wait_for_function("() => window.semafoKeys?.send")  # keys are heard
        yield page
    page.close()


@pytest.fixture
def page(opened, runs):
    """The comparison of three runs, with nothing chosen."""
    opened.wait_for_function(IS_IDLE)
    opened.get_by_role("radio", name="Explore", exact=True).click()
    opened.keyboard.press("Escape")
    wait(lambda: opened.evaluate(COUNTED) == [n_test(run) for run in runs], "matrices of all test cells")
    opened.wait_for_function(IS_IDLE)
    opened.wait_for_timeout(1000)  # a figure that was put in place takes clicks once it is painted
    return opened


def wait(condition, what):
    serving_wait(condition, SECONDS, what)


def n_test(run):
    cells = run.cells()
    return int((cells[keys.PART] == keys.TEST).sum())


def test_a_type_stands_out_everywhere_and_escape_takes_it_back(page, runs):
    whole = page.evaluate(COUNTED)
    dot = page.evaluate(WHERE, [1, 1, 9])  # the second block's dot of the tenth type
    page.mouse.click(dot["x"], dot["y"])
    page.get_by_text("selected · labelled Dendritic").wait_for()
    assert "selection=type" in page.url
    cells = runs[0].cells()
    of_type = int(((cells[keys.PART] == keys.TEST) & (cells[keys.TRUE] == "Dendritic")).sum())
    wait(lambda: page.evaluate(COUNTED) == [of_type] * 3, "matrices of the type alone")
    assert page.evaluate(FADED) > 0
    assert page.evaluate(SHAPES) == 6
    page.keyboard.press("Escape")
    wait(lambda: page.evaluate(COUNTED) == whole, "matrices of all test cells again")
    assert "selection" not in page.url


def test_the_cells_of_a_matrix_cell_stand_out_on_all_maps_and_a_link_restores_them(page, browser, runs):
    target = page.evaluate(WHERE, [0, 2, 0])  # a mistake of the third run
    page.mouse.click(target["x"], target["y"])
    page.get_by_text(re.compile(r"predicted as .* by Both")).wait_for()
    n = int(re.search(r"(\d+) cells?:", target["text"])[1])
    wait(lambda: page.evaluate(COUNTED) == [n] * 3, "matrices of these cells alone")
    assert page.evaluate(SHAPES) == 1
    again = browser.new_page(viewport={"width": 1440, "height": 900})
    again.goto(page.url)
    wait(
        lambda: again.evaluate(f"() => Boolean({PLOT})") and again.evaluate(COUNTED) == [n] * 3, "the link's selection"
    )
    again.close()


def test_a_lasso_recounts_matrices_and_scores_to_the_cells_inside(page, runs):
    page.get_by_role("radio", name="Select", exact=True).click()
    wait(lambda: page.evaluate(f"() => {PLOT}._fullLayout.dragmode") == "lasso", "the lasso")
    area = page.evaluate(MAP, 0)
    corners = [(0.15, 0.2), (0.7, 0.2), (0.7, 0.8), (0.15, 0.8), (0.15, 0.25)]
    points = [(area["x"] + x * area["width"], area["y"] + y * area["height"]) for x, y in corners]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()
    page.get_by_text("inside the outline on the UMAP of scANVI").wait_for()
    outline = re.search(r"selection=lasso[^&]*", page.url)
    assert outline
    from urllib.parse import unquote

    polygon = [tuple(map(float, c.split(","))) for c in unquote(outline[0]).rsplit(":", 1)[1].split(";")]
    cells = runs[0].cells()
    chosen = inside(np.asarray(runs[0].array(keys.X_UMAP)), polygon) & (cells[keys.PART] == keys.TEST).to_numpy()
    expected = int(chosen.sum())
    assert 0 < expected < n_test(runs[0])
    wait(lambda: page.evaluate(COUNTED) == [expected] * 3, "matrices of the cells inside")
    right = (cells[keys.PREDICTED] == cells[keys.TRUE]).to_numpy()[chosen].mean()
    titles = page.evaluate(f"() => {PLOT}._fullLayout.annotations.map(a => a.text)")
    assert any(f"accuracy {right:.3f}" in text and f"n {expected}" in text for text in titles)


def unit(xy):
    """Positions as shares of their range: a map sends them as whole numbers."""
    xy = np.asarray(xy, dtype=float)
    return (xy - xy.min(axis=0)) / np.ptp(xy, axis=0)


def test_pointing_at_a_cell_names_its_true_and_its_predicted_type_in_every_column(page, runs):
    points = np.array(page.evaluate(POINTS), dtype=float)
    points = points[np.isfinite(points).all(axis=1)]
    apart = np.sort(((points[:, None] - points[None]) ** 2).sum(axis=2), axis=1)[:, 1]
    alone = apart.argmax()  # no other lies over it
    at = page.evaluate(ON_SCREEN, points[alone].tolist())
    page.mouse.move(at["x"] - 40, at["y"])
    page.mouse.move(at["x"], at["y"], steps=4)
    cell = ((unit(runs[0].array(keys.X_UMAP)) - unit(points)[alone]) ** 2).sum(axis=1).argmin()
    true = runs[0].cells()[keys.TRUE].iloc[cell]
    wait(lambda: page.evaluate(TOLD).startswith(true), f"what is said of a cell of {true}")
    for run in runs:
        assert f"{run.config.mix.name}: {run.cells()[keys.PREDICTED].iloc[cell]} (" in page.evaluate(TOLD)


def test_keys_present_walk_and_return(page):
    page.keyboard.press("p")
    page.wait_for_function("() => location.search.includes('present=1')")
    page.locator("[data-testid=stSidebar]").wait_for(state="hidden")
    for name in ("replay", "predictions", "factors"):
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"() => location.pathname.endsWith('{name}') && location.search.includes('present=1')")
        page.locator(".js-plotly-plot").first.wait_for()
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => location.pathname.endsWith('predictions')")
    page.keyboard.press("Escape")
    page.wait_for_function("() => !location.search.includes('present')")
    page.locator("[data-testid=stSidebar]").wait_for(state="visible")


def test_three_seeds_stack_into_one_column(browser, tmp_path):
    home = Home.at(tmp_path / "home")
    for seed in range(3):
        for mix in fakes.MIXES[:2]:
            fakes.finished(home, replace(fakes.REAL, mix=mix, train=TrainSettings(seed=seed)))
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    with showing(home, tmp_path / "app.log") as address, clean_console(page):
        page.goto(f"{address}/compare")
        wait(lambda: page.evaluate(f"() => Boolean({PLOT})"), "the comparison")
        assert page.evaluate(f"() => {PLOT}.data.filter(t => t.type === 'heatmap').length") == 2
        page.get_by_text("2 of 6").wait_for()
        page.get_by_text("3 seeds").first.wait_for()
    page.close()
