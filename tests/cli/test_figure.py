"""`semafo figure`: the comparison as a file."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from semafo.cli import figure as cli_figure
from semafo.cli.main import cli
from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.settings.run_config import TrainSettings
from semafo.ui.colouring import colourings
from semafo.ui.compare import composite
from semafo.ui.printing import render
from tests.support import fakes
from tests.support.needs import missing


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def run(home, *arguments):
    return CliRunner().invoke(cli, ["figure", *map(str, arguments), "--home", str(home.path)])


def test_the_page_has_maps_matrices_scores_table_and_caption_and_needs_no_network(home, tmp_path):
    records = fakes.comparison(home)
    found = run(home, *(record.run_id for record in records), "--to", tmp_path / "figure.html")
    assert found.exit_code == 0, found.output
    page = (tmp_path / "figure.html").read_text(encoding="utf-8")
    assert page.count("class='figure'") == 2
    for words in ("(A) UMAP", "(B) Confusion", "(C) Label scores", "(D) scib", "n = 210 test cells", "Semafo "):
        assert words in page
    assert "default-src 'none'" in page


def test_a_drawing_has_the_letters_of_its_four_parts(home, tmp_path):
    if render.browser() is None:
        missing("there is no Chromium or Chrome to draw with")
    records = fakes.comparison(home)
    found = run(home, *(record.run_id for record in records), "--to", tmp_path / "figure.svg")
    assert found.exit_code == 0, found.output
    drawing = (tmp_path / "figure.svg").read_text(encoding="utf-8")
    assert all(f">{letter}</tspan>" in drawing for letter in "ABCD")
    assert drawing.count("<svg") == 3  # the whole, and its two parts
    assert "http://www.w3.org" in drawing


def test_seeds_share_a_column_and_columns_do_not_share_a_colour(home):
    records = [
        fakes.finished(home, replace(fakes.REAL, mix=mix, train=TrainSettings(seed=seed)))
        for mix in (Mix(1.0, 0.0), Mix(0.0, 1.0), Mix(1.0, 1.0))
        for seed in range(3)
    ]
    columns = composite.columns_of(records)
    assert [len(column.runs) for column in columns] == [3, 3, 3]
    assert len({column.colour for column in columns}) == 3


def test_what_cannot_be_drawn_is_refused_in_words(home, tmp_path):
    [record, *_] = fakes.comparison(home)
    waiting = fakes.queued(home, replace(fakes.REAL, train=TrainSettings(seed=9)))
    for arguments, words in (
        ((record.run_id, "--to", tmp_path / "figure.gif"), ".svg or .png or .pdf or .html"),
        (("nothing-such", "--to", tmp_path / "a.svg"), "nothing-such"),
        ((waiting.run_id, "--to", tmp_path / "a.html"), "finished"),
    ):
        found = run(home, *arguments)
        assert found.exit_code == 2
        assert words in found.output
        assert "Traceback" not in found.output
    (tmp_path / "there.html").write_text("mine")
    found = run(home, record.run_id, "--to", tmp_path / "there.html")
    assert "--force" in found.output
    assert (tmp_path / "there.html").read_text() == "mine"


def test_json_tells_what_was_written(home, tmp_path):
    [record, *_] = fakes.comparison(home)
    found = run(home, record.run_id, "--to", tmp_path / "a.html", "--json")
    assert json.loads(found.stdout)["runs"] == [record.run_id]


def test_the_command_offers_what_maps_can_be_coloured_by():
    assert cli_figure.COLOURS == colourings.COLOURINGS
