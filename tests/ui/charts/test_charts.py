import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from semafo import keys
from semafo.evaluation.integration.columns import METRICS, aggregate
from semafo.ui import charts
from semafo.ui.charts import colours
from semafo.ui.charts.maps.colour_scale import Scale, around_zero, from_zero, robust
from semafo.ui.charts.maps.panel import Frame
from semafo.ui.charts.maps.points import opacity_of, size_of
from semafo.ui.charts.maps.raster import Raster


def panel(n=50, **changes):
    rng = np.random.default_rng(0)
    xy, codes = rng.normal(size=(n, 2)), rng.integers(0, 2, n)
    fields = {"title": "scANVI", "lines": ("n",), "colour": "#4477AA", "xy": xy, "codes": codes}
    return charts.Panel(**{**fields, **changes})


def places(trace):
    return np.column_stack([trace.x, trace.y]).astype(float)


def test_all_panels_are_in_one_figure_with_typed_arrays_and_one_legend():
    figure = charts.latent_panels([panel(), panel(), panel()], colours.of_types(["A", "B"]))
    traces = [trace for trace in figure.data if trace.type == "scattergl"]
    assert len(traces) == 6
    assert all(trace.x.dtype == np.int16 for trace in traces)
    assert sorted(trace.name for trace in traces if trace.showlegend) == ["A", "B"]
    assert {trace.legendgroup for trace in traces} == {"A", "B"}  # a click in the legend acts on every panel


def test_panels_have_equal_aspect():
    figure = charts.latent_panels([panel(), panel()], colours.of_types(["A", "B"]))
    assert (figure.layout.yaxis.scaleanchor, figure.layout.yaxis2.matches) == ("x", "y")


def test_aligned_panels_share_one_scale_and_all_panels_move_as_one():
    twice = panel(xy=2 * panel().xy)
    looks = colours.of_types(["A", "B"])
    apart = charts.latent_panels([panel(), twice], looks)
    together = charts.latent_panels([panel(), twice], looks, together=True)
    np.testing.assert_array_equal(places(apart.data[0]), places(apart.data[2]))
    np.testing.assert_allclose(
        2 * np.diff(places(together.data[0]), axis=0), np.diff(places(together.data[2]), axis=0), atol=3
    )
    for figure in (apart, together):
        assert (figure.layout.xaxis2.matches, figure.layout.yaxis2.matches) == ("x", "y")


def test_whole_numbers_keep_the_shape_of_a_map():
    xy = panel(500).xy * [3, 1] + 7
    figure = charts.latent_panels([panel(500, xy=xy, codes=np.zeros(500, dtype=int))], colours.of_types(["A"]))
    sent = places(figure.data[0])
    assert np.abs(sent).max() == 32_000
    steps = 64_000 / np.ptp(xy, axis=0).max()
    np.testing.assert_allclose(sent / steps - sent.mean(0) / steps, xy - xy.mean(0), atol=1e-3)


def test_every_cell_is_drawn_in_the_colour_and_with_the_text_of_its_own():
    looks = colours.of_types(["A", "B", "C"])
    codes, hollow = np.array([2, 0, 2, 1, 0]), np.array([True, False, False, True, True])
    xy = np.column_stack([np.arange(5), np.zeros(5)])
    text = np.array([f"cell {i}" for i in range(5)], dtype=object)
    figure = charts.latent_panels([panel(xy=xy, codes=codes, hollow=hollow, hover=text)], looks)
    seen = {t: (trace.name, trace.marker.symbol.endswith("-open")) for trace in figure.data for t in trace.text}
    assert seen == {f"cell {i}": ("ABC"[codes[i]], bool(hollow[i])) for i in range(5)}
    for trace in figure.data:
        assert [f"cell {round(2 + 4 * int(x) / 64_000)}" for x in trace.x] == list(trace.text)


