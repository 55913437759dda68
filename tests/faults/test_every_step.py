"""A process that is killed at any step on the disk leaves a whole home, in which its work can be repeated."""

import shutil

import pytest

from semafo import keys
from semafo.files import read_json, write_json
from semafo.runs import requests
from semafo.runs.export import formats
from semafo.runs.export.archive_import import read_bundle
from semafo.runs.folder.name_tags_notes import About
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import cleanup, store, trash
from semafo.runs.library.rows import names_of
from semafo.runs.sweeps.grid import Grid
from semafo.runs.sweeps.sweep import Sweep, sweeps
from semafo.settings.mix import Mix
from tests.support import fakes, whole_home
from tests.support.crashes import at_each_step
from tests.support.tiny import tiny_config


@pytest.fixture
def finished(home):
    record = fakes.finished(home)
    whole_home.commit(record)
    return record


@pytest.fixture
def again(home, tmp_path):
    """Makes the home what it is when this is first called."""
    kept = tmp_path / "kept"

    def make():
        if not kept.exists():
            shutil.copytree(home.path, kept)
        shutil.rmtree(home.path)
        shutil.copytree(kept, home.path)

    return make


def whole(home, before):
    """Whether nothing is wrong; runs that wait are as they should be where no engine is."""
    said = whole_home.complaints(home, before)
    return [one for one in said if "though nothing works" not in one]


def test_a_failed_run_that_is_asked_for_again_is_failed_or_waits_and_keeps_its_name(home, again):
    (run_id,) = store.submit(home, [tiny_config()])
    folder = home.run(run_id)
    write_json(folder / keys.STATUS_FILE, {"state": keys.FAILED, "created": 1.0, "reason": "it was just so"})
    (folder / keys.LOG_FILE).write_text("said\n")
    About("Mine", ("kept",), "why").write(folder)
    for step in at_each_step(again, lambda: store.submit(home, [tiny_config()])):
        assert whole(home, set()) == [], step
        assert RunRecord(folder).state in (keys.FAILED, keys.QUEUED), step
        assert RunRecord(folder).about.name == "Mine", step
        assert store.submit(home, [tiny_config()]) == [run_id]
        assert RunRecord(folder).state == keys.QUEUED, step


def test_remains_of_a_run_do_not_stand_in_the_way_of_a_new_one(home):
    (run_id,) = store.submit(home, [tiny_config()])
    shutil.rmtree(home.run(run_id))
    home.run(run_id).mkdir()
    (home.run(run_id) / keys.LOG_FILE).write_text("what a half-deleted folder held\n")
    store.submit(home, [tiny_config()])
    assert RunRecord(home.run(run_id)).state == keys.QUEUED
    assert RunRecord(home.run(run_id)).is_readable


def test_a_run_is_in_the_trash_or_in_the_list_or_gone_and_never_half_of_it(home, finished, again):
    before = whole_home.finished_runs(home)

    def come_and_go():
        trash.move_in(home, finished.run_id)
        trash.restore(home, finished.run_id)
        trash.move_in(home, finished.run_id)

    for step in at_each_step(again, come_and_go):
        assert whole(home, before) == [], step
        assert len(names_of(home)) + len(trash.contents(home)) == 1, step
    for step in at_each_step(lambda: None, lambda: trash.empty(home)):
        assert whole(home, set()) == [], step
        assert len(trash.contents(home)) <= 1, step
    trash.empty(home)
    assert list(home.trash.iterdir()) == []


@pytest.mark.parametrize("kind", ["zip", "py"])
def test_an_export_is_whole_or_absent(home, finished, tmp_path, again, kind):
    exports = tmp_path / "exports"
    asked = formats.find(home, [finished.run_id])
    to = exports / f"run.{kind}"

    def empty():
        again()
        shutil.rmtree(exports, ignore_errors=True)
        exports.mkdir()

    for step in at_each_step(empty, lambda: formats.write(home, asked, kind, to)):
        assert whole_home.half_exports(exports) == [], step
    assert to.exists()


def test_an_import_is_whole_or_absent_and_can_be_repeated(home, finished, tmp_path, again):
    bundle, before = tmp_path / "bundle.zip", whole_home.finished_runs(home)
    formats.write(home, formats.find(home, [finished.run_id]), "zip", bundle)
    trash.move_in(home, finished.run_id)
    trash.empty(home)
    for step in at_each_step(again, lambda: read_bundle(home, bundle)):
        assert whole(home, set()) == [], step
        read_bundle(home, bundle)
        assert whole(home, before) == [], step


def test_a_clean_up_takes_whole_things_or_leaves_them(home, finished, again):
    fakes.failed(home, fakes.MAPPED)
    for name in ("scvi-spare", "embeddings-spare"):
        (home.cache / name).mkdir()
        write_json(home.cache / name / "meta.json", {"seconds": 1.0})
        (home.cache / name / "weights").write_text("many")
    before = whole_home.finished_runs(home)
    wanted = [(item.kind, item.name) for item in cleanup.plan(home)]
    assert len(wanted) == 3
    for step in at_each_step(again, lambda: cleanup.carry_out(home, wanted)):
        assert whole(home, before) == [], step
        stages = [folder for folder in home.cache.iterdir() if not folder.name.startswith(".")]
        assert all((folder / "weights").exists() for folder in stages if read_json(folder / "meta.json")), step
        cleanup.carry_out(home, wanted)
        assert cleanup.plan(home, ["cache", "failed"]) == [], step


def test_a_sweep_is_known_by_the_time_its_runs_are(home, again):
    split = tiny_config().split
    grid = Grid.of_rates(tiny_config().dataset, split, [0.2, 0.5], mixes=(Mix(1, 0),), seeds=(0,), split_seeds=(0,))
    for step in at_each_step(again, lambda: Sweep.start(home, grid)):
        assert whole(home, set()) == [], step
        if names_of(home):
            assert [sweep.name for sweep in sweeps(home)], f"runs of a sweep that nobody can see, at step {step}"
        assert Sweep.start(home, grid).counts() == {keys.QUEUED: 2}, step


def test_a_request_is_there_until_it_has_been_carried_out(home, again):
    requests.send(home, {"action": "cancel", "run_id": "one"})
    requests.send(home, {"action": "cancel", "run_id": "two"})
    done = home.path / "done"

    def carry_out():
        for request in requests.taken(home):
            (done / request["run_id"]).mkdir()

    done.mkdir()
    for step in at_each_step(again, carry_out):
        left = [read_json(path)["run_id"] for path in home.inbox.iterdir()]
        assert {*left, *(path.name for path in done.iterdir())} == {"one", "two"}, step
