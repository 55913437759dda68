from dataclasses import replace

from semafo.settings import DatasetSpec, Mix, RunConfig, SplitSettings, TrainSettings
from semafo.ui import live, presets, state


def row(run_id, batch, mix, seed=0):
    return {"run_id": run_id, "batch": batch, "w_scanvi": mix.w_scanvi, "w_semafo": mix.w_semafo, "seed": seed}


def test_the_newest_comparison_comes_in_the_order_of_the_corners():
    mixes = {"b": Mix(1, 1), "a": Mix(0, 1), "c": Mix(1, 0)}
    rows = [{**row(name, "new", mix), "created": 2} for name, mix in mixes.items()]
    old = {**row("old", "older", Mix()), "created": 1}
    assert state.newest_comparison([*rows, old]) == ["c", "a", "b"]
    assert state.newest_comparison([]) == []


def test_a_run_keeps_its_colour_when_another_leaves():
    slots = state.assign_slots(["a", "b", "c"], {})
    assert state.assign_slots(["b", "c", "d"], slots) == {"b": 1, "c": 2, "d": 0}


def test_names_say_what_tells_runs_apart():
    one = RunConfig()
    other = replace(one, dataset=DatasetSpec("/data/kang.h5ad"))
    assert state.distinct_names([one, replace(one, mix=Mix(0, 1))]) == [
        "scANVI · 20 % · seed 0",
        "SemafoVAE · 20 % · seed 0",
    ]
    assert state.distinct_names([one, other]) == ["scANVI · 20 % · seed 0 · pbmc68k", "scANVI · 20 % · seed 0 · kang"]
    longer = replace(one, train=TrainSettings(epochs_reference=40))
    assert len(set(state.distinct_names([one, longer]))) == 2


def test_presets_are_the_three_corners_of_the_two_forms():
    real, mapped = (preset.configs for preset in presets.PRESETS)
    for configs in (real, mapped):
        assert [config.mix.name for config in configs] == ["scANVI", "SemafoVAE", "Both"]
    assert {config.split for config in real} == {SplitSettings(labelled_rate=0.2)}
    assert {config.form for config in mapped} == {"surgery"}
    assert {config.dataset.name for config in mapped} == {"simulated:cells=1000"}


def test_only_runs_that_ended_are_news():
    before = {"a": ("running", False, False), "b": ("queued", False, False), "c": ("done", True, True)}
    now = {"a": ("done", True, True), "b": ("running", False, False), "c": ("done", True, True)}
    assert live.ended(before, now, {}) == {"a": "done"}
    assert live.ended(before, {"c": now["c"]}, {"a": "failed", "b": None}) == {"a": "failed"}
