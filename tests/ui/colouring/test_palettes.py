"""Colours of types and batches go by the data set, whatever a run made of it."""

from dataclasses import replace

import pytest

from semafo import keys
from semafo.files import write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.run_config import DatasetSpec, RunConfig
from semafo.ui.charts import colours
from semafo.ui.colouring import palettes

COMPOSITION = {"B": {"one": 5, "two": 3}, "NK": {"one": 2, "two": 0}, "T": {"two": 9}}


@pytest.fixture
def record(tmp_path):
    """A function that writes a run of a data set with a preflight's counts."""

    def write(name="kang", composition=COMPOSITION):
        folder = Home.at(tmp_path / "home").runs / f"run-{name}"
        folder.mkdir()
        config = replace(RunConfig(), dataset=DatasetSpec(name))
        write_json(folder / keys.CONFIG_FILE, {"config": config.to_dict(), "context": {"data": name}, "batch": "a"})
        write_json(folder / keys.SPLIT_FILE, {"report": {"composition": composition} if composition else {}})
        return RunRecord(folder)

    return write


def test_a_run_that_shows_few_types_has_them_in_the_colours_of_the_data_page(record):
    on_the_data_page = colours.of_types(COMPOSITION)
    assert palettes.of_types([record()], shown=["T"]) == on_the_data_page
    assert palettes.of_batches([record("again")], shown=["two"]) == colours.of_batches(["one", "two"])


def test_types_that_the_preflight_did_not_count_come_last(record):
    looks = palettes.of_types([record()], shown=["A new type", "T"])
    assert list(looks) == ["B", "NK", "T", "A new type"]


def test_a_second_data_set_leaves_the_first_ones_colours_alone(record):
    first, second = record("kang"), record("pancreas", {"Alpha": {"x": 1}, "B": {"x": 2}})
    alone, both = palettes.of_types([first]), palettes.of_types([first, second])
    assert {name: both[name] for name in alone} == alone
    assert "Alpha" in both


def test_a_run_without_a_preflight_goes_by_what_it_shows(record):
    assert palettes.of_types([record(composition=None)], ["T", "B"]) == colours.of_types(["B", "T"])