def test_a_map_of_one_cell_or_of_cells_in_one_place_is_drawn():
    for n in (1, 4):
        figure = charts.latent_panels([panel(n, xy=np.ones((n, 2)))], colours.of_types(["A", "B"]))
        assert sum(len(trace.x) for trace in figure.data) == n


def test_a_settled_figure_is_encoded_once():
    figure = charts.latent_panels([panel()], colours.of_types(["A", "B"]))
    assert figure.to_dict() is figure.to_dict()
    assert set(figure.to_dict()["data"][0]["x"]) == {"dtype", "bdata"}


def test_no_more_than_three_panels_stand_in_a_row():
    figure = charts.latent_panels([panel() for _ in range(5)], colours.of_types(["A", "B"]))
    assert figure.layout.xaxis.domain == figure.layout.xaxis4.domain
    assert figure.layout.yaxis4.domain[1] < figure.layout.yaxis.domain[0]
    assert {trace.xaxis for trace in figure.data} == {"x", "x2", "x3", "x4", "x5"}
    narrow = charts.latent_panels([panel(), panel()], colours.of_types(["A", "B"]), narrow=True)
    assert narrow.layout.xaxis.domain == narrow.layout.xaxis2.domain


def test_every_cell_is_drawn_once_with_and_without_rings():
    looks = colours.of_types(["A", "B"])
    hollow = np.arange(50) % 2 == 0
    for figure in (charts.latent_panels([panel()], looks), charts.latent_panels([panel(hollow=hollow)], looks)):
        assert sum(len(trace.x) for trace in figure.data) == 50
    assert sum(len(trace.x) for trace in figure.data if trace.marker.symbol.endswith("-open")) == hollow.sum()


def test_a_run_without_a_map_keeps_its_place_and_says_why():
    figure = charts.latent_panels([panel(), panel(xy=None, codes=None, note="Waiting.")], colours.of_types(["A", "B"]))
    assert any("Waiting." in annotation.text for annotation in figure.layout.annotations)


def test_confidence_has_one_scale_from_0_to_1():
    figure = charts.latent_panels([panel(numbers=np.linspace(0, 1, 50))], None)
    scale, marker = figure.layout.coloraxis, figure.data[0].marker
    assert (scale.cmin, scale.cmax, scale.colorbar.ticktext) == (0, 100, ("0", "0.5", "1"))
    assert (marker.coloraxis, marker.color.dtype, marker.color.max()) == ("coloraxis", np.uint8, 100)


def test_cells_that_do_not_stand_out_are_faded_and_drawn_first():
    looks, lit = colours.of_types(["A", "B"]), np.arange(50) % 5 == 0
    figure = charts.latent_panels([panel(lit=lit)], looks)
    faded = [trace.marker.opacity < 0.2 for trace in figure.data]
    assert faded == [True, True, False, False]
    assert sum(len(trace.x) for trace in figure.data if trace.marker.opacity > 0.5) == lit.sum()
    assert [trace.name for trace in figure.data if trace.showlegend] == ["A", "B"]
    assert not any(trace.showlegend for trace in figure.data[:2])


def test_numbers_that_stand_out_are_above_the_others_and_missing_ones_below():
    numbers = np.linspace(-2, 2, 50)
    numbers[:5] = np.nan
    scale = Scale("z", -2.0, 2.0, colours.SIGNED)
    figure = charts.latent_panels([panel(numbers=numbers, codes=None, scale=scale)], None)
    missing, known = figure.data
    assert (missing.name, missing.showlegend, len(missing.x)) == ("Missing", True, 5)
    assert (known.marker.color == np.sort(known.marker.color)).all()  # the highest are drawn last
    lit = charts.latent_panels([panel(numbers=numbers, codes=None, scale=scale, lit=np.arange(50) > 40)], None)
    assert [len(trace.x) for trace in lit.data] == [5, 36, 9]


