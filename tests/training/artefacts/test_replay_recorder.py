"""The record of training: right, small, the same cells for all, and without any effect on what is trained."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from semafo import keys
from semafo.files import read_json, write_json
from semafo.runs.library.store import in_context
from semafo.settings.mix import Mix
from semafo.training.artefacts import replay_recorder
from semafo.training.artefacts.live_frames import LiveFrames
from semafo.training.artefacts.replay_recorder import RunRecorder
from semafo.training.run_context import RunContext
from semafo.training.stage_cache import StageCache, pretrain_key
from semafo.training.stages import models as stage_models
from semafo.training.stages.prepared_data import prepare
from semafo.training.stages.replay_frames import StageRecord, draw, sample_size, spread
from semafo.training.stages.shared_scvi import ensure_scvi, load_scvi
from tests.support.tiny import TINY_BATCHES, tiny_config
from tests.training.stages.test_latent_watch import Told


@given(st.integers(1, 500), st.integers(1, 40))
def test_a_stage_has_its_start_its_end_and_at_most_so_many_frames(n_epochs, n_frames):
    epochs = spread(n_epochs, n_frames)
    assert epochs[0] == 0
    assert epochs[-1] == n_epochs
    assert epochs == sorted(set(epochs))
    assert len(epochs) <= n_frames + 1
    if n_epochs <= n_frames:
        assert epochs == list(range(n_epochs + 1))


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=300), st.integers(4, 50))
def test_every_type_has_cells_in_the_sample(types, n_most):
    types = np.array(types, dtype=object)
    rows = draw(types, n_most)
    assert min(len(types), n_most) - len(set(types)) <= len(rows) <= n_most
    assert (np.diff(rows) > 0).all()
    assert set(types[rows]) == set(types)
    assert (draw(types, n_most) == rows).all()


def test_the_sample_grows_with_the_cells_up_to_two_thousand():
    assert [sample_size(n) for n in (700, 4000, 7500, 85_000)] == [1000, 1000, 1500, 2000]


def test_types_have_their_share_of_the_sample():
    types = np.repeat(np.array(["common", "rare", "single"], dtype=object), [8000, 1999, 1])
    rows = draw(np.random.default_rng(0).permutation(types), 1000)
    assert len(rows) <= 1000
    assert np.count_nonzero(draw(types, 1000) < 8000) == pytest.approx(800, abs=3)


def train(folder, config, *, recorded=True):
    """All stages as the pipeline has them; the model, the job, and what the next draws from the generators are."""
    config, context = in_context(config)
    folder.mkdir(parents=True)
    job = RunContext(folder, config, context, StageCache(folder.parent / "cache"), Told())
    prepared = prepare(config, context)
    recorder = RunRecorder(job, prepared)

    def of(name):
        return recorder.stage(name) if recorded else None

    ensure_scvi(job, prepared.training_cells(), recorder.pretrain if recorded else None)
    recorder.follow_scvi()
    pretrained = load_scvi(job, prepared.training_cells())
    model = stage_models.semi_supervise(pretrained, config, job.progress, of(keys.SEMI_SUPERVISED))
    before_query = model.get_latent_representation()
    if config.form == keys.SURGERY:
        model = stage_models.map_query(model, prepared.query_cells(), config, job.progress, of(keys.QUERY_STAGE))
    after = torch.rand(3).tolist(), np.random.rand(3).tolist()
    if recorded:
        recorder.write()
    return model, prepared, before_query, after


def written(folder):
    with np.load(folder / keys.REPLAY_FILE) as arrays:
        return arrays["z"], arrays["rows"], read_json(folder / keys.REPLAY_FRAMES_FILE)


def configured(form):
    reference = TINY_BATCHES[:2] if form == keys.SURGERY else ()
    return replace(tiny_config(reference=reference), mix=Mix(1, 1))


@pytest.fixture(scope="module", params=[keys.ONE_STAGE, keys.SURGERY])
def trained(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("home") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay_recorder, "sample_size", lambda n_cells: 80)
        return request.param, folder, *train(folder, configured(request.param))


def test_frames_are_the_start_and_every_epoch_of_each_stage(trained):
    form, folder, *_ = trained
    _, _, noted = written(folder)
    names = [keys.PRETRAIN, keys.SEMI_SUPERVISED, *([keys.QUERY_STAGE] if form == keys.SURGERY else [])]
    assert [(f["stage"], f["epoch"]) for f in noted["frames"]] == [
        (name, epoch) for name in names for epoch in (0, 1, 2)
    ]
    assert noted["n_epochs"] == dict.fromkeys(names, 2)


def test_the_last_frame_is_where_the_trained_model_has_the_cells(trained):
    _, folder, model, prepared, *_ = trained
    z, rows, _ = written(folder)
    expected = model.get_latent_representation(prepared.cells)[rows]
    np.testing.assert_allclose(z[-1], expected, rtol=2e-3, atol=1e-3)


def test_the_start_of_the_semi_supervised_stage_is_the_end_of_scvi(trained):
    _, folder, *_ = trained
    z, _, noted = written(folder)
    start = noted["frames"].index({"stage": keys.SEMI_SUPERVISED, "epoch": 0})
    np.testing.assert_array_equal(z[start], z[start - 1])


def test_in_surgery_the_querys_cells_join_at_their_stage_and_the_references_stay(trained):
    form, folder, _, prepared, before_query, _ = trained
    z, rows, noted = written(folder)
    is_query = (prepared.split.cells[keys.ROLE] == keys.QUERY).to_numpy()[rows]
    before = [frame["stage"] != keys.QUERY_STAGE for frame in noted["frames"]]
    if form == keys.ONE_STAGE:
        assert np.isfinite(z).all()
        return
    assert np.count_nonzero(~is_query) == 40
    assert is_query.any()
    assert np.isnan(z[before][:, is_query]).all()
    assert np.isfinite(z[~np.array(before)]).all()
    first = np.flatnonzero(~(prepared.split.cells[keys.ROLE] == keys.QUERY).to_numpy())
    expected = before_query[np.searchsorted(first, rows[~is_query])]
    np.testing.assert_allclose(z[-1][~is_query], expected, rtol=2e-3, atol=1e-3)


def test_weights_and_later_draws_are_the_same_bit_for_bit_without_the_record(trained, tmp_path):
    form, folder, model, *_, after = trained
    assert len(list((folder / keys.LIVE_FOLDER).glob("*.npy"))) == len(written(folder)[0])  # each was written at once
    plain, *_, expected_after = train(tmp_path / "run", configured(form), recorded=False)
    found, expected = model.module.state_dict(), plain.module.state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert after == expected_after
    assert not (tmp_path / "run" / keys.LIVE_FOLDER).exists()


def test_a_run_that_finds_the_scvi_stage_in_the_cache_has_its_record_and_its_cells(trained):
    form, folder, *_ = trained
    other = replace(configured(form), mix=Mix(1, 0))
    train(folder.parent / "other", other)  # its own sample would be larger
    z, rows, noted = written(folder)
    other_z, other_rows, other_noted = written(folder.parent / "other")
    n = [frame["stage"] for frame in noted["frames"]].count(keys.PRETRAIN)
    n_first = 40 if form == keys.SURGERY else 80
    np.testing.assert_array_equal(z[:n, :n_first], other_z[:n, :n_first])
    np.testing.assert_array_equal(rows[:n_first], other_rows[:n_first])
    assert noted["scvi_stage"] == other_noted["scvi_stage"]


def test_a_cached_scvi_stage_from_before_records_is_left_out(trained, tmp_path):
    form = trained[0]
    job = RunContext(tmp_path, *in_context(configured(form)), StageCache(tmp_path / "cache"), Told())
    stage = job.cache.path(pretrain_key(job.config, job.context))
    stage.mkdir(parents=True)
    write_json(stage / "meta.json", {"seconds": 1.0})
    recorder = RunRecorder(job, prepare(job.config, job.context))
    recorder.follow_scvi()
    later = recorder.stage(keys.SEMI_SUPERVISED)
    later.epochs, later.frames, later.n_epochs = [0], [np.zeros((len(later.rows), 3), np.float16)], 2
    recorder.write()
    z, rows, noted = written(tmp_path)
    assert z.shape == (1, len(rows), 3)
    assert list(noted["n_epochs"]) == [keys.SEMI_SUPERVISED]


def test_what_is_done_on_a_frame_counts_as_recording(tmp_path, monkeypatch):
    add = LiveFrames.add

    def add_slowly(self, *arguments):
        add(self, *arguments)
        time.sleep(0.05)

    monkeypatch.setattr(LiveFrames, "add", add_slowly)
    train(tmp_path / "run", configured(keys.ONE_STAGE))
    assert all(seconds >= 0.15 for seconds in written(tmp_path / "run")[2]["seconds"].values())  # three frames each


def test_a_record_is_read_as_it_was_written(tmp_path):
    kept = StageRecord(np.arange(3), [0, 2], [np.ones((3, 2), np.float16)] * 2, 2, 0.5)
    kept.write(tmp_path)
    found = StageRecord.read(tmp_path)
    assert (found.epochs, found.n_epochs, found.seconds) == ([0, 2], 2, 0.5)
    np.testing.assert_array_equal(np.stack(found.frames), np.stack(kept.frames))
    assert StageRecord.read(tmp_path / "nowhere") is None
