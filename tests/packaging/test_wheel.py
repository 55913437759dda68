"""The package as people install it: a wheel in an environment of its own, used from a folder that has nothing in it."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import psutil
import pytest

from semafo.runs.home import Home
from tests.support.serving import ROOT, chromium, clean_console, free_port, wait
from tests.support.tiny import end_engine

pytestmark = [pytest.mark.long, pytest.mark.browser]
PAGES = {
    **{"": "Data", "train": "Train", "annotate": "Annotate", "latent_space": "Latent space", "replay": "Replay"},
    **{"predictions": "Predictions", "integration": "Integration", "factors": "Factors", "sweep": "Sweep"},
    "runs": "Runs",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder of programs of an environment that has the wheel and what it needs, and nothing of the repository."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, str(wheel), "--constraint", str(ROOT / "requirements.txt")], check=True)
    return folder / "bin"


@pytest.fixture
def outside() -> dict[str, str]:
    """An environment that does not lead back to the repository."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SEMAFO_HOME")}


def test_a_wheel_takes_one_name_and_has_the_app_below_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"semafo"}
    below = {name.removeprefix("semafo/dashboard/") for name in names if name.startswith("semafo/dashboard/")}
    expected = [ROOT / "app.py", ROOT / ".streamlit" / "config.toml"]
    expected += [*(ROOT / "pages").glob("*.py"), *(path for path in (ROOT / "assets").iterdir() if path.is_file())]
    assert below == {path.relative_to(ROOT).as_posix() for path in expected}
    assert "semafo/py.typed" in names


def test_the_installed_app_serves_every_page_and_stays_in_its_folder(installed, outside, tmp_path):
    home, folder, port = Home.at(tmp_path / "home"), tmp_path / "empty", free_port()
    folder.mkdir()
    command = [str(installed / "semafo"), "app", "--no-browser", "--port", str(port), "--home", str(home.path)]
    with (tmp_path / "app.log").open("wb") as log:
        app = subprocess.Popen(command, cwd=folder, env=outside, stdout=log, stderr=log)
    try:
        wait(lambda: "token=" in (tmp_path / "app.log").read_text("utf-8"), 90, "the app's address")
        token = re.search(r"token=\S+", (tmp_path / "app.log").read_text("utf-8"))[0]
        family = [psutil.Process(app.pid), *psutil.Process(app.pid).children(recursive=True)]
        assert {process.cwd() for process in family} == {str(folder)}
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            with clean_console(page):
                for path, title in PAGES.items():
                    page.goto(f"http://127.0.0.1:{port}/{path}?{token}")
                    heading = "See what a few labels do" if title == "Data" else title
                    page.get_by_role("heading", name=heading).first.wait_for(timeout=60_000)
                    assert page.get_by_test_id("stException").count() == 0
                    assert "Semafo" in page.title() or title in page.title()
                logo = page.get_by_test_id("stSidebarLogo")
                assert logo.evaluate("image => image.naturalWidth") > 0
                colour = page.locator("h1").first.evaluate("heading => getComputedStyle(heading).color")
                assert colour == "rgb(28, 39, 51)"  # of .streamlit/config.toml
    finally:
        app.terminate()
        app.wait(timeout=20)
        end_engine(home)
    assert list(folder.iterdir()) == []


def test_the_installed_command_compares_on_the_built_in_cells(installed, outside, tmp_path):
    home, folder = Home.at(tmp_path / "home"), tmp_path / "empty"
    folder.mkdir()
    # A folder of somebody's own may hold files with any name.
    (folder / "random.py").write_text("raise SystemExit('not the library')\n", encoding="utf-8")
    arguments = ["compare", "--dataset", "pbmc68k", "--mix", "scanvi", "--json", "--home", str(home.path)]
    try:
        done = subprocess.run(
            [str(installed / "semafo"), *arguments],
            cwd=folder,
            env=outside,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        end_engine(home)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (run,) = [line for line in lines if line["kind"] == "run"]
    assert (run["state"], run["n_scored"]) == ("done", 210)
    assert run["accuracy"] > 0.6
