"""A t-SNE on request: by a process of its own, one at a time, whose failure is told in words."""

import os
import signal

import numpy as np
import pandas as pd
import pytest

from semafo import keys
from semafo.errors import SemafoError
from semafo.files import read_json, write_json
from semafo.runs.background import tsne
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.run_config import RunConfig
from tests.support.tiny import wait_for


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def run_in(home, name="one", n_cells=60, finite=True):
    folder = home.runs / name
    folder.mkdir()
    config, rng = RunConfig(), np.random.default_rng(0)
    write_json(folder / keys.CONFIG_FILE, {"config": config.to_dict(), "context": {"data": "d"}})
    types = np.arange(n_cells) % 3
    z = rng.normal(size=(n_cells, 5)) + 8 * types[:, None] * np.eye(5)[0]
    np.save(folder / keys.array_file(config.mix.obsm_key), z.astype(np.float32) if finite else z * np.nan)
    cells = pd.DataFrame({keys.TRUE: [f"type {code}" for code in types]}, pd.RangeIndex(n_cells).astype(str))
    cells = cells.assign(**{name: "" for name in (keys.BATCH_COLUMN, keys.ROLE, keys.PART, keys.PREDICTED)})
    cells[keys.CONFIDENCE] = 1.0
    cells.to_parquet(folder / keys.CELLS_FILE)
    return RunRecord(folder)


def test_a_process_of_its_own_writes_the_tsne_of_each_run(home):
    runs = [run_in(home), run_in(home, "two", n_cells=3), run_in(home, "three", finite=False)]
    assert tsne.under_way(home) == []
    assert tsne.start_tsne(home, runs)
    assert tsne.under_way(home) == [run.folder for run in runs]
    assert not tsne.start_tsne(home, runs)  # one at a time
    wait_for(lambda: not tsne.under_way(home), 60)
    assert [tsne.has_tsne(run) for run in runs] == [True, False, False]
    assert tsne.why_failed(runs[0]) is None
    assert "5 cells or more; this run has 3" in tsne.why_failed(runs[1])
    assert "not all finite" in tsne.why_failed(runs[2])
    places = runs[0].array(keys.X_TSNE)
    assert places.shape == (60, 2)
    assert np.isfinite(places).all()


def test_a_killed_process_blocks_nobody(home):
    run = run_in(home, n_cells=3000)
    assert tsne.start_tsne(home, [run])
    os.kill(read_json(home.engine / "derive.lock")["pid"], signal.SIGKILL)
    wait_for(lambda: not tsne.under_way(home), 10)
    assert not tsne.has_tsne(run)
    assert not list(run.folder.glob(".*"))
    small = run_in(home, "two")
    assert tsne.start_tsne(home, [small])
    wait_for(lambda: tsne.has_tsne(small), 60)


def test_of_many_cells_a_sample_with_all_types_is_laid_out():
    rng = np.random.default_rng(0)
    types = np.array(["common"] * 190 + ["rare"] * 10)
    z = rng.normal(size=(200, 3)) + 10 * (types == "rare")[:, None]
    found = tsne.tsne(z, types, n_most=60)
    there = np.isfinite(found).all(axis=1)
    assert 58 <= there.sum() <= 62
    assert {"common", "rare"} == set(types[there])
    np.testing.assert_array_equal(found, tsne.tsne(z, types, n_most=60))


def test_types_that_are_apart_stay_apart():
    rng = np.random.default_rng(0)
    types = np.arange(90) % 2
    found = tsne.tsne(rng.normal(size=(90, 4)) + 20 * types[:, None], types.astype(str))
    centres = [found[types == code].mean(axis=0) for code in (0, 1)]
    within = max(np.linalg.norm(found[types == code] - centres[code], axis=1).max() for code in (0, 1))
    assert np.linalg.norm(centres[0] - centres[1]) > within


def test_too_few_cells_are_refused():
    with pytest.raises(SemafoError, match="5 cells or more"):
        tsne.tsne(np.zeros((4, 2)), np.array(["a"] * 4))


def test_a_run_that_was_deleted_meanwhile_does_not_come_back(home):
    record = RunRecord(home.runs / "gone")
    tsne.derive_tsne(record)
    assert not record.folder.exists()


def test_the_estimate_stops_growing_where_a_sample_is_laid_out():
    assert tsne.expected_seconds([20_000]) == tsne.expected_seconds([1_000_000])
    assert tsne.expected_seconds([700, 700]) == 2 * tsne.expected_seconds([700])
