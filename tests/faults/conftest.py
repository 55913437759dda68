"""A home of its own for each test, whose engine is ended after it, and the pages on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from semafo.runs.home import Home
from tests.pages.conftest import open_page, warm_server
from tests.support.tiny import end_engine

__all__ = ["home", "open_page", "warm_server"]  # fixtures


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home.at(tmp_path / "home")
    yield home
    end_engine(home)