def test_cells_without_expression_are_pale():
    numbers = np.where(np.arange(50) < 30, 0.0, 3.0)
    figure = charts.latent_panels(
        [panel(numbers=numbers, codes=None, scale=from_zero("G", [numbers], "Viridis"))], None
    )
    pale, seen = figure.data
    assert (len(pale.x), len(seen.x)) == (30, 20)
    assert pale.marker.opacity < 0.5 * seen.marker.opacity


def test_panels_of_several_colourings_have_legends_and_bars_of_their_own():
    types, batches = colours.of_types(["A", "B"]), colours.of_batches(["one", "two"])
    scales = [Scale("first", 0.0, 1.0), Scale("second", -3.0, 3.0, colours.SIGNED)]
    numbers = np.linspace(0, 1, 50)
    panels = [panel(looks=types), panel(looks=batches), panel(looks=dict(types))]
    panels += [panel(numbers=numbers, codes=None, scale=scale) for scale in scales]
    figure = charts.latent_panels(panels, None)
    assert {(trace.name, trace.legend) for trace in figure.data if trace.showlegend} == {
        *(("A", "legend"), ("B", "legend"), ("one", "legend2"), ("two", "legend2"))
    }
    assert figure.layout.legend.y > figure.layout.legend2.y
    assert [figure.data[-2].marker.coloraxis, figure.data[-1].marker.coloraxis] == ["coloraxis", "coloraxis2"]
    assert figure.layout.coloraxis2.colorbar.ticktext == ("−3", "0", "3")
    assert figure.layout.coloraxis2.colorbar.x == figure.layout.xaxis5.domain[0]


def test_a_picture_lies_below_the_points_where_its_cells_are():
    image = Raster("data:image/png;base64,", -1.0, 3.0, 0.0, 2.0)
    xy = np.array([[-1.0, 0.0], [3.0, 2.0]])
    figure = charts.latent_panels([panel(xy=xy, codes=np.zeros(2, int), image=image)], colours.of_types(["A"]))
    [drawn] = figure.layout.images
    corners = places(figure.data[0])
    np.testing.assert_allclose([drawn.x, drawn.y - drawn.sizey], corners.min(axis=0), atol=1)
    np.testing.assert_allclose([drawn.x + drawn.sizex, drawn.y], corners.max(axis=0), atol=1)
    assert (drawn.layer, drawn.xref, drawn.yref) == ("below", "x", "y")


def test_lines_and_names_are_drawn_above_the_points_and_do_not_change_the_legend():
    line = ("#000000", np.array([[0.0, 0.0], [1.0, 1.0], [np.nan, np.nan]]))
    figure = charts.latent_panels([panel(contours=[line], labels=[("A", 0.0, 0.0)])], colours.of_types(["A", "B"]))
    kinds = [(trace.type, trace.mode) for trace in figure.data]
    assert kinds == [*[("scattergl", "markers")] * 2, ("scattergl", "lines"), *[("scatter", "markers")] * 2]
    assert [trace.marker.opacity for trace in figure.data if trace.showlegend] == [0.85, 0.85]
    assert np.isnan(figure.data[2].x[-1])
    assert [text.text for text in figure.layout.annotations if text.xref == "x"] == ["A"]


def test_a_window_is_what_all_panels_show_and_a_lasso_is_drawn_in_the_select_mode():
    looks = colours.of_types(["A", "B"])
    figure = charts.latent_panels([panel(), panel()], looks, window=(0, 10, 20, 30), mode="select", revision="r")
    assert figure.layout.xaxis2.range == (0, 10)
    assert figure.layout.yaxis.range == (20, 30)
    assert (figure.layout.dragmode, figure.layout.uirevision) == ("lasso", "r")


def test_a_frame_leads_to_the_figure_and_back():
    xy = panel().xy * [4, 1] + [10, -3]
    frame = Frame.around([xy])
    np.testing.assert_allclose(frame.undrawn(frame.exactly(xy)), xy)
    np.testing.assert_allclose(frame.undrawn(frame.drawn(xy)), xy, atol=1 / frame.steps)
    assert max(frame.half) == 32_000
    np.testing.assert_allclose(np.abs(frame.exactly(xy)).max(axis=0), frame.half)


