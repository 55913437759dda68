"""Reading files in other processes: what takes too much memory or time, or is killed, says so in words."""

import json
import os
import subprocess
import sys
import time

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest

from semafo.errors import DataError
from semafo.runs.background import file_columns
from semafo.runs.background.preflight import inspect
from semafo.runs.background.reading import run_reading, seconds_for_reading
from semafo.runs.home import Home
from semafo.runs.workers.memory import MEMORY_VARIABLE, memory_for_reading, reading_memory
from semafo.settings.run_config import DatasetSpec
from tests.support.needs import missing

N_CELLS, N_GENES = 4_000, 10_000  # 40 MB, of which 40 kB are stored, and half a gigabyte as a sparse matrix


@pytest.fixture
def unfolding(tmp_path):
    """A small file, below every ratio, whose matrix takes gigabytes once it is sparse."""
    obs = pd.DataFrame(
        {"cell_type": pd.Categorical(np.tile(["a", "b"], N_CELLS // 2))}, index=[f"c{i}" for i in range(N_CELLS)]
    )
    path = tmp_path / "unfolding.h5ad"
    ad.AnnData(obs=obs, var=pd.DataFrame(index=[f"g{i}" for i in range(N_GENES)])).write_h5ad(path)
    with h5py.File(path, "a") as file:
        if "X" in file:
            del file["X"]
        ones = np.ones((N_CELLS, N_GENES), dtype=np.uint8)
        matrix = file.create_dataset("X", data=ones, chunks=(500, N_GENES), compression="gzip")
        matrix.attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    return path


@pytest.fixture(autouse=True)
def limits_are_kept():
    if sys.platform != "linux":
        missing("a system that keeps RLIMIT_DATA: macOS takes the limit and lets everything through")


def test_the_command_refuses_what_needs_more_memory_than_it_may_take(unfolding):
    environment = {**os.environ, MEMORY_VARIABLE: "1GB"}
    command = [sys.executable, "-m", "semafo", "check", str(unfolding), "--label-key", "cell_type", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert f"needed more memory than it may take (1.0 GB, set by {MEMORY_VARIABLE})" in json.loads(done.stderr)["error"]


def test_the_page_hears_why_the_memory_did_not_suffice(unfolding, tmp_path, monkeypatch):
    monkeypatch.setenv(MEMORY_VARIABLE, "1GB")
    with pytest.raises(DataError, match="needed more memory than it may take"):
        inspect(Home.at(tmp_path / "home"), DatasetSpec(str(unfolding), "cell_type"))


def test_columns_are_read_below_the_limit(tmp_path, monkeypatch):
    names = np.full(3_000_000, "a name that is the same for all of them", dtype=object)
    path = tmp_path / "names.h5ad"
    ad.AnnData(obs=pd.DataFrame({"cell_type": ["a", "b"]}, index=["c0", "c1"])).write_h5ad(path)
    with h5py.File(path, "a") as file:
        for i in range(4):
            column = file["obs"].create_dataset(
                f"text{i}", data=names.astype("S40"), compression="gzip", chunks=(100_000,)
            )
            column.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
        del file["obs/_index"]
        index = file["obs"].create_dataset("_index", data=names.astype("S40"), compression="gzip", chunks=(100_000,))
        index.attrs.update({"encoding-type": "string-array", "encoding-version": "0.2.0"})
        del file["obs/cell_type"]
        file["obs"].attrs["column-order"] = np.array([f"text{i}" for i in range(4)], dtype=object)
    monkeypatch.setenv(MEMORY_VARIABLE, "1GB")
    with pytest.raises(DataError, match="needed more memory than it may take"):
        file_columns.read(str(path))


def test_without_a_limit_a_file_may_take_what_its_size_can_need(tmp_path, monkeypatch):
    monkeypatch.delenv(MEMORY_VARIABLE, raising=False)
    small = tmp_path / "small.h5ad"
    small.write_bytes(bytes(152_000))
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert reading_memory([small]) <= 2.1e9 + 2**24 * os.cpu_count()
    assert reading_memory([small]) <= max(1e9, machine / 2)
    with small.open("r+b") as handle:
        handle.truncate(10**12)  # sparse
    assert reading_memory([small]) <= max(1e9, machine / 2)


def test_the_limit_ends_with_the_reading(tmp_path):
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(DataError, match="This reading needed more"), memory_for_reading([], "This reading"):
        raise OSError("Can't read data (memory allocation failed for raw data chunk)")
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_reader_that_the_system_killed_says_so():
    with pytest.raises(DataError, match=r"signal 9, SIGKILL\), most likely for lack of memory"):
        run_reading(["-c", "import os; os.kill(os.getpid(), 9)"], [], "The check of cells")


def test_a_reader_that_crashed_says_so():
    with pytest.raises(DataError, match=r"The check of cells crashed \(signal 11, SIGSEGV\)"):
        run_reading(["-c", "import os; os.kill(os.getpid(), 11)"], [], "The check of cells")


def test_a_reader_that_does_not_end_is_ended(tmp_path):
    start = time.monotonic()
    with pytest.raises(DataError, match="was ended after 1 s without a result"):
        run_reading(["-c", "import time; time.sleep(60)"], [], "The check of cells", seconds=1)
    assert time.monotonic() - start < 20
    assert seconds_for_reading([]) >= 60
