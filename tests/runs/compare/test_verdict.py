"""What may be said about columns of runs."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from semafo import keys
from semafo.files import read_json, write_json
from semafo.runs.compare import verdict
from semafo.runs.compare.verdict import ENOUGH_SEEDS
from semafo.settings.mix import Mix
from semafo.settings.run_config import TrainSettings
from tests.support import fakes

SCANVI, SEMAFO = Mix(1, 0), Mix(0, 1)


def columns_of(home, seeds, right=None):
    """Two columns of finished runs; right: shares of the test cells that each gets right, where not the fakes' own."""
    found = []
    for i, mix in enumerate((SCANVI, SEMAFO)):
        runs = [fakes.finished(home, replace(fakes.REAL, mix=mix, train=TrainSettings(seed=seed))) for seed in seeds]
        for run in runs if right else ():
            _predict(run, right[i])
        found.append(runs)
    return found


def _predict(run, share):
    """Let a run get a share of the cells right, the same cells in every run."""
    path = run.folder / keys.CELLS_FILE
    cells = pd.read_parquet(path)
    true = cells[keys.TRUE].astype(object)
    types = np.array(sorted(true.unique()), dtype=object)
    is_right = np.random.default_rng(run.config.train.seed).random(len(cells)) < share
    wrong = types[(np.searchsorted(types, true.to_numpy()) + 1) % len(types)]
    cells[keys.PREDICTED] = np.where(is_right, true, wrong)
    cells.to_parquet(path)
    found = read_json(run.folder / keys.PREDICTIONS_FILE)
    test = cells[keys.PART] == keys.TEST
    found["test"]["accuracy"] = float((cells[keys.PREDICTED] == true)[test].mean())
    write_json(run.folder / keys.PREDICTIONS_FILE, found)


def said(home, *args, **kwargs):
    return verdict.verdict(["scANVI", "SemafoVAE"], columns_of(home, *args, **kwargs))


def test_nothing_is_said_before_a_run_is_finished(home):
    assert verdict.verdict(["scANVI"], [[fakes.running(home)]]).sentences == ()


def test_one_seed_is_said_to_prove_nothing_and_more_are_proposed(home):
    found = said(home, seeds=[0])
    assert found.sentences[-1].startswith("These are single trained models")
    assert found.more_seeds == ENOUGH_SEEDS - 1


def test_a_clear_difference_is_said_with_its_size_and_interval(home):
    found = said(home, seeds=[0, 1, 2, 3], right=(0.7, 0.95))
    assert found.sentences[0].startswith("**Labels**, against scANVI: SemafoVAE finds 2")
    assert "more \\[" in found.sentences[0]
    assert found.more_seeds == 0


def test_no_clear_difference_is_said_as_such_with_the_seeds_that_might_show_one(home):
    found = said(home, seeds=[0, 1, 2], right=(0.80, 0.81))
    assert "no clear difference for SemafoVAE" in found.sentences[0]
    assert found.more_seeds == 0 or f"With {3 + found.more_seeds} seeds each" in found.sentences[-1]


def test_the_latent_scale_of_every_column_is_told(home):
    (space,) = (sentence for sentence in said(home, seeds=[0, 1]).sentences if sentence.startswith("**Latent space**"))
    assert re.search(r"latent scale \(sd\) \d\.\d\d in scANVI", space)
    assert "biology kept" in space


def test_the_number_of_seeds_is_the_least_whose_interval_leaves_out_zero():
    a, b = {(0, i): 0.8 for i in range(4)}, {(0, i): 0.81 + 0.02 * (-1) ** i for i in range(4)}
    n = verdict._seeds_that_might_show(a, b)
    values = np.array([0.03, -0.01] * 2)
    from scipy import stats

    half = lambda n: stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n)  # noqa: E731
    assert half(n) < values.mean() <= half(n - 1)
    assert verdict._seeds_that_might_show(a, {pair: 0.8 + 0.1 * (-1) ** pair[1] for pair in a}) is None


@pytest.mark.parametrize("names", [["A", "B"]])
def test_columns_with_other_test_cells_are_not_compared_in_labels(home, names):
    one, other = fakes.finished(home), fakes.finished(home, fakes.MAPPED)
    found = verdict.verdict(names, [[one], [other]])
    assert not any(sentence.startswith("**Labels**") for sentence in found.sentences)
