"""Real data for the tests that need them, and who runs which tests when several processes do."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.needs import missing

# Two test processes on two cores: more threads each would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# These take minutes: they are begun first, so that no process is left waiting for the other at the end.
_LONG = ("runs/engine/test_process.py", "cli/test_main.py", "runs/workers/test_work.py")

_DEFAULT_FOLDER = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def kang_path() -> Path:
    """Kang et al. 2018: 2699 published cells, raw counts. Skips where the file is missing, but not in CI."""
    folder = Path(os.environ.get("SEMAFO_TEST_DATA", _DEFAULT_FOLDER))
    path = folder / "kang_pbmc.h5ad"
    if not path.is_file():
        missing(f"no {path.name} in {folder}; set SEMAFO_TEST_DATA to the folder that holds it")
    return path


@pytest.fixture(autouse=True)
def usual_arithmetic() -> Iterator[None]:
    """Training counts denormal numbers as 0, for the whole process; hypothesis refuses to work so."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first, and the browser, whose tests look at the clock, comes last."""
    items.sort(
        key=lambda item: (item.get_closest_marker("browser") is not None, not item.path.as_posix().endswith(_LONG))
    )
