import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageColor

from semafo.ui.charts import colours
from semafo.ui.maps.large import rasters
from semafo.ui.maps.large.rasters import Canvas

RED, BLUE = "#FF0000", "#0000FF"
SQUARE = Canvas(0, 10, 0, 10, 10, 10)  # a pixel a unit


def pixels_of(raster):
    head, _, data = raster.png.partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        return np.asarray(image)


def test_a_cell_is_drawn_where_it_lies_in_the_colour_of_its_category():
    places, codes = np.array([(2.5, 7.5), (8.5, 0.5)]), np.array([1, 0])
    raster = rasters.of_categories(SQUARE.place(places), codes, [RED, BLUE], size=1)
    found = pixels_of(raster)
    assert (raster.x0, raster.x1, raster.y0, raster.y1) == (0, 10, 0, 10)
    assert set(zip(*np.nonzero(found[..., 3]), strict=True)) == {(2, 2), (9, 8)}  # line from above, column
    assert tuple(found[2, 2, :3]) == (0, 0, 255)
    assert tuple(found[9, 8, :3]) == (255, 0, 0)


def test_a_cell_is_a_disc_of_the_size_that_is_asked_for():
    place, code = np.array([(5.5, 5.5)]), np.array([0])
    n_pixels = [
        np.count_nonzero(pixels_of(rasters.of_categories(SQUARE.place(place), code, [RED], size=size))[..., 3])
        for size in (1, 2, 3, 5)
    ]
    assert n_pixels == [1, 5, 9, 21]


def test_the_ground_is_transparent_and_more_cells_are_more_opaque():
    places = np.array([(0.5, 0.5)] * 1 + [(5.5, 5.5)] * 20 + [(9.5, 9.5)] * 400)
    found = pixels_of(rasters.of_categories(SQUARE.place(places), np.zeros(421, dtype=int), [RED], size=1))[..., 3]
    lone, some, many = found[9, 0], found[4, 5], found[0, 9]
    assert 255 * rasters.FAINTEST - 9 < lone < some < many == 255
    assert np.count_nonzero(found) == 3


def test_where_categories_mix_the_colour_is_between_them_and_nearer_to_the_more_frequent():
    places, codes = np.full((10, 2), 5.5), np.array([0] * 8 + [1] * 2)
    red, _, blue, _ = pixels_of(rasters.of_categories(SQUARE.place(places), codes, [RED, BLUE], size=1))[4, 5]
    assert 255 > red > blue > 0


@pytest.mark.parametrize("name", colours.TYPES + colours.BATCHES)
def test_colours_agree_with_the_legend(name):
    found = pixels_of(rasters.of_categories(SQUARE.place(np.array([(5.5, 5.5)])), np.array([0]), [name], size=1))[
        4, 5, :3
    ]
    assert np.abs(found.astype(int) - ImageColor.getrgb(name)).max() <= 5


def test_numbers_have_the_colours_of_their_scale():
    places = np.array([(0.5, 5.5), (2.5, 5.5), (4.5, 5.5), (6.5, 5.5), (8.5, 5.5), (8.5, 5.5)])
    shares = np.array([0.0, 1.0, 0.5, np.nan, 0.4, 0.6])
    found = pixels_of(rasters.of_numbers(SQUARE.place(places), shares, ((0, "#000000"), (1, "#FFFFFF")), size=1))[4]
    grey = ImageColor.getrgb(colours.NEUTRAL)
    for column, expected in ((0, 0), (2, 255), (4, 128), (8, 128)):
        assert np.abs(found[column, :3].astype(int) - expected).max() <= 5
    assert np.abs(found[6, :3].astype(int) - grey).max() <= 5


def test_a_named_scale_begins_and_ends_as_plotly_says():
    places, shares = np.array([(0.5, 5.5), (9.5, 5.5)]), np.array([-3.0, 7.0])  # beyond the ends
    found = pixels_of(rasters.of_numbers(SQUARE.place(places), shares, "Viridis", size=1))[4]
    assert np.abs(found[0, :3].astype(int) - ImageColor.getrgb("#440154")).max() <= 5
    assert np.abs(found[9, :3].astype(int) - ImageColor.getrgb("#fde725")).max() <= 5


def test_all_cells_fit_on_the_canvas_and_its_pixels_are_squares():
    xy = np.random.default_rng(0).normal(size=(500, 2)) * (30, 4)
    canvas = Canvas.around(xy)
    assert canvas.place(xy).rows is None
    across, up = (canvas.x1 - canvas.x0) / canvas.width, (canvas.y1 - canvas.y0) / canvas.height
    assert across == pytest.approx(up, rel=0.02)
    assert max(canvas.width, canvas.height) == rasters.PIXELS


def test_cells_beyond_the_window_are_left_out():
    xy = np.array([(-1, 5), (11, 5), (5, -1), (5, 11), (10, 5), (0, 10.0)])
    assert list(SQUARE.place(xy).rows) == [5]  # the right and the lower edge belong to the next window


def test_no_cells_make_an_empty_picture():
    nothing = Canvas.around(np.empty((0, 2))).place(np.empty((0, 2)))
    assert not pixels_of(rasters.of_categories(nothing, np.empty(0, dtype=int), [RED])).any()
    assert not pixels_of(rasters.of_numbers(nothing, np.empty(0))).any()


@pytest.mark.parametrize("edge", [10.0, 6.0])  # all cells on the canvas, or some of them
def test_a_picture_of_some_cells_is_that_of_these_cells_alone(edge):
    rng = np.random.default_rng(3)
    xy, codes, shares, mask = (
        rng.uniform(0, 10, (200, 2)),
        rng.integers(0, 2, 200),
        rng.random(200),
        rng.random(200) < 0.3,
    )
    canvas = Canvas(0, edge, 0, edge, 20, 20)
    some, alone = canvas.place(xy).only(mask), canvas.place(xy[mask])
    assert rasters.of_categories(some, codes, [RED, BLUE]) == rasters.of_categories(alone, codes[mask], [RED, BLUE])
    assert rasters.of_numbers(some, shares) == rasters.of_numbers(alone, shares[mask])


def test_a_picture_of_very_many_cells_stays_small():
    rng = np.random.default_rng(0)
    xy = rng.normal(size=(200_000, 2)).astype(np.float32)
    raster = rasters.of_categories(Canvas.around(xy).place(xy), rng.integers(0, 20, len(xy)), colours.TYPES)
    assert len(raster.png) < 300_000
