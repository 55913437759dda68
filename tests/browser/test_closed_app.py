"""The printed address in a real browser: the cookie carries pages, uploads, reloads and tabs; nobody else comes in."""

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from semafo.runs.home import Home
from tests.support import fakes
from tests.support.closed_app import opened
from tests.support.serving import clean_console

pytestmark = [pytest.mark.browser]

SOCKET = """address => new Promise(done => {
    const socket = new WebSocket(address, ["streamlit"]);
    socket.onopen = () => done("open");
    socket.onerror = () => done("error");
})"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("app"), "--no-browser") as command:
        yield command


@pytest.fixture(scope="module")
def app_with_runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("app")
    fakes.comparison(Home.at(folder / "home"))
    with opened(folder, "--no-browser") as command:
        yield command


@pytest.fixture
def context(browser):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield context
    context.close()


def heading(page, name):
    page.get_by_role("heading", name=name).first.wait_for(timeout=60_000)
    assert page.get_by_test_id("stException").count() == 0


def test_the_printed_address_shows_the_first_page_and_keeps_no_token(app, context):
    page = context.new_page()
    with clean_console(page):
        page.goto(app.address)
        heading(page, "See what a few labels do")
        assert page.url == f"http://127.0.0.1:{app.port}/"
        assert page.get_by_test_id("stSidebarLogo").evaluate("image => image.naturalWidth") > 0
        page.reload()
        heading(page, "See what a few labels do")
        page.get_by_role("link", name="Runs").first.click()
        heading(page, "Runs")
        second = context.new_page()
        with clean_console(second):
            second.goto(f"http://127.0.0.1:{app.port}/train")
            heading(second, "Train")
    assert page.evaluate("document.cookie").count("semafo-token") == 0


@pytest.mark.long
def test_the_token_works_on_a_link_to_any_page(app, context):
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{app.port}/compare?runs=none&present=0&{urlsplit(app.address).query}")
    heading(page, "Compare")
    assert app.token not in page.url


@pytest.mark.long
def test_a_file_is_uploaded_with_the_cookie(app_with_runs, context, tmp_path):
    file = tmp_path / "runs.zip"
    file.write_bytes(b"no runs")
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{app_with_runs.port}/runs?{urlsplit(app_with_runs.address).query}")
    heading(page, "Runs")
    page.get_by_role("button", name="Import runs").click()
    with page.expect_response(lambda answer: answer.request.method == "PUT", timeout=30_000) as answer:
        page.locator("input[type=file]").first.set_input_files(file)
    assert answer.value.status == 204


def test_maps_and_components_are_drawn_with_the_cookie(app_with_runs, context):
    page = context.new_page()
    runs = ",".join(folder.name for folder in app_with_runs.home.runs.iterdir() if not folder.name.startswith("."))
    with clean_console(page):
        page.goto(
            f"http://127.0.0.1:{app_with_runs.port}/latent_space?runs={runs}&{urlsplit(app_with_runs.address).query}"
        )
        heading(page, "Latent space")
        page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=60_000)


@pytest.mark.long
def test_a_file_of_ones_own_leads_to_the_app_and_a_link_from_elsewhere_opens_it_again(app, context, tmp_path):
    leading = tmp_path / "open.html"
    leading.write_text(f'<meta http-equiv="refresh" content="0; url={app.address}">', encoding="utf-8")
    page = context.new_page()
    page.goto(leading.as_uri())
    heading(page, "See what a few labels do")
    mail = tmp_path / "mail.html"
    mail.write_text(f'<a href="http://127.0.0.1:{app.port}/runs">these</a>', encoding="utf-8")
    page.goto(mail.as_uri())
    page.get_by_text("these").click()
    heading(page, "Runs")


@pytest.mark.long
def test_a_browser_without_the_token_reads_what_to_do(app, context, tmp_path):
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{app.port}/compare")
    heading(page, "This app is closed")
    mail = tmp_path / "mail.html"
    mail.write_text(f'<a href="http://127.0.0.1:{app.port}/runs">these</a>', encoding="utf-8")
    page.goto(mail.as_uri())
    page.get_by_text("these").click()
    page.wait_for_load_state("networkidle")
    heading(page, "This app is closed")
    assert page.locator("meta[http-equiv]").count() == 0  # asks no third time


def test_a_page_on_another_port_neither_frames_the_app_nor_talks_with_it(app, context, tmp_path):
    """Ports share their cookies: such a page, of another user of the machine, comes with the right one."""
    (tmp_path / "index.html").write_text(f'<iframe src="http://127.0.0.1:{app.port}/"></iframe>', encoding="utf-8")
    page = context.new_page()
    page.goto(app.address)
    heading(page, "See what a few labels do")
    with pages_of(tmp_path) as other:
        page.goto(other)
        page.wait_for_timeout(2000)
        assert [frame.url for frame in page.frames] == [other, "chrome-error://chromewebdata/"]
        assert page.evaluate(SOCKET, f"ws://127.0.0.1:{app.port}/_stcore/stream") == "error"
        assert page.evaluate(SOCKET, f"ws://localhost:{app.port}/_stcore/stream") == "error"


@contextmanager
def pages_of(folder):
    """The files of a folder on a port of their own."""
    handler = partial(SilentHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


class SilentHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass
