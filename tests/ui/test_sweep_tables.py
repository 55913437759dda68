"""A sweep is laid out as the paper's tables are, with what the paper reports beside it where the data are its own."""

import pytest

from semafo.runs.curves import ACCURACY, QUERY_ACCURACY
from semafo.runs.home import Home
from semafo.ui import sweep_tables
from tests.fake_sweeps import a_sweep

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
