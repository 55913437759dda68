"""The newest frame of a run that trains: read whole, on a plane that a stage keeps, or not at all."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from semafo import keys
from semafo.files import read_json, write_json
from semafo.runs.folder import live_positions
from semafo.runs.folder.live_positions import LivePositions, principal_axes, stamp_of, trainer_of_scvi_stage
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.run_config import TrainSettings
from semafo.training.artefacts.live_frames import LiveFrames
from tests.support import fakes

TYPES, BATCHES = ["T", "B", None, "T", "NK", "B"], ["one", "one", "two", "two", "two", "one"]
N_FIRST = 4  # cells of the first stages; the other two are the query's


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


@pytest.fixture
def record(home):
    return fakes.running(home)


def positions(n_cells=N_FIRST, seed=0):
    return np.random.default_rng(seed).normal(size=(n_cells, 5)).astype(np.float16)


def frames_of(record):
    return LiveFrames(record.folder, lambda: {keys.TRUE: TYPES, keys.BATCH_COLUMN: BATCHES})


@pytest.fixture
def watched(record):
    """A run with three frames of scVI and two of the next stage."""
    frames = frames_of(record)
    for epoch in range(3):
        frames.add(keys.PRETRAIN, epoch, 2, positions(seed=epoch))
    for epoch in (0, 7):
        frames.add(keys.SEMI_SUPERVISED, epoch, 9, positions(seed=10 + epoch))
    return record


def live(record):
    return record.folder / keys.LIVE_FOLDER


def newest_file(record):
    return max(live(record).glob("*.npy"))


def test_the_newest_frame_is_read_with_its_moment_types_and_batches(watched):
    found = LivePositions.of(watched)
    assert (found.stage, found.epoch, found.n_epochs) == (keys.SEMI_SUPERVISED, 7, 9)
    assert found.positions.dtype == np.float32
    np.testing.assert_array_equal(found.positions, positions(seed=17))
    assert found.types.tolist() == TYPES[:N_FIRST]
    assert found.batches.tolist() == BATCHES[:N_FIRST]


def test_the_querys_cells_come_behind_the_others_in_their_stage(watched):
    joined = frames_of(watched)
    joined.add(keys.SEMI_SUPERVISED, 9, 9, positions())
    joined.add(keys.QUERY_STAGE, 0, 2, positions(6))
    found = LivePositions.of(watched)
    assert found.types.tolist() == TYPES
    assert len(found.plane()) == 6


def test_a_tenth_thousandth_frame_is_newer_than_the_one_before(watched):
    for number, epoch in ((9999, 8), (10_000, 9)):
        name = keys.live_frame_file(number, keys.SEMI_SUPERVISED, epoch, 9)
        np.save(live(watched) / name, positions())
    assert LivePositions.of(watched).epoch == 9


def test_the_plane_is_the_first_two_components_of_the_stages_first_frame(watched):
    found, first = LivePositions.of(watched), positions(seed=10).astype(np.float64)
    _, _, components = np.linalg.svd(first - first.mean(axis=0))
    expected = positions(seed=17).astype(np.float64) @ components[:2].T
    np.testing.assert_allclose(np.abs(found.plane()), np.abs(expected), atol=1e-5)  # either sign is a component


def test_the_plane_stays_while_a_stage_trains_and_turns_at_the_next(record):
    frames, axes = frames_of(record), []
    for stage, epoch in ((keys.PRETRAIN, 0), (keys.PRETRAIN, 1), (keys.PRETRAIN, 2), (keys.SEMI_SUPERVISED, 0)):
        frames.add(stage, epoch, 2, positions(seed=len(axes)))
        axes.append(LivePositions.of(record).axes)
    np.testing.assert_array_equal(axes[0], axes[1])
    np.testing.assert_array_equal(axes[0], axes[2])
    assert not np.allclose(axes[2], axes[3])


def test_distances_in_the_plane_are_in_latent_units_and_its_origin_is_the_priors_mean():
    rng = np.random.default_rng(3)
    flat = rng.normal(size=(30, 2)) * [3, 1] @ np.linalg.qr(rng.normal(size=(6, 2)))[0].T + 0.0
    axes = principal_axes(flat)
    np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-6)
    shown = LivePositions(keys.PRETRAIN, 0, 1, flat.astype(np.float32), np.array([]), np.array([]), "", axes)
    np.testing.assert_allclose(np.linalg.norm(shown.plane(), axis=1), np.linalg.norm(flat, axis=1), rtol=1e-4)
    np.testing.assert_array_equal(np.zeros((1, 6)) @ axes, 0)
    assert shown.plane_share() == pytest.approx(1, abs=1e-4)


def test_another_plane_can_be_asked_for(watched):
    found = LivePositions.of(watched)
    axes = principal_axes(found.positions)
    np.testing.assert_allclose(found.plane(axes), found.positions @ axes, atol=1e-6)
    assert found.plane_share(axes) >= found.plane_share()


def test_the_stages_plane_is_found_once(watched, monkeypatch):
    LivePositions.of(watched)
    monkeypatch.setattr(live_positions, "principal_axes", lambda z: pytest.fail("found again"))
    assert LivePositions.of(watched) is not None


def test_cells_that_all_lie_in_one_place_have_a_plane_too(record):
    frames_of(record).add(keys.PRETRAIN, 0, 2, np.zeros((N_FIRST, 5), np.float16))
    found = LivePositions.of(record)
    np.testing.assert_array_equal(found.plane(), np.zeros((N_FIRST, 2)))
    assert found.plane_share() == 0


def test_the_stamp_changes_with_every_frame_and_every_attempt(record):
    stamps = []
    for _ in range(2):
        frames = frames_of(record)
        for epoch in range(3):
            frames.add(keys.PRETRAIN, epoch, 2, positions())
            stamps.append(stamp_of(record))
            assert LivePositions.of(record).stamp == stamps[-1]
    assert len(set(stamps)) == 6


def test_a_run_that_does_not_train_shows_nothing(watched):
    for state in (keys.QUEUED, keys.FAILED, keys.CANCELLED):
        write_json(watched.folder / keys.STATUS_FILE, {"state": state})
        assert LivePositions.of(watched) is None
        assert stamp_of(watched) is None


def test_a_run_without_frames_or_without_a_folder_shows_nothing(record):
    assert LivePositions.of(record) is None
    live(record).mkdir()
    assert LivePositions.of(record) is None
    assert stamp_of(record) is None
    assert LivePositions.of(RunRecord(record.folder / "nowhere")) is None


def with_sample(**changes):
    def damage(folder):
        sample = read_json(folder / keys.LIVE_SAMPLE_FILE)
        write_json(folder / keys.LIVE_SAMPLE_FILE, {**sample, **changes})

    return damage


def with_frame(z, **options):
    return lambda folder: np.save(max(folder.glob("*.npy")), z, **options)


def cut(folder):
    path = max(folder.glob("*.npy"))
    path.write_bytes(path.read_bytes()[:-3])


def cut_first_of_stage(folder):
    path = sorted(folder.glob("*.npy"))[3]
    path.write_bytes(path.read_bytes()[:50])


def promise_too_much(folder):
    """A header that tells of more cells than any memory has."""
    path = max(folder.glob("*.npy"))
    content = path.read_bytes()
    told, more = b"(4, 5), }", b"(999999999999999, 5), }"
    assert told in content
    path.write_bytes(content.replace(told + b" " * (len(more) - len(told)), more))


def zipped(folder):
    path = max(folder.glob("*.npy"))
    with path.open("wb") as handle:
        np.savez(handle, z=positions())


DAMAGES = {
    "no sample": lambda folder: (folder / keys.LIVE_SAMPLE_FILE).unlink(),
    "half a sample": lambda folder: (folder / keys.LIVE_SAMPLE_FILE).write_text('{"true_label": ["T'),
    "a list for a sample": lambda folder: (folder / keys.LIVE_SAMPLE_FILE).write_text("[1, 2]"),
    "numbers for types": with_sample(**{keys.TRUE: [1] * 6}),
    "text for types": with_sample(**{keys.TRUE: "TTTTTT"}),
    "fewer types than cells": with_sample(**{keys.TRUE: ["T"], keys.BATCH_COLUMN: ["one"]}),
    "types and batches of other cells": with_sample(**{keys.BATCH_COLUMN: ["one"] * 5}),
    "a sample that is a folder": lambda folder: (
        (folder / keys.LIVE_SAMPLE_FILE).unlink(),
        (folder / keys.LIVE_SAMPLE_FILE).mkdir(),
    ),
    "half a frame": cut,
    "half of the stage's first frame": cut_first_of_stage,
    "an empty frame": lambda folder: max(folder.glob("*.npy")).write_bytes(b""),
    "a text for a frame": lambda folder: max(folder.glob("*.npy")).write_text("positions"),
    "a zip for a frame": zipped,
    "a pickle for a frame": with_frame(np.array([{"z": 1}], dtype=object), allow_pickle=True),
    "a frame of no cells": with_frame(np.zeros((0, 5), np.float16)),
    "a frame of one dimension": with_frame(np.zeros((N_FIRST, 1), np.float16)),
    "a frame without dimensions": with_frame(np.float16(1)),
    "a frame of other dimensions": with_frame(np.zeros((N_FIRST, 6), np.float16)),
    "a frame of fewer cells": with_frame(np.zeros((N_FIRST - 1, 5), np.float16)),
    "a frame of more cells": with_frame(np.zeros((7, 5), np.float16)),
    "a frame of text": with_frame(np.full((N_FIRST, 5), "a")),
    "a frame with NaN": with_frame(np.full((N_FIRST, 5), np.nan, np.float16)),
    "a frame with infinity": with_frame(np.full((N_FIRST, 5), np.inf, np.float16)),
    "a frame that promises too much": promise_too_much,
    "an epoch after the last": lambda folder: np.save(folder / "0009_semi-supervised_10_of_9.npy", positions()),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_or_missing_is_not_there(watched, damage):
    assert LivePositions.of(watched) is not None
    damage(live(watched))
    assert LivePositions.of(watched) is None


def test_files_of_other_names_are_no_frames(watched):
    expected = stamp_of(watched)
    for name in (".0009_query_0_of_2.npy.1a2b", "0009_maps_0_of_2.npy", "0009_query_0_of_2.npz", "9_query_0_of_2.npy"):
        (live(watched) / name).write_bytes(b"")
    (live(watched) / "0009_query_0_of_2.npy").symlink_to("nowhere")
    assert LivePositions.of(watched) is None  # a frame whose file is gone
    (live(watched) / "0009_query_0_of_2.npy").unlink()
    assert LivePositions.of(watched).stamp == expected


def test_a_file_that_is_far_too_large_is_not_read(watched, monkeypatch):
    monkeypatch.setattr(live_positions, "_MOST_BYTES", 100)
    assert LivePositions.of(watched) is None


@pytest.mark.parametrize("status", ["{}", "[]", "null", '{"state": "running"', ""])
def test_a_damaged_status_shows_nothing(watched, status):
    (watched.folder / keys.STATUS_FILE).write_text(status)
    assert LivePositions.of(watched) is None


SEMAFO, BOTH = (replace(fakes.REAL, mix=mix) for mix in fakes.MIXES[1:])


def test_a_run_that_waits_finds_who_trains_its_scvi_stage(home):
    waiting, trains = fakes.queued(home, SEMAFO), fakes.running(home, stage=keys.PRETRAIN)
    other_seed = fakes.running(home, replace(BOTH, train=TrainSettings(seed=9)), stage=keys.PRETRAIN)
    for active in ([waiting, other_seed, trains], [trains, other_seed, waiting]):
        assert trainer_of_scvi_stage(waiting, active).run_id == trains.run_id
        assert trainer_of_scvi_stage(trains, active) is None


def test_nobody_trains_a_stage_that_is_over_or_has_not_begun(home):
    waiting, also = fakes.queued(home, SEMAFO), fakes.queued(home, BOTH)
    beyond = fakes.running(home, stage=keys.SEMI_SUPERVISED)
    assert trainer_of_scvi_stage(waiting, [waiting, also, beyond]) is None


def test_who_trains_is_found_among_runs_that_cannot_be_read(home):
    waiting, trains = fakes.queued(home, SEMAFO), fakes.running(home, stage=keys.PRETRAIN)
    broken = fakes.running(home, BOTH, stage=keys.PRETRAIN)
    for content in ("{}", "[]", "null", '{"config": {"colour": "red"}}', '{"config": {}, "context"'):
        (broken.folder / keys.CONFIG_FILE).write_text(content)
        assert trainer_of_scvi_stage(waiting, [RunRecord(broken.folder), trains]).run_id == trains.run_id
        assert trainer_of_scvi_stage(RunRecord(broken.folder), [trains]) is None
    shutil.rmtree(broken.folder)
    assert trainer_of_scvi_stage(waiting, [RunRecord(broken.folder), trains]).run_id == trains.run_id
