"""`semafo compare` up to the runs that it would start: names with commas, and what the check of the data found."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from semafo.cli import compare, main
from semafo.runs.home import Home

TYPES = ("T cell, CD4", "T cell, CD8", "B cell", "not known")
BATCHES = ("Lee, 2019", "Kim, 2018", "pilot")


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """A file whose types and batches have commas in their names, and one type that is none."""
    row = np.arange(120)
    obs = pd.DataFrame(
        {"cell_type": np.array(TYPES)[row % 4], "study": np.array(BATCHES)[row // 40]}, index=[f"c{i}" for i in row]
    )
    path = tmp_path_factory.mktemp("cells") / "cells.h5ad"
    ad.AnnData(np.random.default_rng(0).poisson(3.0, (120, 20)).astype("float32"), obs=obs).write_h5ad(path)
    return path


@pytest.fixture
def started(cells, tmp_path_factory, monkeypatch):
    """Run the command with further options; gives its result and the settings of the runs that it would start."""
    home = Home.at(tmp_path_factory.getbasetemp() / "home-of-names")
    submitted = []
    monkeypatch.setattr(compare.store, "submit", lambda home, configs: submitted.extend(configs) or [])
    monkeypatch.setattr(compare, "ensure_engine", lambda home: None)

    def run(*options):
        columns = ["--dataset", str(cells), "--label-key", "cell_type", "--batch-key", "study", "--mix", "scanvi"]
        return CliRunner().invoke(main.cli, ["compare", *columns, *options, "--home", str(home.path)]), submitted

    return run


def test_names_may_hold_commas(started, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("T cell, CD8\nB cell\n")
    result, (config,) = started("--reference", "Lee, 2019,pilot", "--leave-out", f"@{names}")
    assert result.exit_code == 0, result.output
    assert config.split.reference == ("Lee, 2019", "pilot")
    assert config.split.left_out_types == ("B cell", "T cell, CD8")


def test_a_batch_to_be_labelled_may_hold_a_comma(started):
    _, (config,) = started("--reference", "pilot", "--labelled", "Kim, 2018")
    assert config.split.labelled_batches == ("Kim, 2018",)
    assert config.title == "scANVI · Kim, 2018 · seed 0"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--reference", "Lee, 2020"), "no batch 'Lee, 2020'. The data have: 'Kim, 2018', 'Lee, 2019', pilot."),
        (("--reference", "Lee, 2019,pilots"), "no batch pilots. The data have"),
        (("--leave-out", "T cell, CD9"), "no type 'T cell, CD9' to leave out"),
    ],
)
def test_names_that_there_are_not_are_refused_with_those_that_there_are(started, options, words):
    result, submitted = started(*options)
    assert (result.exit_code, submitted) == (2, [])
    assert words in result.stderr


def test_what_the_check_found_is_said_once_and_not_again_in_json(started):
    result, submitted = started("--split-seed", "0", "--split-seed", "1", "--seed", "0", "--seed", "1")
    assert len(submitted) == 4
    assert result.stderr.count("'not known' (30 cells)") == 1
    assert "'not known'" not in started("--json")[0].stderr


def test_labels_that_are_no_types_are_missing_on_request(started):
    result, (config,) = started("--missing-label", "not known")
    assert config.dataset.missing_labels == ("not known",)
    assert "30 of 120 cells have no label" in result.stderr
