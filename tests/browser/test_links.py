"""A link copied from the address bar opens the same runs, page, colouring and selection in a new session."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from semafo.runs.home import Home
from semafo.ui.maps import selection
from tests.support import fakes
from tests.support.serving import clean_console, showing, wait

pytestmark = [pytest.mark.browser]

# What is really drawn: of each figure its panels' titles, and the name, colour and number of points of each trace.
DRAWN = """() => [...document.querySelectorAll(".js-plotly-plot")].filter(plot => plot._fullLayout).map(plot => ({
    titles: (plot.layout.annotations || []).map(a => a.text),
    traces: plot._fullData.map(t => [t.name, t.marker && String(t.marker.color).slice(0, 20), t._length]),
}))"""
CONTEXTS = """() => [...document.querySelectorAll("canvas")].filter(
    canvas => canvas.getContext("webgl") || canvas.getContext("webgl2")).length"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home.at(tmp_path_factory.mktemp("links") / "home")
    fakes.comparison(home)
    return home


@pytest.fixture(scope="module")
def address(home, tmp_path_factory):
    with showing(home, tmp_path_factory.mktemp("log") / "app.log") as found:
        yield found


def run_ids(home):
    return sorted(folder.name for folder in home.runs.iterdir() if not folder.name.startswith("."))


def query(page):
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def settled(page, heading):
    """What the page shows once it has stopped changing."""
    page.get_by_role("heading", name=heading, exact=True).wait_for(timeout=60_000)
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)
    seen = []

    def still():
        seen.append((page.evaluate(DRAWN), query(page)))
        return len(seen) > 3 and seen[-1] == seen[-2] == seen[-3] and seen[-1][0]

    wait(still, 30, "the page to settle")
    return seen[-1]


def choose(page, label, option):
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def test_a_copied_link_opens_the_same_maps_in_a_new_session(browser, home, address):
    runs = run_ids(home)
    chosen = selection.to_text(selection.Pairing("test", "Dendritic", "Dendritic", runs[0]))
    first = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    with clean_console(first):
        first.goto(f"{address}/latent_space?runs={','.join(runs)}&selection={quote(chosen)}")
        before = settled(first, "Latent space")
        choose(first, "Colour", "Predicted type")
        first.get_by_role("button", name=re.compile("Remove")).first.click()
        first.get_by_text("2 of 6").wait_for()
        kept = f"{runs[1]}~2,{runs[2]}~3"  # with the colours that they had
        wait(lambda: (query(first).get("colouring"), query(first)["runs"]) == ("Predicted type", kept), 20, "the URL")
        copied = settled(first, "Latent space")
        assert first.evaluate(CONTEXTS) <= 8
    assert before[0] != copied[0]
    assert copied[1]["selection"] == chosen

    second = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    with clean_console(second):
        second.goto(first.url)
        assert settled(second, "Latent space") == copied
        assert second.get_by_text("2 of 6").is_visible()
    for page in (first, second):
        page.context.close()


def test_a_link_keeps_to_its_page_and_ignores_what_it_does_not_know(browser, home, address):
    runs = run_ids(home)
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    with clean_console(page):
        page.goto(f"{address}/predictions?runs={runs[0]},gone-1234&normalisation=Counts&prediction_cells=Everything")
        _, found = settled(page, "Predictions")
        assert found == {"runs": runs[0], "normalisation": "Counts"}
        page.get_by_role("link", name="Latent space", exact=True).click()
        _, found = settled(page, "Latent space")
        assert found == {"runs": runs[0]}
        page.get_by_role("link", name="Predictions", exact=True).click()
        _, found = settled(page, "Predictions")
        assert found == {"runs": runs[0], "normalisation": "Counts"}  # chosen in this session
    page.context.close()


def test_a_window_that_is_made_narrow_draws_once_more_and_then_rests(browser, home, address):
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    with clean_console(page):
        page.goto(f"{address}/predictions?runs={','.join(run_ids(home))}")
        wide = settled(page, "Predictions")
        at_load = len(sent)
        page.set_viewport_size({"width": 620, "height": 900})
        page.wait_for_timeout(1500)
        narrow = settled(page, "Predictions")
        assert narrow != wide
        assert len(sent) == at_load + 1
        page.set_viewport_size({"width": 660, "height": 900})
        page.wait_for_timeout(1500)
        assert len(sent) == at_load + 1  # it is as narrow as before
        assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    page.context.close()
