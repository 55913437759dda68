"""Differences of runs, baselines and methods, on run folders filled by hand."""

from dataclasses import replace

import pandas as pd
import pytest

from semafo import keys
from semafo.cli import comparison
from semafo.errors import SemafoError
from semafo.files import write_json
from semafo.runs.compare import differences
from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.settings.run_config import SplitSettings, TrainSettings
from tests.support import fakes


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


@pytest.fixture
def runs(home):
    """scANVI, SemafoVAE and Both by surgery on the same cells."""
    return fakes.comparison(home, fakes.MAPPED)


def with_seeds(home, split_seeds, seeds, config=fakes.MAPPED):
    """All three mixes for each split seed and seed."""
    return [
        record
        for split_seed in split_seeds
        for seed in seeds
        for record in fakes.comparison(
            home,
            replace(config, split=replace(config.split, split_seed=split_seed), train=TrainSettings(seed=seed)),
        )
    ]


def accuracy(record):
    return record.predictions()["test"]["accuracy"]


def test_the_difference_of_two_runs_is_that_of_their_accuracies(runs):
    found = differences.between(runs[0], runs[1])
    assert found.n == runs[0].predictions()["test"]["n_scored"]
    assert found.difference == pytest.approx(accuracy(runs[1]) - accuracy(runs[0]))
    back = differences.between(runs[1], runs[0])
    assert back.difference == -found.difference
    assert back.p_value == found.p_value


def test_the_difference_from_a_baseline_is_the_run_minus_it(runs):
    for name, scores in runs[0].baselines().items():
        found = differences.from_baseline(runs[0], name)
        assert found.difference == pytest.approx(accuracy(runs[0]) - scores["test"]["accuracy"])
    before = differences.from_baseline(runs[0], keys.BEFORE_QUERY_MIX)
    expected = accuracy(runs[0]) - runs[0].predictions()["before_query"]["test"]["accuracy"]
    assert before.difference == pytest.approx(expected)


def test_the_best_baseline_has_the_highest_accuracy(runs):
    rows = {name: scores["test"]["accuracy"] for name, scores in runs[0].baselines().items()}
    assert rows[differences.best_baseline(runs[0])] == max(rows.values())


def test_runs_with_other_test_cells_are_refused(home, runs):
    (other,) = with_seeds(home, [1], [0])[:1]
    with pytest.raises(SemafoError, match="different cells"):
        differences.between(runs[0], other)
    with pytest.raises(SemafoError, match="different cells"):
        differences.between(runs[0], fakes.finished(home, fakes.REAL))


def test_rates_of_one_split_share_their_test_cells(home):
    low, high = (fakes.finished(home, replace(fakes.REAL, split=SplitSettings(labelled_rate=r))) for r in (0.2, 0.6))
    assert differences.between(low, high).n == low.predictions()["test"]["n_scored"]


def test_without_test_cells_there_is_no_difference(home):
    runs = fakes.comparison(home, fakes.ANNOTATED)
    assert differences.between(runs[0], runs[1]) is None
    assert differences.from_baseline(runs[0], keys.KNN) is None
    assert differences.best_baseline(runs[0]) is None
    assert differences.methods(runs) == []


def test_a_run_without_baselines_has_no_difference_from_them(runs):
    (runs[0].folder / keys.BASELINE_CELLS_FILE).unlink()
    (runs[0].folder / keys.BASELINES_FILE).unlink()
    assert differences.from_baseline(runs[0], keys.KNN) is None
    assert differences.best_baseline(runs[0]) is None


def test_methods_are_grouped_by_everything_but_mix_and_seeds(home):
    records = with_seeds(home, [0, 1], [0, 1]) + fakes.comparison(home, fakes.REAL)
    mapped, real = differences.methods(records)
    mixes = [row for row in mapped.scores if not row.is_baseline]
    assert [row.name for row in mixes] == ["scANVI", "SemafoVAE", "Both"]
    assert {(row.n_runs, row.n_splits, row.n_seeds) for row in mixes} == {(4, 2, 2)}
    assert [row.name for row in mapped.scores if row.is_baseline] == list(keys.BASELINES)
    assert {row.accuracy_interval for row in real.scores} == {None}


