"""What a worker answers when things go wrong, and what progress says on the way."""

import errno
import os

import pytest

from semafo import keys
from semafo.errors import DataError, RunCancelled
from semafo.files import write_json
from semafo.runs.folder.live_positions import LivePositions
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.workers import tickets
from semafo.runs.workers.progress_files import FolderProgress
from semafo.runs.workers.work import SCORE, TRAIN, reason_of, work, write_manifest
from semafo.training import pipeline
from tests.support.small_disk import small_disk
from tests.support.tiny import tiny_config


@pytest.fixture
def queued(tmp_path):
    """A queued run and its home, without an engine."""
    home = Home.at(tmp_path / "home")
    (run_id,) = store.submit(home, [tiny_config()])
    return home, RunRecord(home.runs / run_id)


def test_both_halves_done_by_hand_make_a_whole_run(queued):
    home, record = queued
    assert work(str(record.folder), str(home.cache), TRAIN).state == keys.DONE
    assert record.has_maps
    assert not record.has_scores
    assert not (record.folder / keys.LIVE_FOLDER).exists()
    assert work(str(record.folder), str(home.cache), SCORE).state == keys.DONE
    assert (record.folder / keys.MANIFEST_FILE).exists()


def test_the_same_run_in_another_home_gives_the_same_bits(queued, tmp_path):
    home, record = queued
    other_home = Home.at(tmp_path / "other")
    (run_id,) = store.submit(other_home, [tiny_config()])
    other = RunRecord(other_home.runs / run_id)
    for where, run in ((home, record), (other_home, other)):
        for half in (TRAIN, SCORE):
            assert work(str(run.folder), str(where.cache), half).state == keys.DONE
    for name in (keys.WEIGHTS_FILE, "X_scANVI.npy", "X_umap.npy", keys.PREDICTIONS_FILE, keys.INTEGRATION_FILE):
        assert (record.folder / name).read_bytes() == (other.folder / name).read_bytes(), name


def test_a_run_that_is_asked_to_stop_answers_cancelled(queued):
    home, record = queued
    (record.folder / keys.CANCEL_FILE).touch()
    assert work(str(record.folder), str(home.cache), TRAIN).state == keys.CANCELLED


def test_frames_can_be_watched_until_the_maps_are_there_and_no_longer(queued, monkeypatch):
    home, record = queued
    write_json(record.folder / keys.STATUS_FILE, {"state": keys.RUNNING})
    (record.folder / keys.LIVE_FOLDER).mkdir()
    stale = record.folder / keys.LIVE_FOLDER / keys.live_frame_file(9000, keys.SEMI_SUPERVISED, 2, 2)
    stale.touch()  # of an attempt that was given up
    seen = []

    def look(*arguments, **options):
        seen.append((LivePositions.of(record), (record.folder / keys.REPLAY_FRAMES_FILE).exists(), stale.exists()))
        return umap(*arguments, **options)

    umap = pipeline.embedding.umap
    monkeypatch.setattr(pipeline.embedding, "umap", look)
    assert work(str(record.folder), str(home.cache), TRAIN, tickets.issue(record.folder)).state == keys.DONE
    ((live, has_replay, has_stale),) = seen
    assert (live.stage, live.epoch, has_replay, has_stale) == (keys.SEMI_SUPERVISED, 2, True, False)
    assert LivePositions.of(record) is None
    assert not (record.folder / keys.LIVE_FOLDER).exists()


def test_a_folder_within_a_run_is_no_part_of_it(tmp_path):
    (tmp_path / keys.CONFIG_FILE).touch()
    (tmp_path / keys.LIVE_FOLDER).mkdir()
    listed = []
    write_manifest(tmp_path, listed.append)
    assert list(listed[0]["files"]) == [keys.CONFIG_FILE]


def test_a_broken_config_fails_with_a_reason_and_a_log(queued):
    home, record = queued
    write_json(record.folder / keys.CONFIG_FILE, {"config": {"colour": "red"}, "context": {"data": "d"}, "batch": ""})
    outcome = work(str(record.folder), str(home.cache), TRAIN)
    assert outcome.state == keys.FAILED
    assert "colour" in outcome.reason
    assert "Traceback" in RunRecord(record.folder).log()
    assert "Traceback" not in outcome.reason


def test_scores_that_cannot_be_computed_do_not_cost_the_model(queued, monkeypatch):
    home, record = queued
    work(str(record.folder), str(home.cache), TRAIN)
    monkeypatch.setattr("semafo.training.pipeline.integration_scores", lambda *_, **__: 1 / 0)
    assert work(str(record.folder), str(home.cache), SCORE).state == keys.DONE
    assert "ZeroDivisionError" in record.integration()["error"]
    assert record.has_maps


def test_a_full_disk_fails_the_run_with_a_remedy(tmp_path):
    with small_disk(tmp_path / "small", "600k") as small:
        home = Home.at(small / "home")
        (run_id,) = store.submit(home, [tiny_config()])
        outcome = work(str(home.runs / run_id), str(home.cache), TRAIN)
    assert outcome.state == keys.FAILED
    assert f"The disk that holds {home.path} is full: 0.0 MB free" in outcome.reason


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DataError("No counts."), "No counts."),
        (MemoryError(), "memory"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "The disk that holds"),
        (OSError("4096 requested and 1024 written"), "The disk that holds"),
        (ValueError("odd"), "ValueError: odd"),
    ],
)
def test_reasons_are_in_the_users_words(error, words, tmp_path):
    assert words in reason_of(error, tmp_path / "runs" / "one")


def test_progress_counts_down_and_ends_at_the_last_epoch(tmp_path):
    progress, record = FolderProgress(tmp_path), RunRecord(tmp_path)
    progress.plan({keys.PRETRAIN: 1.0, keys.MAPS: 1.0})
    progress.begin(keys.PRETRAIN, 10)
    fractions = []
    for epoch in range(1, 11):
        progress.epoch(epoch, {"loss": 1.0})
        fractions.append(record.progress()["fraction"])
    assert record.progress()["epoch"] == 10
    assert record.progress()["seconds_left"] >= 0
    assert all(0 <= fraction <= 1 for fraction in fractions)
    assert list(record.history()["epoch"]) == list(range(1, 11))
    assert progress.seconds().keys() == {keys.PRETRAIN}


def test_a_loss_that_is_no_number_ends_the_run(tmp_path):
    progress = FolderProgress(tmp_path)
    progress.begin(keys.PRETRAIN, 10)
    with pytest.raises(FloatingPointError, match="kl became infinite or NaN in epoch 3"):
        progress.epoch(3, {"kl": float("nan"), "loss": 1.0})


def test_a_checkpoint_raises_once_somebody_asks_to_stop(tmp_path):
    progress = FolderProgress(tmp_path)
    progress.checkpoint()
    (tmp_path / keys.CANCEL_FILE).touch()
    with pytest.raises(RunCancelled):
        progress.checkpoint()
