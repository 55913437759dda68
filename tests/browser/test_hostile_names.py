"""Hostile names in every place where people can write one: each page, export and report shows them and does nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from tests.support.hostile import ADDRESS, MARK
from tests.support.hostile_home import DATASET, hostile_home
from tests.support.serving import clean_console, showing, wait

pytestmark = [pytest.mark.browser]

PAGES = (
    *("", "train", "compare", "annotate", "latent_space", "replay"),
    *("predictions", "integration", "factors", "sweep", "runs"),
)
# What would have come of a name: elements that only it can have made, and what can be clicked in one
MADE = f"""() => [
    ...[...document.querySelectorAll(".katex")].filter(one => one.textContent.includes("{MARK}")),  // ours has no name
    ...document.querySelectorAll(
        "img[src='x'], form[action], a[href*='192.0.2.1'], a[href*='example.com'], a[href^='mailto:'], "
        + "[data-testid=stMarkdown] :is(h1, blockquote, table, hr, del), svg a"
    )
].map(one => one.outerHTML.slice(0, 200))"""
CUT = "() => document.scrollingElement.scrollWidth > innerWidth + 1"


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    return hostile_home(tmp_path_factory.mktemp("hostile") / "home")


@pytest.fixture(scope="module")
def address(home, tmp_path_factory):
    with showing(home, tmp_path_factory.mktemp("log") / "app.log") as found:
        yield found


def finished(home: Home) -> list[str]:
    records = map(RunRecord, sorted(home.runs.iterdir()))
    return [one.run_id for one in records if one.is_committed and one.config.dataset.name == DATASET]


@pytest.mark.long
@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_them_and_does_nothing_else(browser, home, address, path):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    with clean_console(page):
        page.goto(f"{address}/{path}?runs={','.join(finished(home))}")
        page.get_by_test_id("stMain").get_by_role("heading").first.wait_for(timeout=60_000)
        wait(lambda: page.get_by_test_id("stStatusWidget").count() == 0, 60, "the page to be drawn")
        for name in page.get_by_test_id("stExpander").all():
            name.locator("summary").click()
        page.wait_for_timeout(1500)
        assert page.evaluate(MADE) == []
        assert page.title() != MARK
        assert page.get_by_text("This page met an error").count() == 0
        assert not page.evaluate(CUT)
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(1500)
        assert not page.evaluate(CUT)
    assert [
        url for url in asked if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))
    ] == []
    page.close()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["html", "py", "ipynb", "h5ad"])
def test_an_export_shows_them_and_does_nothing_else(browser, home, tmp_path, kind):
    path = tmp_path / f"export.{kind}"
    run_ids = finished(home) if kind == "html" else finished(home)[:1]
    command = [sys.executable, "-m", "semafo", "export", *run_ids, "--to", str(path), "--home", str(home.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if kind == "html":
        assert_inert(browser, path)
    elif kind == "py":
        compile(path.read_text(encoding="utf-8"), str(path), "exec")


@pytest.mark.long
def test_a_report_of_a_sweep_shows_them_and_does_nothing_else(browser, home, tmp_path):
    path = tmp_path / "sweep.html"
    command = [sys.executable, "-m", "semafo", "report", "sweep-fake", "--to", str(path), "--home", str(home.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert_inert(browser, path)


def assert_inert(browser, path: Path) -> None:
    """A written page opens, asks for nothing, and nothing of it comes from a name."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    with clean_console(page):
        page.goto(path.as_uri())
        page.wait_for_function("() => document.querySelectorAll('.main-svg').length > 0")
        page.wait_for_timeout(1500)
        assert page.evaluate(MADE) == []
        assert page.title() != MARK
    assert not [url for url in asked if ADDRESS in url or url.startswith("http")]
    page.close()
