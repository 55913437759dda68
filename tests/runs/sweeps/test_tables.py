"""A sweep is laid out as the paper's tables are, with what the paper reports beside it where the data are its own."""

import pytest

from semafo.evaluation.uncertainty.significance import MethodDifference
from semafo.runs.compare.differences import MethodContrast
from semafo.runs.home import Home
from semafo.runs.sweeps import tables as sweep_tables
from semafo.runs.sweeps.clear_differences import clear_differences, row
from semafo.runs.sweeps.curves import ACCURACY, QUERY_ACCURACY
from semafo.ui.charts.scores.rate_curve import Line, rate_curves
from tests.support.fake_sweeps import a_sweep

BONE_MARROW = ("Bone marrow, 0.0 % labelled", "Bone marrow, 34.2 % labelled")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return a_sweep(Home.at(tmp_path_factory.mktemp("own")))


@pytest.fixture(scope="module")
def of_paper(tmp_path_factory):
    return a_sweep(Home.at(tmp_path_factory.mktemp("paper")), preset="bone-marrow", points=BONE_MARROW)


def test_labelled_rates_of_ones_own_go_up_and_nothing_stands_beside_them(own):
    table = sweep_tables.by_rate(own, QUERY_ACCURACY)
    assert list(table.index) == ["5 %", "50 %"]
    assert not table.map(lambda text: "(" in text).to_numpy().any()


def test_the_papers_splits_stand_in_its_order_with_its_figures_in_brackets(of_paper):
    table = sweep_tables.by_rate(of_paper, QUERY_ACCURACY)
    assert list(table.index) == list(reversed(BONE_MARROW))
    assert list(table.columns)[:3] == ["scANVI", "SemafoVAE", "Both"]
    assert table.loc[BONE_MARROW[1], "SemafoVAE"].endswith("(0.9433)")
    assert "(" not in sweep_tables.by_rate(of_paper, ACCURACY).loc[BONE_MARROW[1], "SemafoVAE"]


def test_label_scores_at_one_rate_have_the_papers_table_beside_them_without_labels_alone(of_paper):
    without, with_labels = (sweep_tables.label_scores(of_paper, title) for title in BONE_MARROW)
    assert list(without.index) == ["F1, weighted", "Balanced accuracy", "Cohen's kappa", "Accuracy"]
    assert without.loc["Cohen's kappa", "Both"].endswith("(0.9306)")
    assert "(" not in with_labels.loc["Cohen's kappa", "Both"]


def test_integration_at_one_rate_has_scvi_and_pca_below_the_models(own):
    table = sweep_tables.integration(own, "5 %")
    assert list(table.index) == ["scANVI", "SemafoVAE", "Both", "scVI", "PCA"]
    assert list(table.columns) == ["Batch", "Biology", "Total"]


@pytest.mark.parametrize(
    ("title", "rate"),
    [
        ("20 %", 0.2),
        ("0.5 %", 0.005),
        ("Pancreas, 82.4 % labelled", 0.824),
        ("Pancreas, reference only", 1.0),
        ("", None),
    ],
)
def test_a_points_title_says_its_labelled_rate(title, rate):
    assert sweep_tables.rate_of(title) == rate


def test_of_two_methods_the_better_stands_first_with_the_interval_of_its_lead():
    found = MethodDifference(3, 1, 3, 8, mean=-0.062, low=-0.107, high=-0.009)
    assert row("1 %", MethodContrast("scANVI", "SemafoVAE", found)) == {
        "Labelled": "1 %",
        "Better": "scANVI",
        "Worse": "SemafoVAE",
        "Points": "6.2",
        "95 % interval": "0.9 to 10.7",
        "Pairs": "3",
    }


def test_methods_that_do_not_differ_are_counted_and_what_intervals_do_not_cover_is_said(own):
    clear = clear_differences(own)
    assert clear.table.empty
    assert clear.words.startswith("0 of 12 comparisons")
    assert "do not cover other splits" in clear.words


def a_line(*rates):
    values = [0.5] * len(rates)
    return Line("scANVI", rates, values, values, values, [""] * len(rates))


@pytest.mark.parametrize(("rates", "kind"), [((0.01, 0.05, 0.5), "log"), ((0.0, 0.5), None), ((0.2, 0.5), None)])
def test_few_labels_are_not_crowded_into_a_corner_unless_there_is_a_rate_of_0(rates, kind):
    axis = rate_curves([a_line(*rates)], "Accuracy").layout.xaxis
    assert axis.type == kind
    assert kind is None or axis.ticktext == tuple(f"{100 * rate:g} %" for rate in rates)
