"""`semafo verify`, and exports of runs that are damaged."""

import json

import pytest
from click.testing import CliRunner

from semafo import keys
from semafo.cli.main import cli
from semafo.runs.export.formats import KINDS
from semafo.runs.home import Home
from tests.support import damage, fakes


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def semafo(home, *arguments):
    done = CliRunner().invoke(cli, [*arguments, "--home", str(home.path)], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def flip_last_bit(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_whole_runs_end_with_zero(home):
    damage.finished(home)
    fakes.failed(home, fakes.CALIBRATED)
    assert semafo(home, "verify") == (0, "1 finished run read, none damaged.\n", "")


def test_an_empty_home_has_no_damage(home):
    assert semafo(home, "verify", "--json") == (0, "", "")


def test_damage_is_a_line_each_and_exit_code_one(home):
    records = [damage.finished(home, config) for config in (fakes.REAL, fakes.CALIBRATED)]
    flip_last_bit(records[0].folder / keys.CELLS_FILE)
    (records[0].folder / keys.SPLIT_FILE).unlink()
    code, said, _ = semafo(home, "verify")
    assert code == 1
    assert f"{records[0].run_id}: {keys.CELLS_FILE}: its content is not what the run left\n" in said
    assert f"{records[0].run_id}: {keys.SPLIT_FILE}: it is gone\n" in said
    assert said.endswith("2 finished runs read, 1 damaged.\n")
    assert semafo(home, "verify", records[1].run_id)[0] == 0
    code, said, _ = semafo(home, "verify", records[0].run_id, "--json")
    assert code == 1
    lines = [json.loads(line) for line in said.splitlines()]
    assert {line["file"] for line in lines} == {keys.CELLS_FILE, keys.SPLIT_FILE}


def test_a_run_that_is_not_there_is_said(home):
    code, _, said = semafo(home, "verify", "nothing")
    assert code == 2
    assert "There is no run 'nothing'" in said


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_run_is_not_exported(home, tmp_path, kind):
    record = damage.finished(home)
    flip_last_bit(record.folder / keys.array_file(keys.X_UMAP))
    to = tmp_path / "out"
    code, _, said = semafo(home, "export", record.run_id, "--as", kind, "--to", str(to))
    assert code == 2
    assert f"{record.run_id}: {keys.array_file(keys.X_UMAP)}" in said
    assert not to.exists()


@pytest.mark.parametrize("command", ["show", "diff"])
def test_commands_say_which_file(home, command):
    record, other = damage.finished(home), damage.finished(home, fakes.CALIBRATED)
    for name in (keys.PREDICTIONS_FILE, keys.CONFIG_FILE):
        path = record.folder / name
        path.write_bytes(path.read_bytes()[:-3])
    arguments = [record.run_id] if command == "show" else [record.run_id, other.run_id]
    code, _, said = semafo(home, command, *arguments)
    assert code == 2
    assert record.run_id in said
    assert ".json: it has" in said
