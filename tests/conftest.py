"""Real data for the tests that need them."""

import os
from pathlib import Path

import pytest

_DEFAULT_FOLDER = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def kang_path() -> Path:
    """Kang et al. 2018: 2699 published cells, raw counts. Skips where the file is missing, but not in CI."""
    folder = Path(os.environ.get("SEMAFO_TEST_DATA", _DEFAULT_FOLDER))
    path = folder / "kang_pbmc.h5ad"
    if not path.is_file():
        reason = f"no {path.name} in {folder}; set SEMAFO_TEST_DATA to the folder that holds it"
        if os.environ.get("SEMAFO_CI_NO_SKIPS"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path
