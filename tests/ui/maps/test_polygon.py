import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from semafo.ui.maps import polygon

coordinates = st.integers(-8, 8).map(float)
corners = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=12)
# Points lie between the corners' heights, so that no ray passes through a corner.
points = st.lists(st.tuples(st.integers(-9, 8), st.integers(-9, 8)), min_size=1, max_size=60)


def by_brute_force(x, y, shape):
    """Even-odd rule for one point, edge by edge; None where the point is too near to an edge to tell."""
    odd = False
    for (x0, y0), (x1, y1) in zip(shape, [*shape[1:], shape[0]], strict=True):
        if near_edge(x, y, (x0, y0), (x1, y1)):
            return None
        if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
            odd = not odd
    return odd


def near_edge(x, y, start, end):
    along = (end[0] - start[0], end[1] - start[1])
    length = along[0] ** 2 + along[1] ** 2
    share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length if length else 0.0
    share = min(1.0, max(0.0, share))
    return math.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1]) < 1e-9


@given(corners, points)
def test_the_polygon_selects_exactly_the_cells_that_a_loop_over_cells_and_edges_selects(shape, whole):
    xy = np.add(whole, [0.37, 0.5])
    found = polygon.inside(xy, shape)
    expected = [by_brute_force(x, y, shape) for x, y in xy]
    assert all(mine == theirs for mine, theirs in zip(found, expected, strict=True) if theirs is not None)


@given(corners, points)
def test_corners_at_the_height_of_a_cell_are_counted_once(shape, whole):
    xy = np.add(whole, [0.37, 0.0])
    expected = [by_brute_force(x, y, shape) for x, y in xy]
    assume(None not in expected)
    assert polygon.inside(xy, shape).tolist() == expected


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=3, max_size=9), st.integers(0, 99))
def test_any_polygon_selects_what_a_loop_selects(shape, seed):
    xy = np.random.default_rng(seed).uniform(-6, 6, (50, 2))
    found = polygon.inside(xy, shape)
    expected = [by_brute_force(x, y, shape) for x, y in xy]
    assert all(mine == theirs for mine, theirs in zip(found, expected, strict=True) if theirs is not None)


def test_a_concave_polygon_leaves_its_notch_out():
    notched = [(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)]
    assert polygon.inside(np.array([(2, 0.5), (2, 3), (0.5, 2), (3.5, 2), (9, 9)]), notched).tolist() == [
        *(True, False, True, True, False)
    ]


def test_what_a_polygon_encloses_twice_is_outside():
    star = [(math.cos(angle), math.sin(angle)) for angle in np.arange(5) * 4 * np.pi / 5]
    tip = (0.6 * math.cos(0.0), 0.0)
    assert polygon.inside(np.array([(0.0, 0.0), tip]), star).tolist() == [False, True]


def test_many_cells_are_told_apart_as_few_are(monkeypatch):
    rng = np.random.default_rng(3)
    xy = rng.normal(size=(5000, 2)).astype(np.float32)
    shape = list(map(tuple, rng.normal(size=(40, 2))))
    whole = polygon.inside(xy, shape)
    monkeypatch.setattr(polygon, "_BLOCK_POINTS", 77)
    assert (polygon.inside(xy, shape) == whole).all()
    assert 0 < whole.sum() < len(xy)


@pytest.mark.parametrize("shape", [[], [(0, 0)], [(-1, -1), (1, 1)], [(0, 0), (0, 0), (0, 0)]])
def test_a_shape_without_area_selects_nothing(shape):
    assert not polygon.inside(np.array([(0.0, 0.1), (np.nan, 0.0)]), shape).any()


def test_a_cell_without_a_place_is_never_selected():
    square = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    assert polygon.inside(np.array([(np.nan, 0.0), (0.0, np.inf), (0.0, 0.0)]), square).tolist() == [False, False, True]


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=40), st.floats(0.01, 2))
def test_corners_that_are_left_out_are_near_the_simpler_outline(shape, tolerance):
    simple = polygon.simplified(shape, tolerance)
    assert set(simple) <= set(shape)
    ends = [*simple[1:], simple[0]]
    for x, y in shape:
        nearest = min(
            polygon._from_line(np.array([(x, y)]), np.array(start), np.array(end))[0]
            for start, end in zip(simple, ends, strict=True)
        )
        assert nearest <= tolerance + 1e-9


def test_a_drawn_circle_needs_few_corners():
    angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    circle = list(zip(np.cos(angles), np.sin(angles), strict=True))
    assert 12 < len(polygon.simplified(circle, 2 / 500)) < 80
