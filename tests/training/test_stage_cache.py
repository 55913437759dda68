"""Which runs share a stage, and that a stage is there whole or not at all."""

from dataclasses import replace

import pytest

from semafo.settings.mix import Mix
from semafo.settings.run_config import RunConfig, SplitSettings
from semafo.training.stage_cache import StageCache, baselines_key, pretrain_key, scvi_query_key

CONTEXT = {"data": "abc", "versions": {"torch": "2"}}
BASE = RunConfig()
SURGERY = replace(BASE, split=SplitSettings(reference=("a", "b")))


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, mix=Mix(0, 1, "normalised")),
        replace(BASE, split=SplitSettings(labelled_rate=0.5)),
        replace(BASE, split=SplitSettings(split_seed=3)),
        replace(BASE, dataset=replace(BASE.dataset, label_key="other")),
        replace(BASE, train=replace(BASE.train, epochs_reference=7)),
    ],
)
def test_what_has_to_do_with_labels_does_not_change_the_scvi_stage(other):
    assert pretrain_key(BASE, CONTEXT) == pretrain_key(other, CONTEXT)


@pytest.mark.parametrize(
    "other",
    [
        SURGERY,
        replace(BASE, train=replace(BASE.train, seed=1)),
        replace(BASE, train=replace(BASE.train, n_threads=2)),
        replace(BASE, train=replace(BASE.train, epochs_pretrain=9)),
        replace(BASE, dataset=replace(BASE.dataset, n_hvg=100)),
        replace(BASE, dataset=replace(BASE.dataset, batch_key="donor")),
    ],
)
def test_what_changes_scvi_makes_another_stage(other):
    assert pretrain_key(BASE, CONTEXT) != pretrain_key(other, CONTEXT)


def test_other_data_or_versions_make_another_stage():
    assert pretrain_key(BASE, CONTEXT) != pretrain_key(BASE, {**CONTEXT, "data": "abd"})
    assert pretrain_key(BASE, CONTEXT) != pretrain_key(BASE, {**CONTEXT, "versions": {"torch": "3"}})


def test_the_order_of_the_reference_does_not_matter():
    turned = replace(SURGERY, split=SplitSettings(reference=("b", "a")))
    assert pretrain_key(SURGERY, CONTEXT) == pretrain_key(turned, CONTEXT)


def test_baselines_depend_on_the_test_cells_and_not_on_the_rate():
    rate = replace(BASE, split=SplitSettings(labelled_rate=0.5))
    seed = replace(BASE, split=SplitSettings(split_seed=1))
    assert baselines_key(BASE, CONTEXT) == baselines_key(rate, CONTEXT)
    assert baselines_key(BASE, CONTEXT) != baselines_key(seed, CONTEXT)


def test_scvis_query_surgery_depends_on_its_epochs():
    longer = replace(SURGERY, train=replace(SURGERY.train, epochs_query=5))
    assert scvi_query_key(SURGERY, CONTEXT) != scvi_query_key(longer, CONTEXT)
    assert pretrain_key(SURGERY, CONTEXT) == pretrain_key(longer, CONTEXT)


def test_a_stage_that_breaks_off_leaves_nothing(tmp_path):
    cache = StageCache(tmp_path)

    def break_off(folder):
        (folder / "half.bin").write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.make("stage", break_off)
    assert not cache.has("stage")
    assert list(tmp_path.iterdir()) == []


def test_a_stage_is_made_once(tmp_path):
    cache, made = StageCache(tmp_path), []

    def write(folder):
        made.append(folder)
        (folder / "weights.bin").write_bytes(b"w")
        return {"n_epochs": 3}

    assert cache.make("stage", write) == cache.make("stage", write) == cache.path("stage")
    assert len(made) == 1
    assert cache.meta("stage")["n_epochs"] == 3
    assert cache.meta("stage")["seconds"] >= 0


def test_what_lies_in_a_stages_place_and_is_none_gives_way(tmp_path):
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "file").write_text("theirs")
    cache = StageCache(tmp_path)
    assert [path.name for path in cache.make("stage", lambda folder: {}).iterdir()] == ["meta.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["stage"]


def test_a_stage_that_another_worker_makes_in_the_same_moment_is_taken(tmp_path, monkeypatch):
    cache = StageCache(tmp_path)

    def write(folder):
        (folder / "file").write_text("mine")
        return {}

    other_folder = tmp_path / "stage"
    other_folder.mkdir()
    (other_folder / "file").write_text("theirs")
    answers = iter([False, False, True])
    monkeypatch.setattr(StageCache, "has", lambda self, key: next(answers))
    assert (cache.make("stage", write) / "file").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["stage"]
