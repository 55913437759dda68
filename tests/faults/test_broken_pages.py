"""Pages whose runs were damaged, or have gone while the page was open: they say so in words and go on."""

import random
import shutil

import pytest

from semafo import keys
from semafo.files import write_json
from semafo.runs.engine import launch
from tests.pages.conftest import texts
from tests.support import fakes
from tests.support.read_only_home import read_only
from tests.support.serving import ROOT

PAGES = ("", *sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem != "data"))
QUICK = ("compare", "runs")  # the others are opened in the long tests
ALL_PAGES = [page if page in QUICK else pytest.param(page, marks=pytest.mark.long) for page in PAGES]
UNKNOWN = "an error that it does not know"
NOT_OURS = {keys.STATUS_FILE, keys.LOG_FILE, keys.PROGRESS_FILE}  # what they hold is checked elsewhere


@pytest.fixture
def home(home, monkeypatch):
    """The app's home; what the app submits stays in its inbox."""
    monkeypatch.setenv("SEMAFO_HOME", str(home.path))
    monkeypatch.setattr(launch, "ensure_engine", lambda home: None)
    return home


def _cut_short(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _garbled(content: bytes) -> bytes:
    noise = random.Random(len(content)).randbytes(min(400, max(1, len(content) // 3)))
    start = len(content) // 3
    return content[:start] + noise + content[start + len(noise) :]


def _emptied(content: bytes) -> bytes:
    return b""


DAMAGES = {"cut short": _cut_short, "garbled": _garbled, "emptied": _emptied}


def artefacts():
    """Names of the files of a finished run."""
    return sorted(path for path in _names() if path not in NOT_OURS)


def _names():
    names = {value for name, value in vars(keys).items() if name.endswith("_FILE") and isinstance(value, str)}
    return names | {keys.array_file(name) for name in (keys.X_UMAP, keys.X_SCANVI, keys.X_SEMAFOVI)}


def draws(app, page, what):
    """The page is there, and what it says of a fault are words that fit."""
    assert not app.exception, (page, what, app.exception)
    assert app.title, (page, what, texts(app))
    assert UNKNOWN not in texts(app), (page, what, texts(app)[-600:])


def survive(home, open_page, pages, damages):
    """Each file of one run damaged in turn, and each page opened on it and on a whole run."""
    records = fakes.comparison(home)
    runs = ",".join(record.run_id for record in records)
    n_damaged = 0
    for name in artefacts():
        path = records[0].folder / name
        if not path.is_file():
            continue
        content = path.read_bytes()
        for title, damage in damages.items():
            path.write_bytes(damage(content))
            n_damaged += 1
            for page in pages:
                draws(open_page(page, runs=runs), page, f"{name} {title}")
        path.write_bytes(content)
    assert n_damaged >= 8 * len(damages)


def test_pages_open_on_a_run_whose_files_were_garbled(home, open_page):
    survive(home, open_page, ("compare",), {"garbled": _garbled})


@pytest.mark.long
def test_every_page_opens_on_a_run_with_any_file_damaged_in_any_way(home, open_page):
    survive(home, open_page, PAGES, DAMAGES)


@pytest.mark.parametrize("page", ALL_PAGES)
def test_a_page_that_is_open_while_its_runs_go_says_so_and_goes_on(home, open_page, page):
    records = fakes.comparison(home)
    app = open_page(page, runs=",".join(record.run_id for record in records))
    draws(app, page, "whole")
    shutil.rmtree(records[0].folder)
    draws(app.run(), page, "one run gone")
    for record in records[1:]:
        shutil.rmtree(record.folder)
    draws(app.run(), page, "all runs gone")


@pytest.mark.parametrize("moment", [-1.0, 86_400.0, 4e9, 2e10, 1e18])
def test_the_list_of_runs_shows_runs_of_any_time(home, open_page, moment):
    record = fakes.finished(home)
    write_json(record.folder / keys.STATUS_FILE, {**record.status, "created": moment, "finished": moment + 40})
    app = open_page("runs")
    draws(app, "runs", moment)


@pytest.mark.parametrize("page", ALL_PAGES)
def test_pages_open_in_a_home_that_cannot_be_written(home, open_page, page):
    fakes.comparison(home)
    with read_only(home):
        draws(open_page(page), page, "read-only")