def test_a_methods_mean_is_over_its_runs(home):
    records = with_seeds(home, [0], [0, 1, 2])
    (group,) = differences.methods(records)
    row = group.scores[0]
    values = [accuracy(record) for record in records if record.config.mix == Mix(1, 0)]
    assert row.accuracy == pytest.approx(sum(values) / 3)
    assert 0 <= row.accuracy_interval.low < row.accuracy < row.accuracy_interval.high <= 1


def test_methods_are_compared_over_the_pairs_that_both_have(home):
    records = with_seeds(home, [0, 1], [0, 1])
    kept = [r for r in records if not (r.config.mix == Mix(0, 1) and r.config.train.seed == 1)]
    (group,) = differences.methods(kept)
    found = {(row.a, row.b): row.difference for row in group.differences}
    assert found["scANVI", "Both"].n_pairs == 4
    assert found["scANVI", "SemafoVAE"].n_pairs == 2
    assert found["scANVI", "SemafoVAE"].not_covered == ("seeds",)
    best = max((row for row in group.scores if row.is_baseline), key=lambda row: row.accuracy).name
    assert {(best, mix) for mix in ("scANVI", "SemafoVAE", "Both")} <= set(found)


def test_one_donor_and_split_is_said_not_to_be_covered(home):
    (group,) = differences.methods(with_seeds(home, [0], [0, 1], fakes.REAL))
    contrast = group.differences[0]
    assert contrast.difference.not_covered == ("splits", "donors")
    assert "does not cover other splits or donors" in differences.method_words(contrast)


def test_words_name_the_cells_the_interval_and_what_they_speak_of(runs):
    found = replace(differences.between(runs[0], runs[1]), n=210, difference=0.004, low=-0.012, high=0.02, p_value=0.6)
    assert differences.words("scANVI", "SemafoVAE", found) == (
        "On these 210 test cells SemafoVAE is 0.4 points above scANVI (95 % -1.2 to 2.0): no clear difference between "
        "these two runs."
    )
    clear = replace(found, difference=-0.05, low=-0.08, high=-0.02, p_value=0.001)
    words = differences.words("scANVI", "SemafoVAE", clear)
    assert "5.0 points below scANVI" in words
    assert words.endswith("(95 % -8.0 to -2.0): a clear difference between these two runs.")


def test_lines_hold_baselines_before_query_and_every_pair(runs):
    lines = list(comparison.lines(runs))
    by_kind = pd.DataFrame(lines).groupby("kind").size().to_dict()
    assert by_kind == {"baseline": 4, "before-query": 3, "difference": 3 + 3}
    scored = {line["mix"]: line for line in lines if "mix" in line}
    assert set(scored) == {*keys.BASELINES, keys.BEFORE_QUERY_MIX}
    own = runs[0].summary()
    shared = {"seed", "split_seed", "labelled_rate", "n_query", "n_scored", "n_unseen", "accuracy", "balanced_accuracy"}
    assert all(shared <= set(line) and line["n_scored"] == own["n_scored"] for line in scored.values())
    pair = next(line for line in lines if line["kind"] == "difference")
    assert (pair["a"], pair["b"], pair["metric"]) == ("scANVI", "SemafoVAE", "accuracy")
    assert (pair["a_option"], pair["b_option"]) == ("scanvi", "semafo")
    assert {"n", "difference", "low", "high", "p_value", "words"} <= set(pair)


def test_several_seeds_add_methods_and_print_baselines_once_a_seed(home):
    lines = list(comparison.lines(with_seeds(home, [0], [0, 1])))
    by_kind = pd.DataFrame(lines).groupby("kind").size().to_dict()
    assert by_kind == {"baseline": 8, "before-query": 6, "difference": 12, "method": 7, "method-difference": 6}


def test_baselines_that_failed_are_named_with_the_reason(runs):
    write_json(runs[0].folder / keys.BASELINES_FILE, {"rows": {}, "error": "There was not enough memory."})
    (sentence,) = comparison.missing(runs)
    assert sentence.endswith("There was not enough memory.")
    assert comparison.missing(runs[1:]) == []
