"""The main path in a real Chromium: one button, three maps, three matrices, scores; reload and cancel on the way."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from semafo import keys
from semafo.runs.engine.launch import engine_pid
from semafo.runs.home import Home
from semafo.runs.library import store
from tests.support.serving import clean_console, serving, wait

pytestmark = [pytest.mark.browser]

SECONDS = float(os.environ.get("SEMAFO_MAIN_PATH_SECONDS", "120"))  # from the click to three maps, on two free cores
SCORES_SECONDS = 180  # the scib table comes when it is ready


@pytest.fixture
def app(tmp_path: Path) -> Iterator[tuple[str, Home]]:
    """The app on a free port with a home of its own."""
    home = Home.at(tmp_path / "home")
    with serving(home, tmp_path / "app.log") as address:
        yield address, home


def states(home):
    return [row["state"] for row in store.rows(home)]


PANELS_OF_TYPE = """type => Math.max(0, ...[...document.querySelectorAll(".js-plotly-plot")].map(
    plot => new Set((plot.data || []).filter(trace => trace.type === type).map(trace => trace.xaxis || "x")).size))"""


def n_panels(page, trace_type):
    """Panels with traces of that type in the figure that has most of them: what was really drawn, in one figure."""
    return page.evaluate(PANELS_OF_TYPE, trace_type)


# Where the first cells of each live map lie, and what moves on the page while panels fill
LIVE = """() => { const found = []; const walk = root => root.querySelectorAll("*").forEach(element => {
    if (element.classList.contains("semafo-live")) found.push(element.dataset.positions || "");
    if (element.shadowRoot) walk(element.shadowRoot);
}); walk(document); return found; }"""
WATCH = """() => { window.moved = []; new PerformanceObserver(list => list.getEntries().forEach(shift => moved.push(
    [shift.value, ...shift.sources.map(source => (source.node?.textContent || "").slice(0, 40))]
))).observe({type: "layout-shift"}); }"""
BOTTOM_OF_MATRICES = """() => { const plot = [...document.querySelectorAll(".js-plotly-plot")].find(
    one => one.data.some(trace => trace.type === "heatmap")), axis = plot._fullLayout[
    "yaxis" + plot.data.find(trace => trace.type === "heatmap").yaxis.slice(1)];
    return plot.getBoundingClientRect().top + axis._offset + axis._length; }"""


def see_it_train(page, home, started, seconds):
    """Follow three models on Compare, from the click to the last score: live maps move, panels fill, nothing jumps."""
    page.get_by_role("heading", name="Compare").wait_for()
    wait(lambda: keys.RUNNING in states(home), 60, "a run to start")
    page.reload()  # nothing is lost
    page.get_by_text("3 of 6").wait_for()
    page.locator(".st-key-figure-comparison .js-plotly-plot").wait_for()
    page.wait_for_timeout(1000)  # the page stands: from here on panels fill
    page.evaluate(WATCH)
    seen: list[str] = []

    def look() -> bool:
        """Note the first live map where it has moved."""
        newest = next((place for place in page.evaluate(LIVE) if place), None)
        if newest and newest not in seen:
            seen.append(newest)
        return n_panels(page, "scattergl") == n_panels(page, "heatmap") == 3

    wait(look, seconds, "three maps above three confusion matrices")
    print(f"three maps and three confusion matrices after {time.monotonic() - started:.0f} s; {len(seen)} live frames")
    assert len(seen) >= 3, "the live maps did not move"
    assert time.monotonic() - started < seconds
    assert page.evaluate(BOTTOM_OF_MATRICES) < 900
    moved = page.evaluate("() => moved")
    assert sum(share for share, *_ in moved) <= 0.05, moved
    wait(lambda: states(home) == [keys.DONE] * 3, SCORES_SECONDS, "the scores")
    page.get_by_text("Biology kept", exact=True).wait_for(timeout=20_000)
    page.get_by_text("Labels, against scANVI").wait_for()


@pytest.mark.parametrize(
    "button", ["Compare on real cells", pytest.param("Map a query onto a reference", marks=pytest.mark.long)]
)
def test_one_button_leads_to_live_maps_then_maps_matrices_and_scores_on_one_page(browser, app, button):
    address, home = app
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    with clean_console(page):
        page.goto(address)
        page.get_by_role("button", name=button).click(timeout=60_000)
        see_it_train(page, home, time.monotonic(), SECONDS)
    page.close()


@pytest.mark.long
def test_cells_of_ones_own_lead_to_the_same(browser, app, kang_path):
    address, home = app
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(60_000)
    with clean_console(page):
        page.goto(address)
        page.get_by_role("button", name="Or choose cells of your own").click()
        page.get_by_role("radio", name="File on this machine").click()
        path = page.get_by_role("textbox", name="Path of an .h5ad file")
        path.fill(str(kang_path))
        path.press("Enter")
        page.get_by_text(re.compile(r"2.?699 cells")).first.wait_for()
        page.get_by_role("button", name="Use these cells").click()
        page.get_by_role("button", name="Train 3 models").click()
        see_it_train(page, home, time.monotonic(), 3 * SECONDS)
    page.close()


@pytest.mark.long
def test_a_page_outlives_the_engine_and_starts_another(browser, app):
    address, home = app
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    with clean_console(page):
        page.goto(address)
        page.get_by_role("button", name="Compare on real cells").click(timeout=60_000)
        wait(lambda: keys.RUNNING in states(home), 60, "a run to start")
        os.kill(engine_pid(home), signal.SIGKILL)
        wait(lambda: engine_pid(home) is not None, 40, "another engine")
        wait(lambda: keys.FAILED in states(home), 20, "the unfinished run to say so")
        page.get_by_role("link", name="Runs").click()
        page.get_by_role("heading", name="Runs", exact=True).wait_for()
        assert keys.FAILED in states(home)
        assert set(states(home)) - {keys.FAILED} <= set(keys.ACTIVE_STATES)
    page.close()


@pytest.mark.long
def test_a_run_is_cancelled_from_the_page(browser, app):
    address, home = app
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    with clean_console(page):
        page.goto(address)
        page.get_by_role("button", name="Compare on real cells").click(timeout=60_000)
        wait(lambda: keys.RUNNING in states(home), 60, "a run to start")
        page.get_by_role("link", name="Train").click()
        page.get_by_role("button", name="Cancel", exact=True).first.click(timeout=30_000)
        wait(lambda: keys.CANCELLED in states(home), 10, "the run to be cancelled")
        for run in store.rows(home):
            store.cancel(home, run["run_id"])
        wait(lambda: not set(states(home)) & set(keys.ACTIVE_STATES), 20, "all runs to end")
        page.get_by_role("heading", name="Train", exact=True).wait_for()
    page.close()
