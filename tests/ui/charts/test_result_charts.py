"""Figures of the Predictions and Integration pages: what can be clicked, which score is marked, who is grey."""

import numpy as np
import pytest

from semafo.data.paper import lung_atlas
from semafo.evaluation.integration.columns import METRICS, aggregate
from semafo.ui import charts
from semafo.ui.charts import colours
from semafo.ui.charts.scores.integration_table import best
from semafo.ui.widgets import paper_rows

TYPES = ["A", "B", "C"]
COUNTS = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])


def matrix(counts=COUNTS):
    return charts.ConfusionMatrix("run", "", "#4477AA", counts)


def targets(figure):
    (trace,) = [trace for trace in figure.data if trace.customdata is not None]
    return trace


@pytest.mark.parametrize("narrow", [False, True])
def test_every_cell_with_counts_of_every_panel_can_be_clicked_and_lies_where_it_is_drawn(narrow):
    missing = charts.ConfusionMatrix("waits", "", "#4477AA", None, "Waiting.")
    figure = charts.confusion_panels([matrix(), missing, matrix(COUNTS.T), matrix()], TYPES, "row", narrow=narrow)
    trace = targets(figure)  # one trace over the whole figure: a click in one panel takes the outline from another
    cells = [tuple(place) for place in trace.customdata]
    assert len(cells) == len(set(cells)) == 12
    for (panel, row, column), x, y in zip(cells, trace.x, trace.y, strict=True):
        suffix = "" if panel == 0 else str(panel + 1)
        left, right = figure.layout[f"xaxis{suffix}"].domain
        bottom, top = figure.layout[f"yaxis{suffix}"].domain
        assert int(3 * (x - left) / (right - left)) == column
        assert int(3 * (top - y) / (top - bottom)) == row
        assert (COUNTS.T if panel == 2 else COUNTS)[row, column] > 0
    assert trace.marker.opacity == trace.unselected.marker.opacity == 0
    assert figure.layout.plot_bgcolor == "rgba(0, 0, 0, 0)"  # nothing may cover the panels below


def test_what_is_in_a_cell_is_said_with_its_share_of_row_and_column():
    trace = targets(charts.confusion_panels([matrix()], TYPES, "row"))
    said = dict(zip(map(tuple, trace.customdata), trace.hovertext, strict=True))[0, 0, 1]
    assert said == "Observed A<br>Predicted B<br>2 cells: 20.0 % of 10 observed,<br>18.2 % of 11 predicted"


def test_a_cell_is_outlined_from_the_start_where_it_is_selected():
    figure = charts.confusion_panels([matrix(), matrix()], TYPES, "row", outlined=(1, 1, 0))
    trace = targets(figure)
    assert [tuple(trace.customdata[i]) for i in trace.selectedpoints] == [(1, 1, 0)]
    assert targets(charts.confusion_panels([matrix()], TYPES, "row", outlined=(0, 2, 2))).selectedpoints is None


def test_the_last_click_counts_and_points_without_a_place_do_not():
    assert charts.clicked([{"customdata": [0, 1, 1]}, {"customdata": [1, 2, 0]}]) == (1, 2, 0)
    assert charts.clicked([]) is None
    assert charts.clicked([{"x": 1}, {"customdata": None}]) is None


def test_flips_go_to_the_side_and_have_the_colour_of_the_run_that_is_right():
    rows = [charts.FlipRow("A", 12, 3), charts.FlipRow("B", 0, 1)]
    figure = charts.flip_bars(rows, ("one", "#4477AA"), ("two", "#EE6677"))
    left, right = figure.data
    assert (list(left.x), list(right.x)) == ([-12, 0], [3, 1])
    assert (left.marker.color, right.marker.color) == ("#4477AA", "#EE6677")
    assert list(left.text) == ["12", ""]  # nothing is written where there is nothing
    low, high = figure.layout.xaxis.range
    assert low == -high  # both sides on one scale
    assert len(charts.flip_bars([], ("one", "#4477AA"), ("two", "#EE6677")).data) == 2


def row(name, values, **kinds):
    scores = dict(zip((metric.key for metric in METRICS), values, strict=True))
    return charts.ScoreRow(name, "#4477AA", scores, aggregate(scores), **kinds)


def test_the_best_of_a_column_is_the_highest_as_shown_and_never_a_reported_one():
    rows = [row("a", [0.5] * 11), row("b", [0.504] * 11), row("c", [0.4] * 11), row("d", [0.9] * 11, is_reference=True)]
    assert best([0.5, 0.504, 0.4, 0.9], rows) == [True, True, False, False]
    assert best([0.5, None], rows[:2]) == [False, False]  # alone it is no best
    figure = charts.score_table(rows)
    circles = [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "markers+text"]
    assert len(circles) == len(METRICS)
    for trace in circles:
        assert [text.startswith("<b>") for text in trace.text] == [True, True, False, False]
        assert list(trace.marker.line.width) == [2, 2, 0, 1.2]
        assert trace.marker.line.color[3] == colours.NEUTRAL


def test_every_column_says_its_meaning_range_and_direction_on_its_title():
    figure = charts.score_table([row("a", [0.5] * 11)])
    titles = {a.text.removesuffix(" *"): a.hovertext for a in figure.layout.annotations if a.hovertext}
    assert set(titles) == {metric.title for metric in METRICS}
    for metric in METRICS:
        said = titles[metric.title].replace("<br>", " ")
        assert metric.meaning in said
        assert "to 1, higher is better." in said
    assert "From −0.5 to 1" in titles["KMeans ARI"]


def test_the_paper_s_means_are_those_of_its_table_and_follow_from_its_figure():
    for paper in lung_atlas.PAPER_ROWS:
        found = paper_rows.score_row(paper, 0.5)
        assert (found.means["batch"], found.means["bio"], found.means["total"]) == (paper.batch, paper.bio, paper.total)
        computed = aggregate(found.scores, 0.5)
        for key in ("batch", "bio", "total"):
            assert found.means[key] == pytest.approx(computed[key], abs=0.011)  # the paper's digits are cut or rounded
        other = paper_rows.score_row(paper, 0.6)
        assert other.means["total"] == pytest.approx(0.6 * paper.bio + 0.4 * paper.batch, abs=0.011)
