"""The app on a port of its own and a Chromium to look at it with, for tests of what only a browser does."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semafo.files import write_json
from semafo.runs.home import Home
from tests.support.needs import missing
from tests.support.tiny import end_engine

ROOT = Path(__file__).parents[2]
# Software rendering through ANGLE; other software paths print the driver's own performance notes to the console.
CHROMIUM_ARGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader"]
# Streamlit finds its base address by asking below the page's own path first, when an inner page is loaded.
PROBES = ("/_stcore/health", "/_stcore/host-config")


@contextmanager
def chromium():
    try:
        from playwright import sync_api
    except ImportError:
        missing("playwright is not installed")
    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        except sync_api.Error as error:
            missing(f"no Chromium to test with: {error}")
        yield browser
        browser.close()


@contextmanager
def showing(home: Home, log: Path) -> Iterator[str]:
    """The app where nothing is trained: this process holds the engine's place, so that none takes the processor."""
    with home.lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        write_json(home.engine_file, {"pid": os.getpid(), "is_loading": False})
        with _app(home, log) as address:
            yield address


@contextmanager
def serving(home: Home, log: Path) -> Iterator[str]:
    """The app on a free port with its engine: its address."""
    try:
        with _app(home, log) as address:
            yield address
    finally:
        end_engine(home)


@contextmanager
def showing_script(script: Path, home: Home, log: Path) -> Iterator[str]:
    """A page of a test's own, beside the package."""
    with _app(home, log, script) as address:
        yield address


@contextmanager
def _app(home: Home, log: Path, script: Path = ROOT / "app.py") -> Iterator[str]:
    port = free_port()
    options = ["--server.port", str(port), "--server.fileWatcherType", "none"]  # as an editor may be at work
    command = [sys.executable, "-m", "streamlit", "run", str(script), *options]
    environment = {**os.environ, "SEMAFO_HOME": str(home.path), "STREAMLIT_SERVER_HEADLESS": "true"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=written, stderr=written)
    try:
        wait(lambda: answers(port), 60, "the app to answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.3)


@contextmanager
def clean_console(page):
    """Whatever the browser's console says within, but for Streamlit's probes, fails the test."""
    said = []
    page.on("console", lambda m: said.append((m.type, m.text, m.location.get("url", ""))))
    page.on("pageerror", lambda error: said.append(("pageerror", str(error), "")))
    yield
    assert [message for message in said if not message[2].endswith(PROBES)] == []
