"""Clicks on results in a real Chromium: chosen cells stand out on the maps, and nothing moves under the mouse."""

import re
from collections.abc import Iterator

import pytest

from semafo.runs.home import Home
from tests.support import fakes
from tests.support.serving import showing
from tests.support.serving import wait as serving_wait

pytestmark = [pytest.mark.browser]

SECONDS = 60  # for a page to answer on a busy machine
# The figure of the matrices, and its trace of markers that take clicks
TARGETS = """[...document.querySelectorAll(".js-plotly-plot")]
    .flatMap(plot => plot.data.filter(t => t.customdata && t.unselected).map(trace => ({plot, trace})))[0]"""
# The largest mistake of a run: where it is on the screen, how many cells it has, which types it confuses
LARGEST_MISTAKE = f"""panel => {{
    const {{plot, trace}} = {TARGETS}, suffix = trace.xaxis.slice(1), layout = plot._fullLayout;
    const xa = layout["xaxis" + suffix], ya = layout["yaxis" + suffix], box = plot.getBoundingClientRect();
    const count = i => Number(/(\\d+) cells?:/.exec(trace.hovertext[i])[1]);
    const i = trace.customdata.map((place, i) => i).filter(i => {{
        const [run, row, column] = trace.customdata[i];
        return run === panel && row !== column;
    }}).sort((i, j) => count(j) - count(i))[0];
    const x = box.left + xa._offset + xa.d2p(trace.x[i]), y = box.top + ya._offset + ya.d2p(trace.y[i]);
    return {{x, y, n: count(i), text: trace.hovertext[i], index: i}};
}}"""
OUTLINED = f"() => {{ const found = {TARGETS}; return found ? found.trace.selectedpoints || [] : null; }}"
HOVERED = """() => [...document.querySelectorAll(".hoverlayer .hovertext")].map(label => label.textContent).join("")"""


# Everything that moves on the page, however soon after a click
WATCH = """() => { window.moved = []; new PerformanceObserver(list => list.getEntries().forEach(shift => moved.push(
    [shift.value, ...shift.sources.map(source => (source.node?.textContent || "").slice(0, 40))]
))).observe({type: "layout-shift"}); }"""
IS_IDLE = "() => !document.querySelector('[data-testid=stStatusWidget]')"


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(1000 * SECONDS)
    yield page
    page.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app with three finished runs that were never trained."""
    folder = tmp_path_factory.mktemp("app")
    home = Home.at(folder / "home")
    fakes.comparison(home)
    with showing(home, folder / "app.log") as address:
        yield address


def wait(condition, what):
    serving_wait(condition, SECONDS, what)


def test_cells_of_a_clicked_matrix_cell_are_selected_on_the_map(page, app):
    page.goto(f"{app}/predictions")
    wait(lambda: page.evaluate(OUTLINED) == [], "the matrices, with nothing selected")
    page.get_by_text("Over seeds and splits").wait_for()  # the page is whole and stands still
    target = page.evaluate(LARGEST_MISTAKE, 1)  # in the second run's panel
    page.mouse.move(target["x"] - 2, target["y"])
    wait(lambda: page.evaluate(HOVERED) == target["text"].replace("<br>", ""), "what is in the cell, on hover")
    page.mouse.click(target["x"], target["y"])
    page.get_by_text(f"{target['n']} ", exact=False).filter(has_text="predicted as").first.wait_for()
    page.get_by_text(re.compile(r"Genes that tell them from the \d+ rightly predicted")).wait_for()
    assert page.evaluate(OUTLINED) == [target["index"]]
    assert "selection=pair" in page.url

    page.get_by_text("Show them on the map").click()
    page.get_by_role("heading", name="Latent space").wait_for()
    page.get_by_text(f"{target['n']} cells selected").first.wait_for()
    assert "selection=pair" in page.url

    page.reload()  # a link opens the same selection in a new session
    page.get_by_text(f"{target['n']} cells selected").first.wait_for()
    page.get_by_role("link", name="Predictions").click()
    wait(lambda: page.evaluate(OUTLINED) == [target["index"]], "the outline around the selected cell")
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Click a cell of a matrix").wait_for()
    wait(lambda: page.evaluate(OUTLINED) == [], "the outline to go")
    assert "selection" not in page.url


@pytest.mark.parametrize(
    ("address", "choices"),
    [
        ("latent_space", ("Query", "Test cells", "Select")),
        ("predictions", ("Whole query", "By row")),
        ("compare", ("Select", "Explore")),
    ],
)
def test_nothing_on_a_page_moves_when_a_widget_changes(page, app, address, choices):
    page.goto(f"{app}/{address}")
    page.locator(".js-plotly-plot").first.wait_for()
    page.wait_for_function(IS_IDLE)
    page.wait_for_timeout(2000)  # the last parts of the page arrive
    page.evaluate(WATCH)
    for choice in choices:
        page.get_by_role("radio", name=choice, exact=True).click()
        page.wait_for_timeout(500)
        page.wait_for_function(IS_IDLE)
        page.wait_for_timeout(500)
    moved = page.evaluate("() => moved")
    assert sum(share for share, *_ in moved) < 0.01, moved
