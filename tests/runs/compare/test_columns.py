"""Runs of equal settings in one column."""

from dataclasses import replace

from semafo.runs.compare import columns
from semafo.settings.mix import Mix
from semafo.settings.run_config import CONSTANT, SplitSettings, TrainSettings
from tests.support import fakes


def test_seeds_and_splits_of_equal_settings_are_one_column(home):
    runs = [
        fakes.finished(home, replace(fakes.REAL, mix=mix, train=TrainSettings(seed=seed)))
        for seed in (0, 1)
        for mix in (Mix(1.0, 0.0), Mix(0.0, 1.0))
    ]
    other_split = fakes.finished(home, replace(fakes.REAL, split=SplitSettings(split_seed=3)))
    scanvi, semafo = columns.stacked([*runs, other_split])
    assert scanvi == [runs[0], runs[2], other_split]
    assert semafo == [runs[1], runs[3]]
    assert columns.counted(semafo) == "2 seeds"
    assert columns.counted(scanvi) == "2 seeds · 2 splits"


def test_whatever_else_differs_makes_another_column(home):
    one = fakes.finished(home)
    others = [
        fakes.finished(home, replace(fakes.REAL, split=SplitSettings(labelled_rate=0.5))),
        fakes.finished(home, replace(fakes.REAL, train=TrainSettings(CONSTANT))),
        fakes.finished(home, replace(fakes.REAL, mix=Mix(0, 1, "normalised"))),
        fakes.finished(home, replace(fakes.REAL, mix=Mix(0, 1, head="mixture"))),
    ]
    assert len(columns.stacked([one, *others])) == 5
