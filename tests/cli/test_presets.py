"""The paper's splits on the command line: the simulation they choose, the rates that come out, what is refused."""

import json

import pytest
from click.testing import CliRunner

from semafo.cli import compare, main
from semafo.data.paper.splits import presets
from semafo.runs.background.preflight import rehearse
from semafo.runs.home import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home.at(tmp_path_factory.mktemp("home"))


def started(home, monkeypatch, *arguments):
    """Configs that a command would start, and its result; nothing is trained."""
    submitted = []
    monkeypatch.setattr(compare.store, "submit", lambda home, configs: submitted.extend(configs) or [])
    monkeypatch.setattr(compare, "ensure_engine", lambda home: None)
    result = CliRunner().invoke(main.cli, ["compare", *arguments, "--home", str(home.path), "--json"])
    return submitted, result


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.name)
def test_a_preset_on_simulated_gives_the_papers_rate(home, monkeypatch, preset):
    configs, result = started(home, monkeypatch, "--dataset", "simulated", "--preset", preset.name)
    assert result.exit_code == 0
    assert len(configs) == 3
    assert {config.dataset.name for config in configs} == {preset.simulation}
    split = rehearse(home, configs[0]).summary()
    assert round(split["labelled_rate"], 3) == pytest.approx(preset.rate)
    assert (split["n_query"] == 0) == preset.reference_only
    assert split["unseen_types"] == []
    assert "in the paper" in json.loads(result.stderr.splitlines()[0])["warning"]


def test_further_settings_of_the_split_reach_the_runs(home, monkeypatch):
    options = ["--leave-out", "Pancreas Beta,Pancreas Alpha", "--leave-out", "Pancreas Delta"]
    options += ["--calibration-share", "0.2", "--leak", "--split-seed", "4"]
    for chosen in (["--preset", "pancreas-45.0"], ["--reference", "Pancreas inDrop"]):
        configs, result = started(home, monkeypatch, "--dataset", "simulated:pancreas-like/8", *chosen, *options)
        assert result.exit_code == 0, result.output
        split = configs[0].split
        assert split.left_out_types == ("Pancreas Alpha", "Pancreas Beta", "Pancreas Delta")
        assert (split.calibration_share, split.leak, split.split_seed) == (0.2, True, 4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "pancreas-82.4", "--labelled-rate", "0.2"], "--preset chooses reference and labels"),
        (["--preset", "pancreas-82.4", "--reference", "a"], "--preset chooses reference and labels"),
        (["--preset", "pancreas-82"], "There is no preset 'pancreas-82'. Choose one of pancreas-100.0"),
        (["--preset", "bone-marrow-0.0", "--dataset", "simulated:pancreas-like/8"], "the data lack Site1"),
        (["--leave-out", "Omega", "--dataset", "simulated:pancreas-like/8"], "There is no type Omega to leave out"),
        (["--calibration-share", "1"], "below 1"),
    ],
)
def test_what_cannot_be_split_is_refused(home, monkeypatch, arguments, words):
    configs, result = started(home, monkeypatch, *arguments)
    assert result.exit_code == 2
    assert not configs
    assert words in result.output


def test_the_presets_can_be_listed():
    result = CliRunner().invoke(main.cli, ["datasets", "--presets", "--json"])
    listed = [json.loads(line) for line in result.output.splitlines()]
    assert [line["name"] for line in listed] == [preset.name for preset in presets()]
    assert listed[1]["labelled"] == ["Pancreas inDrop", "Pancreas SS2"]
