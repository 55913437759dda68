"""A run is finished by one worker: the one that holds the ticket."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from semafo import keys
from semafo.errors import RunCancelled, RunSuperseded
from semafo.files import read_json, write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.runs.workers import tickets
from semafo.runs.workers.progress_files import FolderProgress
from semafo.runs.workers.tickets import Attempt
from semafo.runs.workers.work import SUPERSEDED, TRAIN, work
from semafo.training.artefacts.live_frames import LiveFrames, remove_live
from tests.support.tiny import tiny_config, wait_for

MANIFEST = {"run_id": "a-run", "files": {}}


def hidden(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_the_ticket_becomes_the_manifest(tmp_path):
    attempt = Attempt(tmp_path, tickets.issue(tmp_path))
    with attempt.held():
        attempt.commit(MANIFEST)
    assert read_json(tmp_path / keys.MANIFEST_FILE) == MANIFEST
    tickets.revoke(tmp_path)
    assert hidden(tmp_path) == []
    assert read_json(tmp_path / keys.MANIFEST_FILE) == MANIFEST


def test_without_its_ticket_a_worker_can_neither_go_on_nor_write_nor_commit(tmp_path):
    attempt = Attempt(tmp_path, tickets.issue(tmp_path))
    progress = FolderProgress(tmp_path, attempt)
    with attempt.held():
        progress.begin(keys.PRETRAIN, 3)
        tickets.issue(tmp_path)  # the run is given to another worker
        for forbidden in (
            attempt.check,
            lambda: write_json(tmp_path / keys.PREDICTIONS_FILE, {}),
            lambda: attempt.commit(MANIFEST),
            lambda: progress.epoch(1, {"loss": 1.0}),
        ):
            with pytest.raises(RunCancelled):
                forbidden()
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [keys.PROGRESS_FILE]


def test_without_its_ticket_a_worker_neither_shows_frames_nor_takes_those_of_another_away(tmp_path):
    attempt, z = Attempt(tmp_path, tickets.issue(tmp_path)), np.zeros((1, 2), np.float16)
    with attempt.held():
        frames = LiveFrames(tmp_path, lambda: {keys.TRUE: ["T"], keys.BATCH_COLUMN: ["one"]})
        not_begun = LiveFrames(tmp_path, lambda: {})
        frames.add(keys.PRETRAIN, 0, 2, z)
        tickets.issue(tmp_path)  # the run is given to another worker
        before = sorted(tmp_path.rglob("*"))
        for forbidden in (
            lambda: frames.add(keys.PRETRAIN, 1, 2, z),
            lambda: not_begun.add(keys.PRETRAIN, 0, 2, z),
            lambda: LiveFrames(tmp_path, lambda: {}),
            lambda: remove_live(tmp_path),
        ):
            with pytest.raises(RunSuperseded):
                forbidden()
        assert sorted(tmp_path.rglob("*")) == before


def test_a_worker_whose_ticket_is_gone_stops_at_its_next_step(tmp_path, monkeypatch):
    monkeypatch.setattr(tickets, "_SECONDS_BETWEEN_LOOKS", 0.0)
    attempt = Attempt(tmp_path, tickets.issue(tmp_path))
    progress = FolderProgress(tmp_path, attempt)
    progress.checkpoint()
    tickets.revoke(tmp_path)
    with pytest.raises(RunSuperseded):
        progress.checkpoint()


def test_an_attempt_is_begun_once(tmp_path):
    token = tickets.issue(tmp_path)
    with Attempt(tmp_path, token).held():
        pass
    with pytest.raises(RunSuperseded, match="begun before"), Attempt(tmp_path, token).held():
        pass


def test_either_the_engine_takes_the_ticket_or_the_worker_commits(tmp_path):
    for i in range(50):
        folder = tmp_path / str(i)
        folder.mkdir()
        attempt, start = Attempt(folder, tickets.issue(folder)), threading.Barrier(2)

        def commit(attempt=attempt, start=start):
            start.wait()
            try:
                attempt.commit(MANIFEST)
            except RunSuperseded:
                return False
            return True

        with ThreadPoolExecutor(1) as worker:
            committed = worker.submit(commit)
            start.wait()
            tickets.revoke(folder)
            seen_by_the_engine = (folder / keys.MANIFEST_FILE).exists()
            assert committed.result() == seen_by_the_engine == (folder / keys.MANIFEST_FILE).exists()
        assert hidden(folder) == []


@pytest.fixture
def queued(tmp_path):
    home = Home.at(tmp_path / "home")
    (run_id,) = store.submit(home, [tiny_config(epochs=100_000)])
    return home, RunRecord(home.runs / run_id)


def test_a_training_that_was_given_to_another_worker_ends_without_a_trace(queued):
    home, record = queued
    token = tickets.issue(record.folder)
    with ThreadPoolExecutor(1) as worker:
        outcome = worker.submit(work, str(record.folder), str(home.cache), TRAIN, token)
        wait_for(lambda: record.progress().get("epoch", 0) > 2)
        tickets.revoke(record.folder)
        assert outcome.result(timeout=10).state == SUPERSEDED
    assert not record.has_maps
    assert hidden(record.folder) == []


def test_a_worker_that_does_not_see_the_runs_folder_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("semafo.runs.workers.work._FOLDER_SECONDS", 0.0)
    outcome = work(str(tmp_path / "elsewhere" / "a-run"), str(tmp_path), TRAIN, "token")
    assert outcome.state == keys.FAILED
    assert "on a disk that all workers share" in outcome.reason
