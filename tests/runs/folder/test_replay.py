"""Records of several runs brought onto one time and one plane."""

import numpy as np
import pytest

from semafo import keys
from semafo.runs.folder.replay import Replay, ReplayFrame, places, plane, spread_of, timeline
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from tests.support import fakes


def frames(stage, epochs, n_epochs):
    return [ReplayFrame(stage, epoch, n_epochs) for epoch in epochs]


def replay_of(moments, z=None, stage="scvi"):
    z = np.random.default_rng(0).normal(size=(len(moments), 5, 3)) if z is None else z
    return Replay(z.astype(np.float16), np.arange(z.shape[1]), tuple(moments), stage)


SCVI, LATER = frames(keys.PRETRAIN, (0, 5, 10), 10), frames(keys.SEMI_SUPERVISED, (0, 1, 2), 2)
QUERY = frames(keys.QUERY_STAGE, (0, 4), 4)


def test_a_record_is_read_from_the_runs_folder(tmp_path):
    record = fakes.finished(Home.at(tmp_path / "home"), fakes.MAPPED)
    found = Replay.of(record)
    assert len(found.frames) == len(found.z) == 7
    assert found.z.shape[1] == len(found.rows)
    assert found.frames[1] == ReplayFrame(keys.PRETRAIN, 4, 40)
    assert Replay.of(RunRecord(tmp_path)) is None


def test_the_timeline_has_every_stage_of_any_run_in_order():
    one_stage, surgery = replay_of(SCVI + LATER), replay_of(SCVI[::2] + LATER + QUERY)
    assert timeline([one_stage, surgery]) == SCVI + LATER + QUERY


def test_a_run_is_shown_at_the_same_share_of_a_stage_and_stays_when_it_has_ended():
    shorter = replay_of(frames(keys.PRETRAIN, (0, 2, 4), 4) + LATER)
    moments = SCVI + LATER + QUERY
    assert places(shorter, moments).tolist() == [0, 1, 2, 3, 4, 5, 5, 5]


def test_a_run_without_a_record_of_the_first_stage_is_not_there_yet():
    assert places(replay_of(LATER), SCVI + LATER).tolist() == [-1, -1, -1, 0, 1, 2]


def test_one_linear_map_keeps_lengths_in_the_plane_and_the_middle_of_the_prior():
    rng = np.random.default_rng(1)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    flat = [rng.normal(size=(3, 20, 2)) @ turn[:2] for _ in range(2)]  # lies in a plane of four dimensions
    found, share = plane([replay_of(SCVI, z) for z in flat])
    assert share == pytest.approx(1, abs=1e-4)
    for z, xy in zip(flat, found, strict=True):
        np.testing.assert_allclose(np.linalg.norm(xy, axis=2), np.linalg.norm(z, axis=2), rtol=5e-3, atol=5e-3)


def test_cells_that_are_not_there_stay_away_and_move_no_other():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(3, 10, 4))
    z[0, 5:] = np.nan
    (xy,), _ = plane([replay_of(SCVI, z)])
    assert np.isnan(xy[0, 5:]).all()
    assert np.isfinite(xy[0, :5]).all()
    assert np.isfinite(xy[1:]).all()


def test_the_latent_scale_is_that_of_the_cells_that_are_there():
    z = np.random.default_rng(3).normal(0, 2, (3, 4000, 2))
    z[0, 2000:] = np.nan
    np.testing.assert_allclose(spread_of(replay_of(SCVI, z)), 2, rtol=0.05)
