"""Confusion counts and label scores of columns, recounted to a selection."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from semafo import keys
from semafo.runs.home import Home
from semafo.settings.run_config import TrainSettings
from semafo.ui.compare.label_counts import ColumnCounts, RunCounts
from semafo.ui.maps.selection import OfType
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenColumn, ChosenRun
from tests.support import fakes


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def column_of(*records):
    runs = tuple(ChosenRun(record, record.title, "#4477AA") for record in records)
    return ChosenColumn(runs, "scANVI", runs[0])


def types_of(record):
    return tuple(artefacts(record).predictions["types"])


@pytest.mark.parametrize("config", [fakes.REAL, fakes.MAPPED])
def test_without_a_selection_counts_and_scores_are_those_of_the_run(home, config):
    record = fakes.finished(home, config)
    found = artefacts(record)
    counts = RunCounts.of(found, types_of(record))
    test = found.predictions["test"]
    assert (counts.counts == np.array(found.predictions["confusion"]["test"])).all()
    assert counts.n_scored == test["n_scored"]
    assert counts.accuracy == pytest.approx(test["accuracy"])
    assert counts.balanced_accuracy == pytest.approx(test["balanced_accuracy"])
    column = column_of(record)
    accuracy, _ = ColumnCounts.of(column, types_of(record), None, column.runs).scores(with_baseline=True)
    assert (accuracy.low, accuracy.high) == pytest.approx((test["accuracy_low"], test["accuracy_high"]))
    rows = [row["test"]["accuracy"] for row in record.baselines().values()]
    assert accuracy.baseline == pytest.approx(max(value for value in rows if value is not None))


def test_a_selection_recounts_to_its_test_cells(home):
    record = fakes.finished(home)
    cells, types = record.cells(), types_of(record)
    chosen, column = OfType("Dendritic"), column_of(record)
    counted = ColumnCounts.of(column, types, chosen, column.runs)
    of_type = cells[(cells[keys.PART] == keys.TEST) & (cells[keys.TRUE] == "Dendritic")]
    assert counted.mean_counts.sum() == len(of_type)
    accuracy, _ = counted.scores(with_baseline=False)
    assert accuracy.value == pytest.approx((of_type[keys.PREDICTED] == "Dendritic").mean())
    assert accuracy.baseline is None


def test_seeds_of_a_column_are_averaged_with_the_interval_over_them(home):
    records = [fakes.finished(home, replace(fakes.REAL, train=TrainSettings(seed=seed))) for seed in range(3)]
    column, types = column_of(*records), types_of(records[0])
    counted = ColumnCounts.of(column, types, None, column.runs)
    values = [record.predictions()["test"]["accuracy"] for record in records]
    confusion = [record.predictions()["confusion"]["test"] for record in records]
    assert counted.mean_counts == pytest.approx(np.mean(confusion, axis=0))
    accuracy, _ = counted.scores(with_baseline=True)
    assert accuracy.value == pytest.approx(np.mean(values))
    interval = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert (accuracy.low, accuracy.high) == pytest.approx((max(interval[0], 0), min(interval[1], 1)))
    assert counted.of_what().startswith("3 seeds, n ")


def test_an_empty_selection_has_no_counts_and_no_scores(home):
    record = fakes.finished(home)
    column = column_of(record)
    counted = ColumnCounts.of(column, types_of(record), OfType("nothing such"), column.runs)
    assert counted.mean_counts is None
    assert [score.value for score in counted.scores(with_baseline=False)] == [None, None]
