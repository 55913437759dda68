"""Run folders of earlier and later versions."""

import json

import pytest

from semafo import keys
from semafo.errors import SettingsError
from semafo.files import write_json
from semafo.runs.folder import older_layouts
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.settings.run_config import CONDENSED, CONSTANT, ONE_CYCLE, RunConfig
from tests.support.tiny import tiny_config

# A config.json as the first version wrote it: no number, no schedules, half of today's settings.
FIRST = {
    "config": {
        "dataset": {"name": "pbmc68k", "label_key": "bulk_labels", "batch_key": None, "counts": "auto", "n_hvg": 2000},
        "split": {
            **{"reference": [], "labelled_rate": 0.2, "labelled_batches": None, "test_share": 0.3},
            **{"stratified": True, "split_seed": 0},
        },
        "mix": {"w_scanvi": 0.0, "w_semafo": 1.0, "label_weighting": "published"},
        "train": {
            **{"epochs_pretrain": None, "epochs_reference": 20, "epochs_query": 100, "batch_size": 128},
            **{"learning_rate": 1e-3, "kl_warmup_epochs": 400, "classification_ratio": 50.0, "seed": 3, "n_threads": 1},
        },
        "evaluation": {"seed": 0, "umap_neighbours": 15, "umap_min_dist": 0.3},
    },
    "context": {"data": "d", "versions": {"semafo": "0.1.0"}},
    "batch": "aaaa",
}
STATUS = {"state": keys.DONE, "created": 1e9, "started": 1e9 + 1, "finished": 1e9 + 60}
SCORES = {"test": {"accuracy": 0.75, "n_scored": 210}, "types": ["B", "T"]}


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def folder_of(home, settings, name="semafovae-old"):
    """A finished run's folder with these settings."""
    folder = home.runs / name
    folder.mkdir()
    for file, values in ((keys.CONFIG_FILE, settings), (keys.STATUS_FILE, STATUS), (keys.PREDICTIONS_FILE, SCORES)):
        write_json(folder / file, values)
    write_json(folder / keys.MANIFEST_FILE, {"files": {}})
    return folder


def contents(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_a_run_of_the_first_version_is_read_listed_and_left_as_it_is(home):
    folder = folder_of(home, FIRST)
    before = contents(folder)
    record = RunRecord(folder)
    assert record.is_readable
    assert record.title == "SemafoVAE · 20 % · seed 3 · constant schedule"
    assert record.config.train.schedule == CONSTANT
    assert record.config.mix.head == "classifier"
    (row,) = store.rows(home)
    assert (row["state"], row["accuracy"], row["batch"], row["name"]) == (keys.DONE, 0.75, "aaaa", None)
    assert store.get(home, "semafovae").summary()["n_scored"] == 210
    assert contents(folder) == before


def test_a_run_of_this_version_goes_through_no_step(home):
    settings = {**FIRST, "config": RunConfig().to_dict(), "schema": older_layouts.SCHEMA}
    assert RunRecord(folder_of(home, settings)).config.train.schedule == CONDENSED
    assert older_layouts.upgraded(settings) == settings


@pytest.mark.parametrize("is_named", [True, False])
def test_a_run_of_the_second_layout_opens_with_the_schedule_that_it_was_trained_on(home, is_named):
    """One-cycle was the default, and is called a preview since."""
    settings = {**FIRST, "config": RunConfig().to_dict(), "schema": 2}
    settings["config"]["train"]["schedule"] = ONE_CYCLE
    if not is_named:
        del settings["config"]["train"]["schedule"]
    record = RunRecord(folder_of(home, settings))
    assert record.config.train.schedule == ONE_CYCLE
    assert record.title == "scANVI · 20 % · seed 0 · preview"
    (row,) = store.rows(home)
    assert (row["title"], row["schedule"]) == (record.title, ONE_CYCLE)


def test_every_layout_has_a_step_to_the_next():
    assert sorted(older_layouts.STEPS) == list(range(1, older_layouts.SCHEMA))


def test_steps_change_nothing_that_they_are_given():
    before = json.dumps(FIRST)
    assert older_layouts.upgraded(FIRST)["schema"] == older_layouts.SCHEMA
    assert json.dumps(FIRST) == before


def test_what_is_submitted_has_this_versions_number(home):
    (run_id,) = store.submit(home, [tiny_config()])
    assert json.loads((home.runs / run_id / keys.CONFIG_FILE).read_text())["schema"] == older_layouts.SCHEMA


def test_a_run_of_a_newer_version_is_refused_in_words_and_stays_listed(home):
    folder = folder_of(home, {**FIRST, "schema": older_layouts.SCHEMA + 1})
    before = contents(folder)
    record = RunRecord(folder)
    assert not record.is_readable
    with pytest.raises(SettingsError, match=r"newer Semafo.*Update Semafo"):
        _ = record.config
    (row,) = store.rows(home)
    assert (row["run_id"], row["state"], row["dataset"]) == (folder.name, keys.UNREADABLE, "pbmc68k")
    assert "Update Semafo" in row["reason"]
    assert contents(folder) == before


@pytest.mark.parametrize(
    "settings",
    [
        {**FIRST, "config": {**FIRST["config"], "flavour": {"new": 1}}},
        {**FIRST, "config": {**FIRST["config"], "train": {"seed": 0, "momentum": 0.9}}},
        {**FIRST, "config": "what"},
        {**FIRST, "schema": "two"},
        {**FIRST, "schema": 0},
        {"context": {}},
        [1, 2],
    ],
)
def test_settings_that_make_no_sense_are_listed_as_a_run_that_cannot_be_read(home, settings):
    folder_of(home, settings)
    (row,) = store.rows(home)
    assert row["state"] == keys.UNREADABLE
    assert row["reason"]


def test_a_run_whose_scores_are_damaged_stays_listed(home):
    write_json(folder_of(home, FIRST) / keys.PREDICTIONS_FILE, {"test": [1, 2, 3]})
    (row,) = store.rows(home)
    assert row["state"] == keys.UNREADABLE
    assert "damaged" in row["reason"]


def test_a_folder_without_settings_is_no_run(home):
    (home.runs / "notes").mkdir()
    assert store.rows(home) == []