def test_more_cells_have_smaller_and_fainter_points():
    sizes, opacities = ([f(n) for n in (10, 700, 4_000, 20_000, 85_000, 10**6)] for f in (size_of, opacity_of))
    assert sizes == sorted(sizes, reverse=True)
    assert opacities == sorted(opacities, reverse=True)
    assert 1.5 < sizes[-1] < 2 < sizes[-2] < 2.5
    assert sizes[0] == 7


def test_a_figure_is_valid_and_what_is_sent_is_what_is_seen_in_it():
    line = ("#000000", np.array([[0.0, 0.0], [1.0, 1.0], [np.nan, np.nan]]))
    figure = charts.latent_panels(
        [panel(contours=[line], corner="z1"), panel(lit=np.arange(50) > 3)], colours.of_types("AB")
    )
    sent = figure.to_dict()
    assert go.Figure(sent).to_dict()["data"] == sent["data"]
    assert sent["layout"]["template"] == go.Figure().to_dict()["layout"]["template"]


def test_a_legend_of_very_many_types_scrolls_instead_of_pushing_the_maps_away():
    names = [f"a type with a rather long name {i}" for i in range(80)]
    codes = np.arange(80)
    figure = charts.latent_panels([panel(80, codes=codes)], colours.of_types(names))
    assert figure.layout.legend.maxheight == 190
    assert figure.layout.margin.b == 200


def test_scales_leave_out_the_highest_hundredth_and_say_so():
    numbers = np.concatenate([np.linspace(0, 1, 1000), [50.0, np.nan]])
    scale = robust("n", [numbers, numbers], "Viridis")
    assert (scale.low, scale.high) == pytest.approx((0.01, 0.99), abs=0.01)
    assert scale.ticks[1][2].startswith("≥")
    assert (scale.steps(np.array([-9.0, 99.0])) == [0, 100]).all()
    around = around_zero("z", [numbers - 0.5], colours.SIGNED)
    assert around.low == -around.high
    assert around.high == pytest.approx(0.5, abs=0.01)
    gene = from_zero("g", [np.array([0.0] * 999 + [2.0])], "Viridis")
    assert (gene.low, gene.high, gene.clipped) == (0, 2, (False, False))
    nothing = from_zero("g", [np.zeros(5)], "Viridis")
    assert (nothing.low, nothing.high) == (0, 1)
    assert robust("n", [np.full(4, np.nan)], "Viridis").ticks[1] == ["0", "0.5", "1"]
    rare = robust("n", [np.array([0.0] * 999 + [2.0])], "Viridis")
    assert (rare.low, rare.high) == (0, 2)


COUNTS = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])


def test_confusion_by_row_and_by_column_are_shares():
    by_row, by_column = charts.normalised(COUNTS, "row"), charts.normalised(COUNTS, "column")
    np.testing.assert_allclose(by_row[:2].sum(axis=1), 1)
    np.testing.assert_allclose(by_column[:, :2].sum(axis=0), 1)
    assert np.isnan(by_row[2]).all()  # no cells of that type: no share, not zero
    assert charts.normalised(COUNTS, "counts").sum() == 20


def test_matrices_share_order_and_scale():
    matrices = [
        charts.ConfusionMatrix(name, "", "#4477AA", COUNTS * factor) for name, factor in (("one", 1), ("two", 3))
    ]
    figure = charts.confusion_panels(matrices, ["A", "B", "C"], "counts")
    panels = [trace for trace in figure.data if trace.type == "heatmap"]
    assert [list(trace.y) for trace in panels] == [["A", "B", "C"]] * 2
    assert {trace.coloraxis for trace in panels} == {"coloraxis"}
    assert figure.layout.coloraxis.cmax == 27


