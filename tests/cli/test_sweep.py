"""`semafo report` of sweeps without a result."""

import pytest
from click.testing import CliRunner

from semafo import keys
from semafo.cli.main import cli
from semafo.files import write_json
from semafo.runs.home import Home
from tests.support.fake_sweeps import a_sweep


@pytest.fixture
def ended(tmp_path):
    """The home of a sweep whose runs all ended in one state."""

    def with_state(state, reason):
        home = Home.at(tmp_path / "home")
        for record in a_sweep(home).records:
            write_json(record.folder / keys.STATUS_FILE, {**record.status, "state": state, "reason": reason})
            (record.folder / keys.MANIFEST_FILE).unlink()
        return home

    return with_state


@pytest.mark.parametrize("options", [(), ("--json",), ("--to", "report.html"), ("--to", "report.csv")])
def test_a_sweep_without_a_finished_run_says_why_with_exit_code_2(ended, options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = ended(keys.FAILED, "The disk is full.")
    said = CliRunner().invoke(cli, ["report", "sweep-", *options, "--home", str(home.path)], catch_exceptions=False)
    assert said.exit_code == 2
    assert said.stdout == ""
    assert "No run of Two rates was finished" in said.stderr
    assert "6 runs failed: The disk is full." in said.stderr
    assert not list(tmp_path.glob("report.*"))


def test_a_sweep_that_has_only_begun_says_so(ended):
    home = ended(keys.QUEUED, None)
    said = CliRunner().invoke(cli, ["report", "sweep-", "--home", str(home.path)], catch_exceptions=False)
    assert "No run of Two rates is finished yet." in said.stderr
