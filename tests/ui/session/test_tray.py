from dataclasses import replace

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as hypothesis_strategies

from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.ui.session import run_names, tray
from semafo.ui.shell import training_progress
from semafo.ui.start import first_comparisons
from tests.support import fakes


def row(run_id, batch, mix, seed=0):
    return {"run_id": run_id, "batch": batch, "w_scanvi": mix.w_scanvi, "w_semafo": mix.w_semafo, "seed": seed}


def test_the_newest_comparison_comes_in_the_order_of_the_corners():
    mixes = {"b": Mix(1, 1), "a": Mix(0, 1), "c": Mix(1, 0)}
    rows = [{**row(name, "new", mix), "created": 2} for name, mix in mixes.items()]
    old = {**row("old", "older", Mix()), "created": 1}
    assert tray.newest_comparison([*rows, old]) == ["c", "a", "b"]
    assert tray.newest_comparison([]) == []


def test_a_run_keeps_its_colour_when_another_leaves():
    slots = tray.assign_slots(["a", "b", "c"], {})
    assert tray.assign_slots(["b", "c", "d"], slots) == {"b": 1, "c": 2, "d": 0}


@given(
    hypothesis_strategies.lists(hypothesis_strategies.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True),
    hypothesis_strategies.permutations(range(6)),
)
def test_a_link_has_the_runs_and_their_colours(run_ids, order):
    slots = dict(zip(run_ids, order, strict=False))
    assert tray.from_link(tray.to_link(run_ids, slots)) == slots


def test_a_link_is_short_while_places_give_the_colours():
    assert tray.to_link(["a", "b"], {"a": 0, "b": 1}) == "a,b"
    assert tray.to_link(["b", "c"], {"b": 1, "c": 2}) == "b~2,c~3"


def test_a_link_that_asks_for_what_cannot_be_still_gives_each_run_a_colour_of_its_own():
    assert tray.from_link("a~2,b~2,c~99,d~x,,e") == {"a": 1, "b": 0, "c": 2, "d": 3, "e": 4}
    assert tray.from_link("") == {}


class FakeSession(dict):
    """What Streamlit keeps for a session."""


@pytest.fixture
def session(tmp_path, monkeypatch):
    """A home, and a session outside a running app."""
    home = Home.at(tmp_path / "home")
    monkeypatch.setenv("SEMAFO_HOME", str(home.path))
    monkeypatch.setattr(st, "session_state", FakeSession())
    monkeypatch.setattr(st, "query_params", {})
    return home


def seeds_of(home, mix, seeds):
    runs = [fakes.finished(home, replace(fakes.REAL, mix=mix, train=TrainSettings(seed=seed))) for seed in seeds]
    return [run.run_id for run in runs]


def test_six_columns_fit_however_many_seeds_each_has(session):
    mixes = [Mix(1.0, weight) for weight in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)]
    runs = [run_id for mix in mixes for run_id in seeds_of(session, mix, range(3))]
    tray.show(runs)
    assert tray.run_ids() == runs[:18]
    columns = tray.columns()
    assert [len(column.runs) for column in columns] == [3] * 6
    assert len({column.colour for column in columns}) == 6
    assert [run.run_id for run in tray.chosen_runs()] == runs[:18:3]
    assert columns[0].name == "scANVI · 20 % · 3 seeds"


def test_a_seventh_column_makes_the_oldest_leave_and_another_seed_does_not(session):
    mixes = [Mix(1.0, weight) for weight in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)]
    runs = [run_id for mix in mixes for run_id in seeds_of(session, mix, range(2))]
    tray.show(runs)
    colours_before = {column.name: column.colour for column in tray.columns()}
    [third] = seeds_of(session, mixes[2], [7])
    tray.add(third)
    assert tray.run_ids() == [*runs, third]
    [other] = seeds_of(session, Mix(0.0, 1.0), [0])
    tray.add(other)
    assert tray.run_ids() == [*runs[2:], third, other]
    kept = {column.name: column.colour for column in tray.columns()}
    assert {name: kept[name] for name in kept if name in colours_before}.items() <= colours_before.items()
    assert len(set(kept.values())) == 6


def test_another_seeds_map_can_be_drawn_and_the_link_has_it(session):
    runs = seeds_of(session, Mix(1.0, 0.0), range(7))
    tray.show(runs)
    [column] = tray.columns()
    assert column.shown.run_id == runs[0]
    tray.show_of_column(column, runs[4])
    assert tray.columns()[0].shown.run_id == runs[4]
    assert st.query_params["of_column"] == runs[4]
    assert [run.run_id for run in tray.chosen_runs()] == [runs[4]]
    tray.show_of_column(column, runs[0])
    assert tray.columns()[0].shown.run_id == runs[0]
    assert "of_column" not in st.query_params


def test_names_say_what_tells_runs_apart():
    one = RunConfig()
    other = replace(one, dataset=DatasetSpec("/data/kang.h5ad"))
    assert run_names.distinct_names([one, replace(one, mix=Mix(0, 1))]) == [
        "scANVI · 20 % · seed 0",
        "SemafoVAE · 20 % · seed 0",
    ]
    names = run_names.distinct_names([one, other])
    assert names == ["scANVI · 20 % · seed 0 · pbmc68k", "scANVI · 20 % · seed 0 · kang"]
    longer = replace(one, train=TrainSettings(epochs_reference=40))
    assert len(set(run_names.distinct_names([one, longer]))) == 2


def test_presets_are_the_three_corners_of_the_two_forms():
    real, mapped = (preset.configs for preset in first_comparisons.PRESETS)
    for configs in (real, mapped):
        assert [config.mix.name for config in configs] == ["scANVI", "SemafoVAE", "Both"]
    assert {config.split for config in real} == {SplitSettings(labelled_rate=0.2)}
    assert {config.form for config in mapped} == {"surgery"}
    assert {config.dataset.name for config in mapped} == {"simulated:cells=1000"}


def test_only_runs_that_ended_are_news():
    before = {"a": ("running", False, False), "b": ("queued", False, False), "c": ("done", True, True)}
    now = {"a": ("done", True, True), "b": ("running", False, False), "c": ("done", True, True)}
    assert training_progress.ended(before, now, {}) == {"a": "done"}
    assert training_progress.ended(before, {"c": now["c"]}, {"a": "failed", "b": None}) == {"a": "failed"}
