"""A home with a living engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from semafo.runs.engine.launch import ensure_engine
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from tests.support.tiny import end_engine, finished, tiny_config


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """An empty home; an engine that a test starts there is ended after it."""
    home = Home.at(tmp_path / "home")
    yield home
    end_engine(home)


@pytest.fixture(scope="module")
def served_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home with a living engine, for the tests of one file."""
    home = Home.at(tmp_path_factory.mktemp("served") / "home")
    ensure_engine(home)
    yield home
    end_engine(home)


@pytest.fixture(scope="module")
def comparison(served_home: Home) -> list[RunRecord]:
    """scANVI, SemafoVAE and Both, trained by the engine."""
    run_ids = store.submit(served_home, [tiny_config(mix) for mix in ("scanvi", "semafo", "both")])
    return finished(served_home, run_ids)
