"""What differs between runs, in words."""

from dataclasses import fields, is_dataclass, replace

import pytest

from semafo.files import read_json, write_json
from semafo.keys import CONFIG_FILE, ENVIRONMENT_FILE
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.folder.settings_difference import WORDS, Difference, between, differences, same_rest
from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from tests.support import fakes


def settings(config: RunConfig, **more):
    return {"config": config.to_dict(), "context": {"data": "d" * 64, "versions": {"torch": "2"}}, **more}


def of(*configs: RunConfig):
    return {found.setting: found.values for found in differences([settings(config) for config in configs])}


def test_every_setting_has_words():
    parts = {f.name: f.default_factory() for f in fields(RunConfig)}
    assert all(is_dataclass(part) for part in parts.values())
    assert set(WORDS) == {f"{name}.{f.name}" for name, part in parts.items() for f in fields(part)}
    assert len(set(WORDS.values())) == len(WORDS)


def test_equal_runs_differ_in_nothing():
    assert of(RunConfig(), RunConfig()) == {}
    assert same_rest([]) == "Settings, data and versions are all the same."
    assert same_rest([Difference("Seed", ("0", "1"))]) == "Everything else is the same."


def test_only_what_differs_is_listed_with_a_value_for_each_run():
    one = RunConfig()
    assert of(one, replace(one, mix=Mix(1, 1)), replace(one, mix=Mix(0, 1))) == {
        "Weight of scANVI's regulariser": ("1 (default)", "1 (default)", "0"),
        "Weight of SemafoVAE's regulariser": ("0 (default)", "1", "1"),
    }


@pytest.mark.parametrize(
    ("other", "name", "values"),
    [
        (RunConfig(split=SplitSettings(labelled_rate=0.015)), "Labelled rate", ("20 % (default)", "1.5 %")),
        (RunConfig(split=SplitSettings(("A", "B"))), "Reference batches", ("none (default)", "A, B")),
        (RunConfig(split=SplitSettings(leak=True)), WORDS["split.leak"], ("no (default)", "yes")),
        (
            RunConfig(train=TrainSettings(epochs_reference=40)),
            "Epochs, semi-supervised stage",
            ("by the schedule (default)", "40"),
        ),
        (RunConfig(DatasetSpec(batch_key="donor")), "Batch column", ("none (default)", "donor")),
    ],
)
def test_values_are_said_as_people_say_them(other, name, values):
    assert of(RunConfig(), other) == {name: values}


def test_data_versions_and_machines_count():
    one = settings(RunConfig(), environment={"machine": "x86_64", "python": "3.11.7"})
    other = settings(RunConfig(), environment={"machine": "arm64", "python": "3.11.7"})
    other["context"] = {"data": "e" * 64, "versions": {"torch": "3", "numpy": "2"}}
    found = {difference.setting: difference.values for difference in differences([one, other])}
    assert found == {
        "Content of the data": ("d" * 12, "e" * 12),
        "Version of torch": ("2", "3"),
        "Version of numpy": ("not noted", "2"),
        "Machine": ("x86_64", "arm64"),
    }


def test_a_run_of_an_earlier_version_is_compared_as_it_was_trained(tmp_path):
    home = Home.at(tmp_path / "home")
    old, new, _ = fakes.comparison(home)
    raw = read_json(old.folder / CONFIG_FILE)
    del raw["config"]["train"]["schedule"], raw["config"]["mix"]["head"]
    write_json(old.folder / CONFIG_FILE, raw)
    write_json(new.folder / ENVIRONMENT_FILE, {"machine": "x86_64"})
    found = {difference.setting: difference.values for difference in between([RunRecord(old.folder), new])}
    assert found["Schedule"] == ("Constant (scvi-tools)", "Condensed (default)")
    assert "Predictions by" not in found
    assert found["Machine"] == ("not noted", "x86_64")