def test_a_difference_is_centred_on_zero():
    first, second = (
        charts.ConfusionMatrix(str(i), "", "#4477AA", counts) for i, counts in enumerate((COUNTS, COUNTS.T))
    )
    figure = charts.confusion_difference(first, second, ["A", "B", "C"], "row")
    scale = figure.layout.coloraxis
    assert scale.cmid == 0
    assert scale.cmin == -scale.cmax
    np.testing.assert_allclose(figure.data[0].z[0, 1], 1 / 9 * 1 - 0.2 + (0.1 - 1 / 9), atol=0.12)


def test_split_bars_add_up_to_all_cells():
    n = 40
    cells = pd.DataFrame(
        {
            keys.TRUE: ["A", "B"] * 20,
            keys.BATCH_COLUMN: ["one"] * 10 + ["two"] * 30,
            keys.ROLE: [keys.REFERENCE] * 10 + [keys.QUERY] * 30,
            keys.PART: [keys.LABELLED] * 15 + [keys.HIDDEN] * 15 + [keys.TEST] * 10,
        }
    )
    figure = charts.split_bars(cells, keys.BATCH_COLUMN)
    assert sum(trace.x.sum() for trace in figure.data) == n
    assert [trace.name for trace in figure.data] == ["Reference", "Labelled", "Hidden", "Test, never labelled"]
    assert figure.data[-1].marker.pattern.shape == "/"


def test_each_loss_term_has_a_panel_of_its_own_name():
    history = pd.DataFrame({"stage": "query", "epoch": [1, 2, 3], "reconstruction": [9, 8, 7], "kl_u": [3, 2, 1]})
    earlier = pd.DataFrame({"stage": "pretrain", "epoch": [1], "kl": [4.0]})
    figure = charts.loss_terms({"run": pd.concat([earlier, history])}, {"run": "#4477AA"})
    assert [annotation.text for annotation in figure.layout.annotations] == ["<b>Reconstruction</b>", "<b>KL of u</b>"]
    assert len(charts.loss_terms({"run": pd.DataFrame()}, {"run": "#4477AA"}).data) == 0


def test_latent_scale_and_label_gap_have_small_panels_after_the_terms():
    history = pd.DataFrame(
        {
            "stage": "semi-supervised",
            "epoch": range(1, 9),
            "latent_scale": np.linspace(0.9, 0.1, 8),
            "label_gap": np.linspace(0, 5, 8),
            "loss": range(8),
            "kl_u": range(8),
        }
    )
    at_rate_0 = history.drop(columns="label_gap").assign(stage="query")
    figure = charts.loss_terms({"run": history, "query": at_rate_0}, {"run": "#4477AA", "query": "#EE6677"})
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles == ["<b>KL of u</b>", "<b>Loss</b>", "<b>Latent scale (sd of z)</b>", "<b>Label gap</b>"]
    (line,) = figure.layout.shapes
    assert (line.y0, line.y1, line.yref) == (1, 1, "y3")
    low, high = figure.layout.yaxis3.range
    assert low < 0.1 < 1 < high
    assert len([trace for trace in figure.data if trace.yaxis == "y4"]) == 1
    assert "nats a cell" not in figure.data[-1].hovertemplate


@pytest.mark.parametrize("narrow", [False, True])
def test_an_undefined_score_is_drawn_as_a_dash_with_its_reason(narrow):
    scores = {metric.key: None if metric.group == "batch" else 0.5 for metric in METRICS}
    row = charts.ScoreRow("PCA", "#8A94A0", scores, aggregate(scores, 0.5))
    figure = charts.score_table([row], narrow=narrow)
    text = " ".join(str(part) for trace in figure.data for part in trace.text or ())
    assert "–" in text
    if not narrow:
        hints = [
            hint for trace in figure.data if getattr(trace, "mode", "") == "markers+text" for hint in trace.hovertext
        ]
        assert sum("Undefined with a single batch" in hint.replace("<br>", " ") for hint in hints) == 6


