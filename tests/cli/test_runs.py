"""Commands about runs that are there. Those that need an engine are tested with one, in tests/runs."""

import json

import pytest
from click.testing import CliRunner

from semafo import keys
from semafo.cli import output
from semafo.cli import runs as runs_commands
from semafo.cli.main import cli
from semafo.files import read_json, write_json
from semafo.runs.home import Home
from semafo.runs.library import trash
from tests.support import fakes


@pytest.fixture(scope="module")
def full_home(tmp_path_factory):
    """A home that tests read, or leave as they found it."""
    return fakes.full_home(tmp_path_factory.mktemp("full") / "home")


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def semafo(home, *arguments, code=0):
    """What a command prints, and what it complains about."""
    done = CliRunner().invoke(cli, [*arguments, "--home", str(home.path)])
    assert done.exit_code == code, done.output
    return done.stdout, done.stderr


def as_json(home, *arguments):
    return [json.loads(line) for line in semafo(home, *arguments, "--json")[0].splitlines()]


@pytest.mark.parametrize(
    ("arguments", "n"),
    [
        ([], 10),
        (["--search", "semafovae"], 2),
        (["--search", "seed 3"], 1),
        (["--dataset", "simulated", "--state", "done"], 3),
        (["--state", "failed"], 1),
        (["--tag", "nothing"], 0),
        (["--sweep", "sweep-"], 0),
    ],
)
def test_runs_are_searched(full_home, arguments, n):
    assert len(as_json(full_home, "runs", *arguments)) == n


def test_a_search_that_finds_nothing_says_how_many_there_are(full_home):
    assert "None of 10 runs" in semafo(full_home, "runs", "--search", "nothing")[0]


def test_name_tags_and_notes_are_written_and_shown(home):
    run_id = fakes.failed(home).run_id
    semafo(home, "rename", run_id[:9], "For the talk")
    assert as_json(home, "tag", run_id, "--add", "a", "--add", "b")[0]["tags"] == ["a", "b"]
    assert as_json(home, "tag", run_id, "--remove", "A")[0]["tags"] == ["b"]
    semafo(home, "tag", run_id, "--add", "good")
    semafo(home, "note", run_id, "look again")
    (said,) = as_json(home, "tag", run_id)
    assert said == {"run_id": run_id, "name": "For the talk", "tags": ["b", "good"], "notes": "look again"}
    assert "For the talk: scANVI · 20 % · seed 0 #b #good" in semafo(home, "runs", "--search", "again")[0]
    shown = semafo(home, "show", run_id)[0]
    assert "name: For the talk" in shown
    assert "notes: look again" in shown


def test_differences_are_a_table_or_lines_of_json(full_home):
    first, second, _ = (row["run_id"] for row in as_json(full_home, "runs", "--dataset", "pbmc68k", "--state", "done"))
    lines = as_json(full_home, "diff", first, second)
    assert {line["kind"] for line in lines} == {"setting"}
    assert all(set(line["values"]) == {first, second} for line in lines)
    table = semafo(full_home, "diff", first, second)[0]
    assert "Weight of scANVI's regulariser" in table
    assert table.splitlines()[-1] == "Everything else is the same."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rename", "nothing", "A"], "semafo runs"),
        (["tag", "scanvi", "--add", "a b<"], "no tag"),
        (["diff", "scanvi"], "two or more"),
        (["diff", "scanvi", "scanvi"], "two or more"),
        (["restore", "nothing"], "kept for 7 days"),
        (["delete", "nothing"], "semafo runs"),
        (["clean", "--yes"], "--trash, --failed, --cache, --uploads"),
    ],
)
def test_errors_say_what_to_do(home, arguments, words):
    fakes.failed(home)
    assert words in semafo(home, *arguments, code=2)[1]


def test_a_run_from_a_newer_version_is_listed_with_the_reason(home):
    record = fakes.failed(home)
    write_json(record.folder / keys.CONFIG_FILE, {**read_json(record.folder / keys.CONFIG_FILE), "schema": 99})
    assert "Update Semafo" in semafo(home, "runs")[0]
    assert "Update Semafo" in semafo(home, "show", record.run_id, code=2)[1]


def test_cleaning_says_what_would_go_and_touches_nothing(home):
    record = fakes.failed(home)
    trash.move_in(home, record.run_id)
    fakes.cancelled(home)
    (home.cache / "scvi-a").mkdir()
    before = sorted(home.path.rglob("*"))
    items = as_json(home, "clean")
    assert [(item["kind"], item["title"]) for item in items] == [
        ("trash", "scANVI · 20 % · seed 0"),
        ("failed", "scANVI · 20 % · seed 0"),
        ("cache", "scvi-a"),
    ]
    assert {item["kind"] for item in as_json(home, "clean", "--trash", "--cache")} == {"trash", "cache"}
    text = semafo(home, "clean")[0]
    assert "deleted runs, for good: 1  (--trash)" in text
    assert "after 7 days" in text
    assert sorted(home.path.rglob("*")) == before


def test_disk_use_is_said_part_by_part(home):
    fakes.failed(home)
    parts = {part["name"]: part for part in as_json(home, "disk")}
    assert parts["runs"]["n"] == 1
    assert parts["runs"]["n_bytes"] > 0
    assert "together" in semafo(home, "disk")[0]


def test_a_deletion_is_carried_out_by_the_next_engine_where_the_first_was_killed(home, monkeypatch):
    record = fakes.finished(home)
    started = []

    def start(home):
        """The first engine is killed before it does anything; the second one works."""
        started.append(home)
        if len(started) == 2:
            trash.move_in(home, record.run_id)

    for module in (runs_commands, output):
        monkeypatch.setattr(module, "ensure_engine", start)
    said, _ = semafo(home, "delete", record.run_id)
    assert f"deleted: {record.run_id}" in said
