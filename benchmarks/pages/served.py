"""An app on a free port, and a Chromium that looks at it: what benchmarks of pages share. Needs Playwright."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semafo.runs.engine.launch import engine_pid
from semafo.runs.home import Home

ROOT = Path(__file__).parents[2]
CHROMIUM_ARGS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader")  # WebGL without a graphics card
VIEWPORT = {"width": 1440, "height": 900}


@dataclass(frozen=True)
class Served:
    """A running server: where it answers, and when its process was started (`time.perf_counter`)."""

    address: str
    started: float
    process: subprocess.Popen


@contextmanager
def chromium() -> Iterator[Any]:
    """The system's Chromium, as a Playwright browser."""
    from playwright import sync_api

    executable = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serve(app: Path, home: Home, log: Path, python_options: Sequence[str] = ()) -> Iterator[Served]:
    """Start a Streamlit app with a home of its own; the engine that it may start ends with it."""
    port = _free_port()
    command = [sys.executable, *python_options, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    environment = {**os.environ, "SEMAFO_HOME": str(home.path), "STREAMLIT_SERVER_HEADLESS": "true"}
    environment |= {"STREAMLIT_SERVER_ADDRESS": "127.0.0.1", "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=app.parent, env=environment, stdout=output, stderr=output)
    try:
        _wait_for_port(process, port)
        yield Served(f"http://127.0.0.1:{port}", started, process)
    finally:
        process.terminate()
        process.wait(timeout=20)
        _end_engine(home)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for_port(process: subprocess.Popen, port: int, seconds: float = 60) -> None:
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"The app did not answer on port {port} within {seconds:.0f} s.")


def _end_engine(home: Home) -> None:
    pid = engine_pid(home)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.perf_counter() + 20
    while engine_pid(home) is not None and time.perf_counter() < deadline:
        time.sleep(0.05)