def bins(*accuracies):
    rows = enumerate(accuracies)
    return [
        {"low": i / 5, "high": (i + 1) / 5, "n": 20, "confidence": i / 5 + 0.1, "accuracy": a}
        | {"accuracy_low": a - 0.1, "accuracy_high": a + 0.1}
        for i, a in rows
    ]


def test_a_difference_that_is_not_clear_is_grey_beside_a_zero_line():
    clear = charts.Estimate(2.0, 1.0, 3.0, "#4477AA")
    unclear = charts.Estimate(0.5, -1.0, 2.0, "#4477AA", is_clear=False)
    rows = [charts.Row("one", (clear,), "+2.0"), charts.Row("two", (unclear,), "+0.5")]
    figure = charts.forest(rows, "points", zero=0.0)
    markers = [trace for trace in figure.data if trace.mode == "markers"]
    assert [trace.marker.color for trace in markers] == ["#4477AA", colours.NEUTRAL]
    assert [shape.x0 for shape in figure.layout.shapes] == [0.0]
    assert figure.layout.xaxis.range[0] < -1.0 < 3.0 < figure.layout.xaxis.range[1]
    assert figure.layout.xaxis.showgrid is False


@pytest.mark.parametrize("narrow", [False, True])
def test_rows_of_a_forest_keep_their_order_and_their_groups_have_one_head(narrow):
    point = (charts.Estimate(0.5, 0.4, 0.6, "#4477AA"), charts.Estimate(None, None, None, "#EE6677"))
    rows = [charts.Row(name, point, "n 5", group) for name, group in (("a", "first"), ("b", "first"), ("c", "second"))]
    figure = charts.forest(rows, "Recall", narrow=narrow)
    texts = {annotation.text: annotation.y for annotation in figure.layout.annotations}
    assert texts["<b>first</b>"] < texts["a"] < texts["b"] < texts["<b>second</b>"] < texts["c"]
    assert len([trace for trace in figure.data if trace.mode == "markers"]) == 3  # an undefined value is not drawn


def test_an_empty_forest_is_a_figure_still():
    assert len(charts.forest([], "points", zero=0.0).data) == 0


def test_reliability_is_a_panel_a_run_in_one_figure_with_the_scaled_curve_dashed():
    first = charts.Reliability("scANVI", ("ECE", ""), "#4477AA", bins(0.2, 0.5, 0.9), bins(0.3, 0.5))
    second = charts.Reliability("Both", ("ECE", ""), "#EE6677", bins(0.4))
    figure = charts.reliability_panels([first, second])
    curves = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [(trace.name, trace.line.dash, trace.xaxis) for trace in curves] == [
        ("as predicted", "solid", "x"),
        ("scaled", "dash", "x"),
        ("as predicted", "solid", "x2"),
    ]
    assert {trace.line.color for trace in curves if trace.xaxis == "x"} == {"#4477AA"}
    narrow = charts.reliability_panels([first, second], narrow=True)
    assert narrow.layout.xaxis.domain == narrow.layout.xaxis2.domain


def test_coverage_marks_the_threshold_and_leaves_out_rows_that_keep_no_cell():
    kept = {"threshold": 0.5, "coverage": 0.8, "n_kept": 80, "accuracy": 0.9, "low": 0.8, "high": 0.95}
    nothing = {"threshold": 0.9, "coverage": 0.0, "n_kept": 0, "accuracy": None, "low": None, "high": None}
    figure = charts.coverage_curves([charts.CoverageLine("scANVI", "#4477AA", [kept, nothing], kept)])
    assert list(figure.data[0].x) == [0.8]
    assert [trace.marker.size for trace in figure.data if trace.mode == "markers"] == [10]
    unmarked = charts.coverage_curves([charts.CoverageLine("scANVI", "#4477AA", [kept, nothing], nothing)])
    assert len(unmarked.data) == 1
