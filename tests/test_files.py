"""JSON that comes from elsewhere or was cut, and tables that are read by commands which end at once."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from semafo import files
from semafo.files import read_json, read_table, write_json

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b'"text"', b"null", b"NaN", b'{"a": Infinity}', b'{"a": -Infinity}', b"\xff\x00"],
)
def test_who_asks_for_an_object_gets_one(tmp_path, content):
    path = tmp_path / "file.json"
    path.write_bytes(content)
    assert read_json(path, {}) == {}


def test_what_nests_too_deep_is_not_read(tmp_path):
    path = tmp_path / "deep.json"
    path.write_bytes(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    assert read_json(path, {}) == {}


def test_what_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "large.json"
    write_json(path, {"a": 1})
    assert read_json(path, {}) == {"a": 1}
    monkeypatch.setattr(files, "_MOST_JSON_BYTES", 3)
    assert read_json(path, {}) == {}


def test_a_folder_or_nothing_is_no_file(tmp_path):
    assert read_json(tmp_path, {}) == {}
    assert read_json(tmp_path / "none" / "file.json") is None


COUNT_THREADS = """
import sys
from pathlib import Path
import pandas, psutil, pyarrow.parquet
from semafo.files import read_table
before = psutil.Process().num_threads()
table = read_table(Path(sys.argv[1]))
print(len(table), psutil.Process().num_threads() - before)
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "cells.parquet"
    values = {
        "label": pd.Categorical(["a", "b"] * 5000),
        "share": np.linspace(0, 1, 10_000),
        "name": ["x", None] * 5000,
    }
    pd.DataFrame(values, index=pd.Index([f"c{i}" for i in range(10_000)], name="cell")).to_parquet(path)
    return path


def test_a_table_comes_back_as_pandas_wrote_it(table):
    pd.testing.assert_frame_equal(read_table(table), pd.read_parquet(table))


def test_reading_a_table_leaves_no_thread_that_could_outlive_the_interpreter(table):
    said = subprocess.run(
        [sys.executable, "-c", COUNT_THREADS, str(table)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert said.stdout.split() == ["10000", "0"]


@pytest.mark.long
def test_200_commands_that_read_a_table_on_a_busy_machine_end_well(table):
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    command = [sys.executable, "-c", COUNT_THREADS, str(table)]
    try:
        for _ in range(50):
            processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(4)]
            assert [process.wait(timeout=120) for process in processes] == [0] * 4
    finally:
        for process in busy:
            process.kill()
            process.wait()
