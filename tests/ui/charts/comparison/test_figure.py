"""The figure of the comparison: what stands where, what a click means, and what is written."""

import numpy as np
import pytest

from semafo.ui.charts import colours
from semafo.ui.charts.comparison import matrices, scores
from semafo.ui.charts.comparison.figure import Block, comparison_figure
from semafo.ui.charts.comparison.layout import Layout
from semafo.ui.charts.comparison.matrices import MatrixCell, TypeDot
from semafo.ui.charts.comparison.scores import LabelScore
from semafo.ui.charts.maps.panel import Panel

TYPES = colours.of_types(["B", "NK", "T"])
COUNTS = np.array([[8, 2, 0], [0, 5, 0], [1, 0, 4]])


def block(counts=COUNTS, name="scANVI"):
    places = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    panel = Panel(name, ("accuracy", "cells"), "#4477AA", xy=places, codes=np.arange(30) % 3, looks=TYPES)
    return Block(panel, counts, scores=(LabelScore("Accuracy", 0.85, 0.8, 0.9, 0.82, "kNN on PCA"),))


def waiting(name="Both"):
    return Block(Panel(name, (), "#EE6677"), note="")


def figure(blocks, **kwargs):
    return comparison_figure(blocks, TYPES, **kwargs).to_dict()


def domain(drawn, number):
    suffix = "" if number == 1 else str(number)
    layout = drawn["layout"]
    return layout[f"xaxis{suffix}"]["domain"], layout[f"yaxis{suffix}"]["domain"]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_a_methods_map_matrix_and_scores_stand_below_one_another(n):
    drawn = figure([block() for _ in range(n)])
    for i in range(1, n + 1):
        (x, map_y), (matrix_x, matrix_y), (score_x, score_y) = (domain(drawn, i + part * n) for part in range(3))
        assert list(x) == list(matrix_x) == list(score_x)
        assert map_y[0] > matrix_y[1] > matrix_y[0] > score_y[1] > score_y[0] >= 0


@pytest.mark.parametrize("narrow", [False, True])
def test_the_panels_of_what_is_not_trained_yet_already_have_their_places(narrow):
    layout = Layout.of(3, narrow)
    before = figure([waiting(), waiting(), waiting()], layout=layout)
    after = figure([block(), waiting(), block()], layout=layout)
    assert before["layout"]["height"] == after["layout"]["height"]
    assert before["layout"]["margin"] == after["layout"]["margin"]
    assert [domain(before, i) for i in range(1, 10)] == [domain(after, i) for i in range(1, 10)]


def test_four_stand_in_a_row_and_six_in_two():
    assert Layout.of(4).rows == 1
    assert Layout.of(6).rows == 2
    assert Layout.of(6, cramped=True).rows == 3
    assert Layout.of(6, narrow=True).rows == 6


def test_a_click_on_a_target_is_a_cell_and_one_on_a_dot_a_type():
    traces = figure([block(), block()])["data"]
    carried = [trace["customdata"] for trace in traces if "customdata" in trace]
    cells, dots = carried[2], carried[3]  # of the second block
    assert {tuple(cell) for cell in cells} == {
        (0, 1, row, column) for row, column in zip(*np.nonzero(COUNTS), strict=True)
    }
    assert matrices.clicked([{"customdata": cells[0]}]) == MatrixCell(1, 0, 0)
    assert matrices.clicked([{"customdata": dots[2]}]) == TypeDot(2)
    assert matrices.clicked([{"x": 1.0}]) is None
    assert matrices.clicked([]) is None


def test_dots_have_the_colours_of_the_types_in_rows_and_columns():
    (trace,) = (t for t in figure([block()])["data"] if t.get("customdata") and t["customdata"][0][0] == 1)
    assert trace["marker"]["color"] == [look.colour for look in TYPES.values()] * 2


def test_a_type_is_outlined_in_every_matrix_and_a_cell_in_its_own():
    blocks = [block(), block(), block()]
    assert len(figure(blocks, chosen=TypeDot(1))["layout"]["shapes"]) == 6
    (shape,) = figure(blocks, chosen=MatrixCell(2, 0, 1))["layout"]["shapes"]
    assert (shape["x0"], shape["y0"], shape["xref"]) == (0.5, -0.5, "x6")


def test_a_matrix_says_shares_of_rows_and_leaves_empty_rows_empty():
    counts = np.array([[3, 1, 0], [0, 0, 0], [0, 0, 2]])
    (heat,) = (trace for trace in figure([block(counts)])["data"] if trace["type"] == "heatmap")
    assert heat["z"] == [[0.75, 0.25, 0.0], [None, None, None], [0.0, 0.0, 1.0]]
    assert heat["text"] == [[".75", ".25", ""], ["", "", ""], ["", "", "1"]]


def test_label_scores_share_one_axis_that_holds_them_all():
    low, high = scores.span([[LabelScore("Accuracy", 0.7, 0.61, 0.8)], [LabelScore("Accuracy", 0.93, baseline=0.55)]])
    assert low <= 0.55
    assert high >= 0.93
    assert scores.span([]) == (0.0, 1.0)


def test_on_a_wall_texts_are_larger_and_the_rest_fits_its_height():
    usual, wall = figure([block()]), figure([block()], layout=Layout.of(1, height=640))
    assert wall["layout"]["font"]["size"] > usual["layout"]["font"]["size"]
    assert wall["layout"]["height"] <= 650
    maps = [trace for trace in wall["data"] if trace["type"] == "scattergl"]
    usual_maps = [trace for trace in usual["data"] if trace["type"] == "scattergl"]
    assert [trace["marker"]["size"] for trace in maps] == [trace["marker"]["size"] for trace in usual_maps]
