"""The replay's figure: cells where they were, one scale for all, curves up to the moment, small enough to send."""

from base64 import b64decode

import numpy as np
import plotly.io as pio
import pytest

from semafo import keys
from semafo.runs.folder.replay import ReplayFrame
from semafo.ui.charts import colours
from semafo.ui.charts.training.replay import _NOWHERE, BYTES_A_CELL, SCALE_TERM, STEPS, Film, replay
from semafo.ui.charts.training.replay_layout import CONTROLS, Stage, plan
from semafo.ui.replay.player import MOST_BYTES, thinned

LOOKS = colours.of_types(["B cell", "T cell", "NK cell"])
N_CELLS, AT = 30, np.array([0.0, 5.0, 10.0, 12.0])


def film(seed=0, n_cells=N_CELLS, at=AT, **changes):
    rng = np.random.default_rng(seed)
    scale = np.linspace(0.1, 1.0, len(at))
    values = {
        "title": f"run {seed}",
        "colour": colours.RUNS[seed % 6],
        "positions": rng.normal(0, 1 + seed, (len(at), n_cells, 2)),
        "codes": np.arange(n_cells) % len(LOOKS),
        "hollow": None,
        "scale": scale,
        "curves": {"Reconstruction": (np.arange(1, 13.0), np.arange(12, 0, -1.0)), SCALE_TERM: (at, scale)},
    }
    return Film(**{**values, **changes})


def drawn(films, at=AT, **options):
    names = [f"moment {k}" for k in range(len(at))]
    return replay(films, names, at, [Stage("scVI", 0.0), Stage("later", 10.0)], LOOKS, **options)


def decoded(array):
    return np.frombuffer(b64decode(array["bdata"]), dtype=np.dtype(array["dtype"])) if array else np.array([])


def clouds(figure, k):
    """Across and up of each trace of cells at a moment, with its axis, its name and whether it is of rings."""
    made = figure.to_dict()
    for trace, part in zip(made["data"], made["frames"][k]["data"], strict=True):
        if trace["type"] == "scattergl":
            ring = trace["marker"]["symbol"].endswith("-open")
            yield trace["xaxis"], trace["name"], ring, decoded(part["x"]), decoded(part["y"])


def test_every_cell_is_where_it_was_at_each_moment_and_all_panels_share_the_scale():
    films = [film(0), film(1)]
    figure = drawn(films)
    low = np.min([f.positions.min((0, 1)) for f in films], axis=0)
    high = np.max([f.positions.max((0, 1)) for f in films], axis=0)
    middle, unit = (low + high) / 2, STEPS / ((high - low).max() / 2)
    for k in range(len(AT)):
        for axis, name, _, x, y in clouds(figure, k):
            cells = films[axis == "x2"].codes == list(LOOKS).index(name)
            expected = (films[axis == "x2"].positions[k, cells] - middle) * unit
            np.testing.assert_allclose(np.column_stack([x, y]), expected, atol=0.51)


def test_ranges_are_the_same_in_all_panels_and_no_frame_changes_them():
    made = drawn([film(0), film(1), film(2)]).to_dict()
    assert {tuple(made["layout"][f"xaxis{i}"]["range"]) for i in ("", "2", "3")} == {
        tuple(made["layout"]["yaxis2"]["range"])
    }
    assert all(set(frame["layout"]) == {"annotations"} for frame in made["frames"])
    assert made["layout"]["yaxis"]["scaleanchor"] == "x"


def test_a_cell_that_the_model_does_not_know_yet_is_out_of_sight():
    positions = film().positions.copy()
    positions[0, :4] = np.nan
    figure = drawn([film(positions=positions)])
    out = sum(int((y == _NOWHERE).sum()) for *_, y in clouds(figure, 0))
    assert out == 4
    assert figure.layout.yaxis.range[1] < _NOWHERE
    assert not any((y == _NOWHERE).any() for *_, y in clouds(figure, 1))


def test_hidden_labels_are_rings():
    hollow = np.arange(N_CELLS) < 7
    figure = drawn([film(hollow=hollow)])
    assert sum(len(x) for _, _, ring, x, _ in clouds(figure, 0) if ring) == 7
    in_legend = [trace.marker.symbol for trace in figure.data if trace.showlegend]
    assert in_legend == ["circle"] * 3


