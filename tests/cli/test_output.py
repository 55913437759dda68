"""What commands say where the disk is full, and nothing where nobody reads on."""

import json
import os
import subprocess
import sys

import pytest

from semafo.runs.home import Home
from tests.support import fakes
from tests.support.small_disk import fill, small_disk

PROGRAM = [sys.executable, "-m", "semafo"]


def deaf(arguments, home):
    """Run a command whose output nobody reads; gives what it said on stderr."""
    heard, said = os.pipe()
    os.close(heard)
    environment = {**os.environ, "SEMAFO_HOME": str(home)}
    with os.fdopen(said, "wb") as output:
        done = subprocess.run(
            [*PROGRAM, *arguments], stdout=output, stderr=subprocess.PIPE, text=True, env=environment, check=False
        )
    return done.stderr


@pytest.fixture(scope="module")
def full_home(tmp_path_factory):
    return fakes.full_home(tmp_path_factory.mktemp("full") / "home")


@pytest.mark.parametrize(
    "arguments",
    [
        ["runs"],
        ["runs", "--json"],
        ["datasets"],
        ["disk"],
        ["check", "pbmc68k"],
        ["--help"],
        *([name, "--help"] for name in ("export", "report")),
    ],
    ids=" ".join,
)
def test_a_command_whose_reader_has_left_ends_without_a_word(full_home, arguments):
    assert deaf(arguments, full_home.path) == ""


def test_show_and_diff_end_without_a_word_too(full_home):
    first, second, *_ = sorted(path.name for path in full_home.runs.iterdir())
    assert deaf(["show", first], full_home.path) == ""
    assert deaf(["diff", first, second], full_home.path) == ""


@pytest.fixture
def full_disk(tmp_path):
    with small_disk(tmp_path / "disk", "8m") as disk:
        home = Home.at(disk / "home")
        fakes.comparison(home)
        yield disk, home


def said_on_a_full_disk(full_disk, *arguments):
    disk, home = full_disk
    fill(disk)
    environment = {**os.environ, "SEMAFO_HOME": str(home.path)}
    done = subprocess.run(
        [*PROGRAM, *arguments, "--json"], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stderr.splitlines()[-1])["error"]


def test_writing_about_a_run_says_that_the_disk_is_full(full_disk):
    run_id = next(full_disk[1].runs.iterdir()).name
    said = said_on_a_full_disk(full_disk, "rename", run_id, "a new name")
    assert f"The disk that holds {full_disk[1].path} is full: 0.0 MB free" in said


def test_an_export_to_a_full_disk_names_the_file_that_did_not_fit(full_disk):
    disk, home = full_disk
    run_id = next(home.runs.iterdir()).name
    said = said_on_a_full_disk(full_disk, "export", run_id, "--as", "zip", "--to", str(disk / "away.zip"))
    assert f"The disk that holds {disk}" in said


def test_a_data_set_that_does_not_fit_says_that_the_disk_is_full(full_disk):
    said = said_on_a_full_disk(full_disk, "save", "simulated", "--out", str(full_disk[0] / "cells.h5ad"))
    assert "The disk that holds" in said
