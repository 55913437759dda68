"""Frames are there while a run trains, and never at its cost."""

import errno
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from semafo import keys
from semafo.files import read_json, write_json
from semafo.runs.folder.live_positions import LivePositions
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.mix import Mix
from semafo.training.artefacts import live_frames, replay_recorder
from semafo.training.artefacts.live_frames import LiveFrames, remove_live
from tests.training.artefacts.test_replay_recorder import configured, train, written

SAMPLE = {keys.TRUE: ["T", None], keys.BATCH_COLUMN: ["one", "one"]}
Z = np.zeros((2, 3), np.float16)


def names(folder):
    return sorted(path.name for path in (folder / keys.LIVE_FOLDER).iterdir())


def frames_of(folder):
    return LiveFrames(folder, lambda: SAMPLE)


def watch(patch, folder):
    """What a page would read after each frame of a training in this folder."""
    seen, add = [], LiveFrames.add

    def add_and_look(self, *arguments):
        add(self, *arguments)
        write_json(folder / keys.STATUS_FILE, {"state": keys.RUNNING})
        seen.append(LivePositions.of(RunRecord(folder)))

    patch.setattr(LiveFrames, "add", add_and_look)
    return seen


@pytest.fixture(scope="module", params=[keys.ONE_STAGE, keys.SURGERY])
def trained(request, tmp_path_factory):
    """A run that was watched, what was seen, and the cells."""
    folder = tmp_path_factory.mktemp("home") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay_recorder, "sample_size", lambda n_cells: 80)
        seen = watch(patch, folder)
        _, prepared, *_ = train(folder, configured(request.param))
    return request.param, folder, seen, prepared


def test_every_frame_of_the_replay_was_seen_while_training_ran(trained):
    _, folder, seen, _ = trained
    z, _, noted = written(folder)
    assert [{"stage": live.stage, "epoch": live.epoch} for live in seen] == noted["frames"]
    assert {live.stage: live.n_epochs for live in seen} == noted["n_epochs"]
    for live, frame in zip(seen, z, strict=True):
        np.testing.assert_array_equal(live.positions, frame[np.isfinite(frame).all(axis=1)])


def test_cells_have_the_types_and_batches_that_the_data_have(trained):
    form, folder, seen, prepared = trained
    _, rows, _ = written(folder)
    cells = prepared.split.cells.iloc[rows]
    n_first = int((cells[keys.ROLE] == keys.REFERENCE).sum()) if form == keys.SURGERY else len(cells)
    for live in seen:
        n_cells = len(rows) if live.stage == keys.QUERY_STAGE else n_first
        assert live.types.tolist() == cells[keys.TRUE].tolist()[:n_cells]
        assert live.batches.tolist() == cells[keys.BATCH_COLUMN].tolist()[:n_cells]


def test_the_plane_stays_through_a_stage(trained):
    _, _, seen, _ = trained
    for stage in {live.stage for live in seen}:
        first, *later = [live for live in seen if live.stage == stage]
        for live in later:
            np.testing.assert_array_equal(live.axes, first.axes)


def test_a_run_that_takes_the_scvi_stage_over_shows_its_end_at_once(trained, monkeypatch):
    form, folder, seen, _ = trained
    other = folder.parent / "other"
    seen_by_other = watch(monkeypatch, other)
    train(other, replace(configured(form), mix=Mix(1, 0)))
    end_of_scvi = [live for live in seen if live.stage == keys.PRETRAIN][-1]
    first, second, *_ = seen_by_other
    assert (first.stage, first.epoch, first.n_epochs) == (keys.PRETRAIN, 2, 2)
    np.testing.assert_array_equal(first.positions, end_of_scvi.positions)
    assert first.types.tolist() == end_of_scvi.types.tolist()
    assert (second.stage, second.epoch) == (keys.SEMI_SUPERVISED, 0)


def test_a_full_disk_does_not_end_a_training(tmp_path, monkeypatch, caplog):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(live_frames, "write_atomically", fail)
    train(tmp_path / "run", configured(keys.ONE_STAGE))
    assert written(tmp_path / "run")[0].shape[0] == 6
    assert names(tmp_path / "run") == [keys.LIVE_SAMPLE_FILE]
    assert caplog.text.count("Frames to watch are left out") == 1


def test_frames_come_again_when_the_disk_has_room_again(tmp_path, monkeypatch):
    frames = frames_of(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(live_frames, "write_json", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        frames.add(keys.PRETRAIN, 0, 2, Z)
    assert names(tmp_path) == []
    frames.add(keys.PRETRAIN, 1, 2, Z)
    assert names(tmp_path) == ["0000_pretrain_1_of_2.npy", keys.LIVE_SAMPLE_FILE]


def test_a_folder_that_vanishes_does_not_come_back(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    frames = frames_of(run)
    frames.add(keys.PRETRAIN, 0, 2, Z)
    shutil.rmtree(run)
    frames.add(keys.PRETRAIN, 1, 2, Z)
    frames_of(run).add(keys.PRETRAIN, 0, 2, Z)
    assert not run.exists()


def test_another_error_is_not_hidden(tmp_path):
    with pytest.raises(ZeroDivisionError):
        LiveFrames(tmp_path, lambda: 1 / 0).add(keys.PRETRAIN, 0, 2, Z)


def test_the_sample_is_written_once_and_without_drafts(tmp_path):
    frames = frames_of(tmp_path)
    frames.add(keys.PRETRAIN, 0, 2, Z)
    before = (tmp_path / keys.LIVE_FOLDER / keys.LIVE_SAMPLE_FILE).stat()
    frames.add(keys.SEMI_SUPERVISED, 0, 20, Z)
    after = (tmp_path / keys.LIVE_FOLDER / keys.LIVE_SAMPLE_FILE).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert read_json(tmp_path / keys.LIVE_FOLDER / keys.LIVE_SAMPLE_FILE) == SAMPLE
    assert names(tmp_path) == [
        "0000_pretrain_0_of_2.npy",
        "0001_semi-supervised_0_of_20.npy",
        keys.LIVE_SAMPLE_FILE,
    ]


def test_another_attempt_begins_with_nothing(tmp_path):
    first = frames_of(tmp_path)
    for epoch in range(3):
        first.add(keys.PRETRAIN, epoch, 2, Z)
    again = frames_of(tmp_path)
    assert list(tmp_path.iterdir()) == []
    again.add(keys.PRETRAIN, 0, 2, Z)
    assert names(tmp_path) == ["0000_pretrain_0_of_2.npy", keys.LIVE_SAMPLE_FILE]


def test_frames_are_taken_away_without_a_trace(tmp_path):
    remove_live(tmp_path)
    frames_of(tmp_path).add(keys.PRETRAIN, 0, 2, Z)
    remove_live(tmp_path)
    assert list(tmp_path.iterdir()) == []
