"""The gate for schedules: that it passes what is the same, fails what is not, and knows stock's scores."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.fidelity import cases, gate, neighbours
from benchmarks.fidelity.__main__ import STOCK
from benchmarks.fidelity.report import report
from benchmarks.fidelity.scores import OF_SCVI, SHOWN, TESTED, scvi_table, table

METHODS = {"scanvi": 0.0, "semafo": 0.04, "both": 0.0}  # what a method has more than scANVI, on every score


def scores_of(shift: float = 0.0, spread: float = 0.0, seed: int = 0, **moved: float) -> pd.DataFrame:
    """Scores of ten Kang divisions and five of the simulation. moved: by how much a mix has more than that."""
    rng = np.random.default_rng(seed)
    rows = [
        {"name": name, "seed": division, "mix": mix}
        | {metric: 0.7 + method + shift + moved.get(mix, 0.0) + spread * rng.normal() for metric in TESTED}
        for name, n in ((cases.KANG, 10), (cases.SIMULATED, 5))
        for division in range(n)
        for mix, method in METHODS.items()
    ]
    return pd.DataFrame(rows).set_index(["name", "seed", "mix"])


def failed(ours: pd.DataFrame, stock: pd.DataFrame) -> set[tuple[str, str]]:
    return {(check.name, check.metric) for check in gate.checks(ours, stock) if not check.holds}


def test_the_stock_passes_against_itself_and_better_scores_pass():
    stock = scores_of(spread=0.01)
    assert failed(stock, stock) == set()
    assert failed(stock + 0.2, stock) == set()


def test_a_schedule_that_loses_more_than_the_margin_fails_where_it_loses():
    stock = scores_of(spread=0.01)
    worse = stock.copy()
    worse["batch"] -= 0.021
    assert {metric for _, metric in failed(worse, stock)} == {"batch"}
    assert {name for name, _ in failed(worse, stock)} == {"Kang, lower bound of the mean", "simulated, mean"}


def test_a_mean_within_the_margin_fails_on_the_kang_cells_where_divisions_do_not_agree():
    stock = scores_of()
    unsure = scores_of(shift=-0.005, spread=0.05)
    assert ("Kang, lower bound of the mean", "accuracy") in failed(unsure, stock)


def test_one_mix_cannot_be_paid_for_by_the_others():
    stock = scores_of()
    ours = scores_of(scanvi=0.05, both=0.05, semafo=-0.05)
    assert ("Kang, worst mix (semafo)", "batch") in failed(ours, stock)


def test_the_difference_between_methods_may_not_move_or_turn_round():
    stock = scores_of(spread=0.001)
    turned = scores_of(spread=0.001, semafo=-0.05, scanvi=0.05)
    found = failed(turned, stock)
    assert {("Kang, SemafoVAE - scANVI moved by", metric) for metric in gate.MOVED} <= found
    assert {("Kang, SemafoVAE - scANVI × sign with stock", metric) for metric in TESTED} <= found


def test_the_bound_is_that_of_a_one_sided_test():
    values = np.random.default_rng(1).normal(size=10)
    bound = gate.lower_bound(values)
    assert stats.ttest_1samp(values, bound, alternative="greater").pvalue == pytest.approx(0.05)


def test_a_score_that_is_missing_does_not_pass():
    stock = scores_of()
    ours = stock.copy()
    ours["bio"] = np.nan
    assert {metric for _, metric in failed(ours, stock)} == {"bio"}


def test_neighbours_survive_being_written_down():
    rng = np.random.default_rng(0)
    found = np.stack([rng.permutation(800)[:30] for _ in range(60)])
    assert neighbours.share_kept(neighbours.packed(found), neighbours.packed(found)) == 1
    other = (found + 801) % 65_536
    assert neighbours.share_kept(neighbours.packed(found), neighbours.packed(other)) == 0


def test_no_case_is_both_chosen_on_and_reported_on():
    assert not {case.seed for case in cases.CHOOSE} & {case.seed for case in cases.REPORT}
    donors = [cases.Case(cases.SURGERY, seed).config("k.h5ad", "condensed") for seed in (0, 1, 2, 3, 4, 100)]
    assert len({config.split.reference for config in donors}) == 6


def stock_of(divisions: tuple[cases.Case, ...], control: bool = False) -> dict[cases.Case, dict]:
    every = cases.trainings(divisions, control)
    return {case: json.loads((STOCK / f"{case.slug}.json").read_text(encoding="utf-8")) for case in every}


def test_the_control_has_other_training_seeds_on_the_same_divisions():
    found, others = cases.trainings(cases.REPORT), cases.trainings(cases.REPORT, control=True)
    assert not {case.slug for case in found} & {case.slug for case in others}
    assert {case.division for case in found} == {case.division for case in others} == set(cases.REPORT)
    one, other = (case.config("k.h5ad", "constant") for case in (found[0], others[0]))
    assert one.split == other.split
    assert one.train.seed != other.train.seed


def test_each_training_stands_beside_the_stocks_of_the_same_rank():
    ours, control = cases.trainings(cases.REPORT), cases.trainings(cases.REPORT, control=True)
    assert [cases.counterpart(case) for case in ours] == list(ours)
    assert [cases.counterpart(case) for case in control] == list(ours)


def test_scores_of_a_division_are_means_over_its_training_seeds():
    found = stock_of(cases.REPORT)
    mine = [one for case, one in found.items() if case.division == cases.Case(cases.KANG, 3)]
    mean = np.mean([one["mixes"]["both"]["accuracy"] for one in mine])
    assert len(mine) == cases.N_SEEDS[cases.KANG] > 1
    assert table(found, found).at[(cases.KANG, 3, "both"), "accuracy"] == pytest.approx(mean)


def test_the_report_says_what_fails_and_ends_with_the_verdict(capsys):
    stock = stock_of(cases.REPORT)
    assert report("constant", stock, stock, as_json=False) == 0
    said = capsys.readouterr().out
    assert said.endswith("constant passes.\n")
    assert "**no**" not in said
    worse = copy.deepcopy(stock)
    for found in worse.values():
        for mix in found["mixes"].values():
            mix["accuracy"] -= 0.2
    assert report("hasty", worse, stock, as_json=True) == 1
    *text, last = capsys.readouterr().out.splitlines()
    assert not json.loads(last)["passes"]
    assert {check["metric"] for check in json.loads(last)["checks"] if not check["holds"]} == {"accuracy"}
    assert any(line.startswith("| Kang | 10 | -0.200 (-0.200)") for line in text)


def test_the_stock_of_every_case_is_kept_with_what_it_was_made_with():
    every = (*cases.REPORT, *cases.CHOOSE, *cases.SHOWN)
    found = stock_of(every)
    control = stock_of(cases.REPORT, control=True)
    assert {one["machine"]["torch"].partition("+")[0] for one in (*found.values(), *control.values())} == {"2.13.0"}
    assert {one["courses"]["semi-supervised"]["n_epochs"] for one in found.values()} == {20}
    scores = table(found, found)
    assert set(TESTED) | set(SHOWN) <= set(scores)
    assert (scores["neighbours_kept"] == 1).all()
    assert scores.loc[[cases.KANG, cases.SURGERY, cases.SIMULATED], list(TESTED)].notna().all().all()
    assert list(scvi_table(found)) == list(OF_SCVI)
