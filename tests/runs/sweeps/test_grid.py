"""What a sweep varies, what it will cost, and what its curve says."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semafo.data.paper import reported_scores
from semafo.data.paper import splits as paper_splits
from semafo.errors import SettingsError
from semafo.runs.sweeps.cost import Task, makespan
from semafo.runs.sweeps.curves import METRICS, Curve, CurvePoint, curves
from semafo.runs.sweeps.grid import Grid, preset_points, rate_title
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, SplitSettings, TrainSettings

MIXES = (Mix(1, 0), Mix(0, 1))


def a_grid(**changes) -> Grid:
    rest = {"mixes": MIXES, "seeds": (0, 1), "split_seeds": (5,), **changes}
    return Grid.of_rates(DatasetSpec(), SplitSettings(test_share=0.4), [0.5, 0.1, 0.5], **rest)


def test_every_combination_is_a_run_and_runs_of_one_scvi_stage_follow_one_another():
    configs = a_grid().configs()
    found = [(c.train.seed, c.split.labelled_rate, c.mix.name) for c in configs]
    assert found == [(s, r, m) for s in (0, 1) for r in (0.1, 0.5) for m in ("scANVI", "SemafoVAE")]
    assert {(c.split.split_seed, c.split.test_share) for c in configs} == {(5, 0.4)}


@pytest.mark.parametrize(("name", "said"), [("mixes", "mixes"), ("seeds", "training seeds"), ("split_seeds", "splits")])
def test_a_grid_without_runs_is_refused_in_words(name, said):
    with pytest.raises(SettingsError, match=f"at least one of its {said}"):
        a_grid(**{name: ()})


def test_settings_of_the_training_stay_but_for_the_seed():
    train = TrainSettings(epochs_pretrain=3, seed=9)
    assert [c.train for c in a_grid(train=train, seeds=(4,)).configs()] == [replace(train, seed=4)] * 4


def test_the_papers_splits_of_a_tissue_come_from_few_labels_to_many():
    points = preset_points("pancreas", DatasetSpec("simulated"), None)
    rates = [preset.rate for preset in paper_splits.presets() if preset.name.startswith("pancreas")]
    assert [point.title for point in points][:2] == ["Pancreas, 0.0 % labelled", "Pancreas, 16.8 % labelled"]
    assert len(points) == len(rates)
    assert len({point.dataset for point in points}) == 1


def test_data_without_the_papers_studies_have_none_of_its_splits():
    with pytest.raises(SettingsError, match="none of the paper's pancreas splits"):
        preset_points("pancreas", DatasetSpec("mine.h5ad"), {"donor 1", "donor 2"})


def test_the_papers_accuracies_are_of_the_rates_of_its_presets():
    for family in ("pancreas", "bone-marrow"):
        rates = {round(p.rate, 3) for p in paper_splits.presets() if p.name.startswith(family) and p.rate < 1}
        for by_rate in reported_scores.accuracies(family).values():
            assert {round(rate, 3) for rate in by_rate} == rates
    assert reported_scores.accuracies(None) == {}


def test_a_rate_is_named_in_percent():
    assert [rate_title(rate) for rate in (0, 0.01, 0.125, 1)] == ["0 %", "1 %", "12.5 %", "100 %"]


tasks = st.lists(st.builds(Task, st.sampled_from("abc"), st.floats(0, 50), st.floats(0.1, 50)), min_size=1, max_size=12)


@given(tasks)
def test_one_worker_needs_all_seconds_with_each_shared_stage_once(found):
    first = {task.shared: task.shared_seconds for task in reversed(found)}
    assert makespan(found, 1) == pytest.approx(sum(first.values()) + sum(task.own_seconds for task in found))


@given(tasks, st.integers(1, 8))
def test_no_number_of_workers_beats_the_longest_run_or_an_even_share(found, n_workers):
    alone = makespan(found, 1)
    took = makespan(found, n_workers)
    assert took <= alone + 1e-6
    assert took >= max(alone / n_workers, max(task.own_seconds for task in found)) - 1e-6


def test_runs_of_one_stage_wait_for_it_and_others_do_not():
    same = [Task("a", 10, 1)] * 2
    assert makespan(same, 2) == 11  # each its own second beside the other, when the stage is there
    assert makespan([Task("a", 10, 1), Task("b", 10, 1)], 2) == 11


def a_curve(*pairs: tuple[float, float]) -> Curve:
    return Curve("scANVI", False, tuple(CurvePoint(rate, mean, None, None, 1, 1, 1) for rate, mean in pairs))


def test_the_rate_that_reaches_a_score_lies_on_the_line_between_measured_rates():
    curve = a_curve((0.1, 0.6), (0.3, 0.8), (0.5, 0.7))
    assert curve.rate_for(0.7) == pytest.approx(0.2)
    assert curve.rate_for(0.5) == 0.1
    assert curve.rate_for(0.81) is None


def rows(values: dict[tuple[int, int], float], **constants) -> pd.DataFrame:
    records = [
        {"method": "scANVI", "is_baseline": False, "place": "p", "rate": 0.2, "split_seed": split, "seed": seed}
        | {name: None for name in METRICS}
        | {"accuracy": value, "run_id": f"{split}{seed}", **constants}
        for (split, seed), value in values.items()
    ]
    return pd.DataFrame(records)


def test_several_splits_count_as_splits_and_not_as_runs():
    (curve,) = curves(rows({(0, 0): 0.5, (0, 1): 0.7, (1, 0): 0.8, (1, 1): 0.8}))
    (point,) = curve.points
    assert point.mean == pytest.approx(0.7)  # (0.6 + 0.8) / 2
    assert (point.n_runs, point.n_splits, point.n_seeds) == (4, 2, 2)
    assert 0 <= point.low < 0.6 < 0.8 < point.high <= 1


@pytest.mark.parametrize("values", [{(0, 0): 0.5}, {(0, 0): 0.5, (0, 1): 0.5, (0, 2): 0.5}])
def test_one_run_has_no_interval_nor_have_runs_without_chance(values):
    (curve,) = curves(rows(values))
    assert (curve.points[0].low, curve.points[0].high) == (None, None)


def test_a_run_without_the_score_is_left_out():
    assert curves(rows({(0, 0): 0.5}), "scib_total") == []
