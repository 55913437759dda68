import numpy as np
import pytest

from semafo.ui.charts.maps import density
from semafo.ui.maps import type_names


def blobs(*centres, n=200, spread=0.3):
    rng = np.random.default_rng(0)
    xy = np.concatenate([rng.normal(centre, spread, (n, 2)) for centre in centres]).astype(np.float32)
    return xy, np.repeat(np.arange(len(centres)), n)


def nearest(xy, place):
    return np.hypot(*(xy - place).T).min()


def test_a_type_is_named_where_its_cells_are():
    xy, codes = blobs((0, 0), (10, 0), (0, 10))
    found = type_names.labels(xy, codes, ["A", "B", "C"])
    assert [text for text, _, _ in found] == ["A", "B", "C"]
    for (_, x, y), centre in zip(found, [(0, 0), (10, 0), (0, 10)], strict=True):
        assert np.hypot(x - centre[0], y - centre[1]) < 1


def test_a_type_in_two_clusters_is_named_on_the_larger_and_not_between_them():
    xy, codes = blobs((0, 0), (10, 10), (10, 10))
    place = type_names.centres(xy, np.zeros(len(codes), dtype=int), 1)[0]
    assert np.hypot(*(place - [10, 10])) < 0.5


def test_a_type_in_a_ring_is_named_on_the_ring():
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 2000)
    xy = np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    place = type_names.centres(xy, np.zeros(2000, dtype=int), 1)[0]
    assert np.hypot(*place) > 0.9


def test_small_types_and_cells_without_a_type_get_no_label():
    xy, codes = blobs((0, 0), (10, 0))
    codes[200:205], codes[205:] = 1, -1
    assert [text for text, _, _ in type_names.labels(xy, codes, ["A", "B"])] == ["A"]
    assert type_names.labels(xy, np.full(len(xy), -1), ["A"]) == ()


def test_labels_do_not_lie_on_one_another_and_the_larger_type_stays():
    centres = [(0.05 * i, 0) for i in range(12)] + [(10, 10)]
    xy, codes = blobs(*centres)
    names = [f"a rather long name {i}" for i in range(13)]
    found = type_names.labels(xy, codes, names)
    assert 2 <= len(found) < 13
    unit = np.ptp(xy, axis=0).max() / type_names.PANEL
    boxes = [(x, y, type_names.CHARACTER * len(text) / 2 * unit, type_names.LINE / 2 * unit) for text, x, y in found]
    for i, (x, y, w, h) in enumerate(boxes):
        assert not any(abs(x - a) < w + c and abs(y - b) < 0.99 * (h + d) for a, b, c, d in boxes[:i])


def test_in_a_window_only_what_is_seen_is_named():
    xy, codes = blobs((0, 0), (10, 0))
    assert [text for text, _, _ in type_names.labels(xy, codes, ["A", "B"], (-1, 1, -1, 1))] == ["A"]


def test_a_level_line_of_a_cone_is_a_circle():
    y, x = np.mgrid[:41, :41]
    line = density.level_lines(20 - np.hypot(x - 20, y - 20), 8.0)
    pieces = line.reshape(-1, 3, 2)
    assert np.isnan(pieces[:, 2]).all()
    ends = pieces[:, :2].reshape(-1, 2)
    np.testing.assert_allclose(np.hypot(*(ends - 20).T), 12, atol=0.05)
    corners, counts = np.unique(ends.round(6), axis=0, return_counts=True)
    assert (counts % 2 == 0).all()  # closed: every end is another piece's beginning
    assert len(corners) > 40


def test_a_line_encloses_the_share_of_cells_that_it_says():
    xy, _ = blobs((0, 0), n=20_000, spread=1.0)
    found = density.Density.of(xy)
    for share in (0.5, 0.9):
        ends = found.lines(0, share)
        radius = np.nanmedian(np.hypot(*ends.T))
        assert np.mean(np.hypot(*xy.T) < radius) == pytest.approx(share, abs=0.05)


def test_smoothing_loses_no_cell_and_groups_are_apart():
    xy, codes = blobs((0, 0), (3, 3))
    found = density.Density.of(xy, codes, 3)
    np.testing.assert_allclose(found.counts.sum(axis=(1, 2)), [200, 200, 0], rtol=1e-6)
    lines = density.contours(xy, ["red", "blue", "none"], codes)
    assert [colour for colour, _ in lines] == ["red", "blue"]
    for (_, corners), centre in zip(lines, (0, 3), strict=True):
        assert np.abs(np.nanmean(corners, axis=0) - centre).max() < 0.3
    assert density.contours(xy[:5], ["red"]) == ()


def test_cells_in_one_place_have_a_name_and_lines():
    xy = np.ones((30, 2), dtype=np.float32)
    [(text, x, y)] = type_names.labels(xy, np.zeros(30, dtype=int), ["A"])
    assert (text, round(x, 3), round(y, 3)) == ("A", 1, 1)
    assert len(density.contours(xy, ["red"])) == 1
