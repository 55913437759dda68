"""What could go of a home, what stays, and how many bytes that frees."""

import os
from dataclasses import replace

import pytest

from semafo import keys
from semafo.files import read_json, write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import cleanup, disk_use, trash
from semafo.settings.run_config import DatasetSpec, TrainSettings
from semafo.training.stage_cache import all_keys
from tests.support import fakes

ANOTHER = replace(fakes.REAL, train=TrainSettings(seed=1))


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def names(items, kind):
    return [item.name for item in items if item.kind == kind]


def stage(home, name, n_bytes=1000):
    (home.cache / name).mkdir()
    (home.cache / name / "meta.json").write_bytes(b"x" * n_bytes)
    return home.cache / name


def upload(home, name, age_days=2.0):
    path = home.uploads / name
    path.write_bytes(b"x" * 500)
    os.utime(path, (path.stat().st_mtime - 86_400 * age_days,) * 2)
    return path


def keys_of(record):
    return all_keys(record.config, record.settings["context"])


def test_failed_and_cancelled_runs_could_go_and_no_others(home):
    gone = [fakes.failed(home), fakes.cancelled(home, ANOTHER)]
    fakes.running(home, replace(fakes.REAL, train=TrainSettings(seed=2)))
    fakes.queued(home, replace(fakes.REAL, train=TrainSettings(seed=3)))
    assert sorted(names(cleanup.plan(home), cleanup.FAILED)) == sorted(record.run_id for record in gone)


def test_stages_that_a_run_needs_stay_also_those_of_a_failed_one(home):
    record = fakes.failed(home)
    for key in keys_of(record):
        stage(home, key)
    stage(home, "scvi-0123456789abcdef")
    assert names(cleanup.plan(home), cleanup.CACHE) == ["scvi-0123456789abcdef"]
    trash.move_in(home, record.run_id)
    assert len(names(cleanup.plan(home), cleanup.CACHE)) == 1 + len(keys_of(RunRecord(trash.contents(home)[0].folder)))


def test_no_stage_goes_while_a_run_works(home):
    stage(home, "scvi-0123456789abcdef")
    fakes.running(home)
    assert names(cleanup.plan(home), cleanup.CACHE) == []
    assert "waits or works" in cleanup.why_stages_stay(home)


def test_nothing_shared_goes_while_a_run_cannot_be_read(home):
    stage(home, "scvi-0123456789abcdef")
    upload(home, "old.h5ad")
    record = fakes.failed(home)
    write_json(record.folder / keys.CONFIG_FILE, {**read_json(record.folder / keys.CONFIG_FILE), "schema": 99})
    assert cleanup.plan(home) == []
    assert "cannot read" in cleanup.why_stages_stay(home)


def test_exported_files_go_but_not_those_of_the_last_hour(home):
    old, new = home.exports / "old", home.exports / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "report.html").write_text("x" * 1000)
    os.utime(old, (1.0, 1.0))
    items = cleanup.plan(home, [cleanup.EXPORTS])
    assert [(item.title, item.path, item.n_bytes) for item in items] == [("report.html", old, 1000)]
    cleanup.carry_out(home, [["exports", "old"], ["exports", "new"]])
    assert list(home.exports.iterdir()) == [new]


def test_uploads_stay_that_a_run_refers_to_or_that_are_new(home):
    used = upload(home, "used.h5ad")
    deleted = upload(home, "deleted.h5ad")
    upload(home, "spare.h5ad")
    upload(home, "new.h5ad", age_days=0.1)
    for path in (used, deleted):
        record = fakes.failed(home)
        config = replace(fakes.REAL, dataset=DatasetSpec(str(path)))
        settings = read_json(record.folder / keys.CONFIG_FILE)
        write_json(record.folder / keys.CONFIG_FILE, {**settings, "config": config.to_dict()})
        record.folder.rename(home.runs / path.stem)
    trash.move_in(home, "deleted")
    assert names(cleanup.plan(home), cleanup.UPLOADS) == ["spare.h5ad"]


def test_only_what_was_asked_for_goes_and_only_while_it_may(home):
    first, second = stage(home, "scvi-a"), stage(home, "scvi-b")
    asked = [["cache", "scvi-a"], ["uploads", "../runs"], ["trash", "nothing"], ["cache", "../engine"]]
    assert [item.name for item in cleanup.carry_out(home, asked)] == ["scvi-a"]
    assert not first.exists()
    assert second.exists()
    assert home.engine.exists()
    fakes.running(home)
    assert cleanup.carry_out(home, [["cache", "scvi-b"]]) == []
    assert second.exists()


def test_failed_runs_go_to_the_trash_and_the_trash_goes_for_good(home):
    record = fakes.failed(home)
    cleanup.carry_out(home, [["failed", record.run_id]])
    (deleted,) = trash.contents(home)
    assert deleted.run_id == record.run_id
    cleanup.carry_out(home, [["trash", deleted.folder.name]])
    assert os.listdir(home.trash) == []


def test_a_file_that_others_share_is_freed_with_its_last_name(home):
    record = fakes.failed(home)
    shared = record.folder / "expression_values.npy"
    shared.write_bytes(b"x" * 10_000)
    os.link(shared, stage(home, "expression-a", 0) / shared.name)
    trash.move_in(home, record.run_id)
    items = cleanup.plan(home)
    by_kind = {kind: [item for item in items if item.kind == kind] for kind in cleanup.KINDS}
    assert cleanup.freed(by_kind["cache"]) == 0
    assert cleanup.freed(by_kind["trash"]) < 10_000
    assert cleanup.freed(items) > 10_000


def test_the_home_is_measured_part_by_part_and_shared_files_count_once(home):
    record = fakes.failed(home)
    (record.folder / "a.npy").write_bytes(b"x" * 10_000)
    os.link(record.folder / "a.npy", stage(home, "expression-a", 100) / "a.npy")
    parts = {part.name: part for part in disk_use.measure(home)}
    assert (parts["runs"].n, parts["cache"].n, parts["trash"].n) == (1, 1, 0)
    assert parts["runs"].n_bytes == disk_use.size_of(record.folder) > 10_000
    assert parts["cache"].n_bytes == 100
    assert disk_use.last_measured(home) == []
    disk_use.write_measured(home)
    assert disk_use.last_measured(home) == list(parts.values())
