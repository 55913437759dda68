"""A damaged file of a run is said in words, with the run's and the file's name."""

import os
import time

import numpy as np
import pytest

from semafo import keys
from semafo.errors import DamagedRun
from semafo.files import read_json, write_json
from semafo.runs.folder import checked_files
from semafo.runs.folder.expression import Genes, obs_columns
from semafo.runs.folder.replay import Replay
from semafo.runs.home import Home
from semafo.runs.library.rows import row_of
from tests.support import damage, fakes

READERS = {
    keys.CELLS_FILE: lambda record: record.cells(),
    keys.array_file(keys.X_UMAP): lambda record: record.array(keys.X_UMAP),
    keys.PROBABILITIES_FILE: lambda record: record.probabilities(),
    keys.BASELINE_CELLS_FILE: lambda record: record.baseline_cells(),
    keys.TRAVERSAL_FILE: lambda record: record.traversal(),
    keys.OBS_FILE: obs_columns,
    keys.REPLAY_FILE: Replay.of,
    keys.EXPRESSION_FILES[1]: Genes.of,
    keys.PREDICTIONS_FILE: lambda record: record.predictions(),
    keys.INTEGRATION_FILE: lambda record: record.integration(),
    keys.SPLIT_FILE: lambda record: record.split(),
    keys.HISTORY_FILE: lambda record: record.history(),
    keys.FACTORS_FILE: lambda record: record.factors(),
    keys.CONFIG_FILE: lambda record: record.settings,
}


@pytest.fixture
def record(tmp_path):
    return damage.finished(Home.at(tmp_path / "home"))


@pytest.mark.parametrize("name", READERS)
def test_a_run_that_was_cut_short_says_which_file(record, name):
    READERS[name](record)
    path = record.folder / name
    n_bytes = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(DamagedRun) as caught:
        READERS[name](type(record)(record.folder))
    said = str(caught.value)
    assert record.run_id in said
    assert f"{name}: it has {n_bytes - 7} bytes, and the run left it with {n_bytes}" in said
    assert "Delete the run and train it again" in said


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_is_gone_is_missed(record, name):
    (record.folder / name).unlink()
    with pytest.raises(DamagedRun, match="it is gone"):
        READERS[name](type(record)(record.folder))


@pytest.mark.parametrize("name", [name for name in READERS if not name.endswith(("json", "jsonl"))])
@pytest.mark.parametrize("has_sizes", [True, False])
def test_other_bytes_of_the_same_size_are_no_traceback(record, name, has_sizes):
    if not has_sizes:  # as runs of an early version
        write_json(record.folder / keys.MANIFEST_FILE, {"run_id": record.run_id, "files": {}})
    path = record.folder / name
    path.write_bytes(b"\x00" * path.stat().st_size)
    with pytest.raises(DamagedRun, match="cannot be read"):
        READERS[name](record)


@pytest.mark.parametrize("name", [name for name in READERS if name.endswith(("json", "jsonl"))])
def test_json_of_the_same_size_is_compared_with_its_hash(record, name):
    path = record.folder / name
    content = path.read_bytes()
    path.write_bytes(content.replace(b"1", b"2", 1))
    os.utime(path, ns=(time.time_ns(), time.time_ns()))
    with pytest.raises(DamagedRun, match="its content is not what the run left"):
        READERS[name](type(record)(record.folder))


def test_a_whole_run_is_read_and_one_without_sizes_as_before(record):
    assert damage.read_everything(record) == []
    write_json(record.folder / keys.MANIFEST_FILE, {"files": {keys.CELLS_FILE: {"sha256": "0"}}})
    assert damage.read_everything(record) == []


def test_files_that_come_after_the_run_are_not_compared(record):
    (record.folder / keys.LOG_FILE).write_text("more")
    write_json(record.folder / keys.ABOUT_FILE, {"schema": 1, "name": "Mine", "tags": [], "notes": ""})
    np.save(record.folder / keys.array_file(keys.X_TSNE), np.zeros((700, 2), dtype=np.float32))
    assert damage.read_everything(record) == []
    assert record.array(keys.X_TSNE).shape == (700, 2)


@pytest.mark.parametrize(
    "content", [b"{}", b"[]", b"{", b'{"files": []}', b'{"files": {"../x": {}}}', b'{"files": {"a": 3}}']
)
def test_a_damaged_manifest_is_damage_and_the_run_stays_in_the_list(record, content):
    (record.folder / keys.MANIFEST_FILE).write_bytes(content)
    with pytest.raises(DamagedRun, match=keys.MANIFEST_FILE):
        record.predictions()
    row = row_of(type(record)(record.folder))
    assert row["state"] == keys.UNREADABLE
    assert keys.MANIFEST_FILE in row["reason"]


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        (keys.PREDICTIONS_FILE, {"types": "B cell"}, "types is 'B cell'; expected a list"),
        (keys.PREDICTIONS_FILE, {"types": ["a", "b"], "confusion": {"test": [[1]]}}, "confusion.test"),
        (keys.INTEGRATION_FILE, {"rows": {"model": {"ilisi": "high"}}}, "rows.model.ilisi"),
        (keys.SPLIT_FILE, {"n_test": [1]}, "n_test"),
        (keys.FACTORS_FILE, {"sd": [1.0], "factors": [{"name": "a"}]}, "factors"),
        (keys.MARKERS_FILE, {"types": ["a"], "genes": ["g"], "mean": [], "share": [], "n": [1]}, "each of its 1 types"),
        (keys.REPLAY_FRAMES_FILE, {"frames": [{"stage": "x", "epoch": 0}], "n_epochs": {}, "scvi_stage": ""}, "stages"),
    ],
)
def test_json_that_no_run_can_have_written_is_refused_by_its_place(record, name, values, said):
    write_json(record.folder / name, values)
    damage.committed(record)
    with pytest.raises(DamagedRun, match=said) as caught:
        checked_files.read_object(record.folder, name)
    assert f"Its file {name}:" in str(caught.value)


def test_values_of_another_kind_make_one_run_unreadable(record):
    settings = read_json(record.folder / keys.CONFIG_FILE)
    settings["config"]["train"]["seed"] = "0"
    write_json(record.folder / keys.CONFIG_FILE, settings)
    damage.committed(record)
    again = type(record)(record.folder)
    assert not again.is_readable
    assert "train.seed is '0'; expected a whole number" in row_of(again)["reason"]


def test_reading_costs_next_to_nothing_more(record):
    record.predictions()
    start = time.perf_counter()
    for _ in range(1000):
        checked_files.require_sizes(record.folder, keys.CELLS_FILE)
    assert time.perf_counter() - start < 0.5


def test_a_run_at_work_is_read_as_far_as_it_is(tmp_path):
    record = fakes.running(Home.at(tmp_path / "home"))
    with (record.folder / keys.HISTORY_FILE).open("a") as handle:
        handle.write('{"stage": "pre')
    assert len(record.history()) == 12
    assert record.predictions() == {}
