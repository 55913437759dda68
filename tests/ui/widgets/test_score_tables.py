"""Which rows a table of integration scores has, and how they are named."""

from dataclasses import replace

import pytest

from semafo.files import read_json, write_json
from semafo.runs.home import Home
from semafo.settings.run_config import TrainSettings
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import score_tables
from tests.support import fakes


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def names(home, configs):
    """Names of the rows that are no run's own; each scVI stage has scores of its own."""
    records = [fakes.finished(home, config) for config in configs]
    for record in records:
        _set_ilisi_of_scvi(record)
    runs = [ChosenRun(record, record.title, "#000000") for record in records]
    return {row.name for row in score_tables.score_rows(runs, 0.5)} - {record.title for record in records}


def _set_ilisi_of_scvi(record):
    file = record.folder / "integration.json"
    scores = read_json(file)
    stage = record.config.split.split_seed + 0.1 * record.config.train.seed
    scores["rows"]["scVI"]["ilisi"] = 0.01 * stage
    write_json(file, scores)


def test_runs_with_the_same_scvi_stage_share_its_row(home):
    assert names(home, [replace(fakes.REAL, mix=mix) for mix in fakes.MIXES]) == {"scVI", "PCA"}


SEEDS = [replace(fakes.REAL, train=TrainSettings(seed=seed)) for seed in (0, 1)]


def test_scvi_stages_of_several_seeds_are_told_apart_by_them(home):
    assert names(home, SEEDS) >= {"scVI · seed 0", "scVI · seed 1"}


def test_scvi_stages_of_several_splits_say_the_split_as_well(home):
    splits = [*SEEDS, replace(fakes.REAL, split=replace(fakes.REAL.split, split_seed=3))]
    assert names(home, splits) >= {"scVI · split 0, seed 0", "scVI · split 0, seed 1", "scVI · split 3, seed 0"}