def test_each_type_is_in_the_legend_once():
    figure = drawn([film(0), film(1)])
    assert sorted(trace.name for trace in figure.data if trace.showlegend) == sorted(LOOKS)


def test_lines_run_up_to_the_moment_and_end_in_a_dot():
    made = drawn([film(0), film(1)]).to_dict()
    at_five = made["frames"][1]["data"]
    lines = [i for i, trace in enumerate(made["data"]) if trace["type"] == "scatter" and trace["mode"] == "lines"]
    dots = [i for i, trace in enumerate(made["data"]) if trace["type"] == "scatter" and trace["mode"] == "markers"]
    assert decoded(at_five[lines[0]]["x"]).tolist() == [1, 2, 3, 4, 5]
    assert decoded(at_five[dots[0]]["x"]).tolist() == [5, 5]
    assert decoded(at_five[dots[0]]["y"]).tolist() == [8, 8]
    assert np.isnan(decoded(made["frames"][0]["data"][dots[0]]["y"])).all()  # before the first epoch


def test_titles_tell_the_latent_sd_of_the_moment_and_the_slider_its_name():
    frames = drawn([film(0)]).to_dict()["frames"]
    texts = [[note["text"] for note in frame["layout"]["annotations"]] for frame in frames]
    assert "latent sd 0.10" in texts[0][0]
    assert "latent sd 1.00" in texts[-1][0]
    assert [text[-1] for text in texts] == ["moment 0", "moment 1", "moment 2", "moment 3"]


def test_a_stage_without_a_record_says_so():
    scale = np.array([np.nan, np.nan, 0.5, 1.0])
    positions = np.where(np.isnan(scale)[:, None, None], np.nan, film().positions)
    frames = drawn([film(positions=positions, scale=scale)]).to_dict()["frames"]
    assert "no record of this stage" in frames[0]["layout"]["annotations"][0]["text"]


def test_the_figure_opens_at_the_last_moment():
    made = drawn([film(0)]).to_dict()
    assert made["data"][0]["x"] == made["frames"][-1]["data"][0]["x"]
    assert made["layout"]["sliders"][0]["active"] == len(AT) - 1
    assert [button["label"] for button in made["layout"]["updatemenus"][0]["buttons"]] == [
        *("Play", "Slowly", "Fast", "Pause")
    ]


def test_six_runs_of_two_thousand_cells_stay_small():
    at = np.arange(40.0)
    figure = drawn([film(seed, 2000, at) for seed in range(6)], at)
    n_bytes = len(pio.to_json(figure.to_dict(), validate=False))
    assert n_bytes < MOST_BYTES
    assert n_bytes > 40 * 12_000 * BYTES_A_CELL


def test_thinning_keeps_the_ends_of_every_stage():
    stages = {keys.PRETRAIN: 24, keys.SEMI_SUPERVISED: 15, keys.QUERY_STAGE: 24}
    moments = [ReplayFrame(stage, epoch, n) for stage, n in stages.items() for epoch in range(n + 1)]
    few = thinned(moments, 20)
    assert len(few) == 20
    assert [m for m in few if m.epoch in (0, m.n_epochs)] == [m for m in moments if m.epoch in (0, m.n_epochs)]
    assert few == sorted(few, key=moments.index)
    assert thinned(moments, 100) == moments


@pytest.mark.parametrize("n_maps", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("narrow", [False, True])
def test_no_panel_overlaps_another(n_maps, narrow):
    where = plan(n_maps, 4, 50, narrow=narrow)
    assert len(where.boxes) == n_maps + 4
    assert where.top == CONTROLS[narrow]
    for i, one in enumerate(where.boxes):
        assert 0 <= one.x[0] < one.x[1] <= 1
        assert -1e-9 <= one.y[0] < one.y[1] <= 1
        for other in where.boxes[i + 1 :]:
            beside = one.x[1] <= other.x[0] + 1e-9 or other.x[1] <= one.x[0] + 1e-9
            assert beside or one.y[0] >= other.y[1] - 1e-9
