"""Figures of the Factors page: what they show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semafo.ui.charts.training.latent_factors import Along, Carried, information_panels, spread, traversal_panels
from semafo.ui.factors.information import STRONGEST, Factors
from semafo.ui.factors.traversal import Path, table

STEPS = [-2.0, -1.0, 0.0, 1.0, 2.0]


def carried(values, **changes):
    names = {"dimensions": ["z2", "z1"], "factors": ["Cell type", "Batch", "Library size"], "n": [2699, 2699, 10]}
    return Carried(
        **{"title": "scANVI", "line": "2 dimensions", "colour": "#000", "values": values, **names, **changes}
    )


def along(values, rises, **changes):
    genes = [f"G{i}" for i in range(len(values))]
    return Along("scANVI", "z1", "#000", STEPS, genes, np.array(values, dtype=float), np.array(rises), **changes)


def test_a_heat_map_a_run_on_one_scale():
    panels = [carried(np.array([[0.5, 0.0, 0.2], [0.1, 0.02, 0.3]])), carried(np.full((2, 3), 0.73))]
    figure = information_panels(panels)
    assert [trace.type for trace in figure.data] == ["heatmap", "heatmap"]
    assert figure.data[0].z[0][0] == 0.5
    assert list(figure.data[0].y) == ["z2", "z1"]
    assert {trace.coloraxis for trace in figure.data} == {"coloraxis"}
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 0.8)
    assert figure.data[0].customdata[0][2][0] == "10"
    assert figure.layout.yaxis2.autorange == "reversed"  # the first dimension is at the top


def test_numbers_are_written_where_they_are_not_small():
    figure = information_panels([carried(np.array([[0.5, 0.0, 0.2], [0.1, 0.02, np.nan]]))])
    assert [list(row) for row in figure.data[0].text] == [[".50", "", ".20"], [".10", "", ""]]
    many = carried(np.full((2, 12), 0.5), factors=[f"factor {i}" for i in range(12)], n=[5] * 12)
    assert information_panels([many]).data[0].text is None


def test_narrow_panels_stand_below_one_another():
    panels = [carried(np.full((2, 3), 0.5))] * 3
    assert information_panels(panels, narrow=True).layout.height > 2 * information_panels(panels).layout.height


def test_rising_genes_are_named_at_the_right_and_falling_ones_at_the_left():
    figure = traversal_panels([along([[0, 1, 2, 3, 4], [3, 2, 1, 1, 0]], [True, False])])
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    right, left = (trace for trace in figure.data if trace.mode == "text")
    assert [trace.name for trace in lines] == ["G0", "G1"]
    assert lines[0].line.color != lines[1].line.color
    assert lines[0].line.dash != lines[1].line.dash  # not by colour alone
    assert (list(right.text), right.x[0] > 2, right.y[0]) == (["G0"], True, 4)
    assert (list(left.text), left.x[0] < -2, left.y[0]) == (["G1"], True, 3)
    assert lines[0].customdata[-1] == pytest.approx(np.expm1(4))


def test_a_run_without_the_type_says_so_in_its_place():
    empty = Along("Both", "", "#000", [], [], np.empty((0, 5)), np.empty(0, dtype=bool), "No such cells")
    figure = traversal_panels([along([[0, 1, 2, 3, 4]], [True]), empty])
    assert any("No such cells" in annotation.text for annotation in figure.layout.annotations)


@given(st.lists(st.floats(0, 10), max_size=12), st.floats(0.01, 1))
def test_labels_are_moved_apart_and_keep_their_order(places, gap):
    moved = spread(np.array(places), gap)
    assert (np.diff(np.sort(moved)) >= gap - 1e-9).all()
    assert (moved >= np.array(places) - 1e-9).all()
    order = np.argsort(np.array(places), kind="stable")
    assert (np.diff(moved[order]) > 0).all()


@pytest.fixture
def factors():
    values = {"Cell type": [0.1, 0.5, 0.0, 0.2], "Batch": [0.4, 0.0, 0.01, 0.1]}
    return Factors({"factors": [{"name": name, "information": row, "n": 9} for name, row in values.items()]})


def test_dimensions_are_sorted_by_what_they_carry(factors):
    names = [factors.dimensions[place] for place in factors.order("Cell type")]
    assert names == ["z2", "z4", "z1", "z3"]
    names = [factors.dimensions[place] for place in factors.order(STRONGEST)]
    assert names == ["z2", "z4", "z1", "z3"]  # of the type, then of the batch, then of nothing
    assert list(factors.order("Batch")) == [0, 3, 2, 1]
    assert factors.used.all()  # where that is not known
    assert list(factors.order("a factor of another run")) == list(factors.order(STRONGEST))


def test_dimensions_that_the_decoder_does_not_use_stand_last(factors):
    factors.found["traversal"] = {"reach": [0.5, 0.02, 0.6, 0.07]}
    assert list(factors.used) == [True, False, True, True]
    assert [factors.dimensions[place] for place in factors.order("Cell type")] == ["z4", "z1", "z3", "z2"]


def test_the_genes_of_a_path_are_ranked_by_their_change_in_both_directions():
    class Run:
        name = "scANVI"

    expression = 2 + np.outer(np.array(STEPS), [0.1, -0.5, 0.0, 0.4])
    path = Path(Run(), "z3", 0.4, 50, "donor", STEPS, np.array(list("abcd"), dtype=object), expression)
    assert path.change == pytest.approx(np.array([0.4, -2.0, 0, 1.6]) / np.log(2))
    up, down = path.top(5)
    assert (list(path.genes[up]), list(path.genes[down])) == (["d", "a"], ["b"])
    rows = table([path], "B cells")
    assert list(rows["gene"]) == ["d", "a", "c", "b"]
    assert rows["at +2 sd"].iloc[0] == pytest.approx(np.expm1(2.8))
    assert set(rows["cell_type"]) == {"B cells"}
