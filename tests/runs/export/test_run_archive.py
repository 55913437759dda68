"""Zips of runs that another home takes in, and zips that it refuses."""

import io
import json
import shutil
import zipfile
from functools import partial
from types import SimpleNamespace

import pytest

from semafo import keys
from semafo.errors import DataError, SettingsError
from semafo.files import read_json, write_json
from semafo.runs.export.archive_import import read_bundle
from semafo.runs.export.run_archive import LIST_FILE, write_bundle
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import search as run_search
from semafo.runs.sweeps.sweep import SWEEP_FILE, Sweep
from semafo.runs.workers.work import write_manifest
from tests.support import damage, fakes


@pytest.fixture(scope="module")
def sender(tmp_path_factory):
    """A home with two finished runs and a sweep of them."""
    home = Home.at(tmp_path_factory.mktemp("sender") / "home")
    records = fakes.comparison(home)[:2]
    for record in records:
        write_manifest(record.folder, partial(write_json, record.folder / keys.MANIFEST_FILE))
    (home.sweeps / "sweep-abc").mkdir()
    run_ids = [record.run_id for record in records]
    write_json(home.sweeps / "sweep-abc" / SWEEP_FILE, {"name": "A sweep", "grid": {}, "run_ids": run_ids})
    return SimpleNamespace(home=home, records=records, sweep=Sweep(home, "sweep-abc"))


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


@pytest.fixture
def bundle(sender, tmp_path):
    path = tmp_path / "runs.zip"
    write_bundle(sender.records, path, [sender.sweep])
    return path


def rewritten(bundle, change):
    """The zip with other contents: `change` gets its files by name and the list, and may change both."""
    with zipfile.ZipFile(bundle) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    facts = json.loads(files.pop(LIST_FILE))
    change(files, facts)
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr(LIST_FILE, json.dumps(facts))
        for name, content in files.items():
            archive.writestr(name, content)
    return bundle


def require_untouched(home):
    assert not list(home.runs.iterdir())
    assert not list(home.inbox.iterdir())


def test_another_home_has_the_runs_with_their_ids_files_and_sweep(sender, home, bundle):
    taken = read_bundle(home, bundle)
    assert taken.runs == [record.run_id for record in sender.records]
    assert taken.words == "2 runs imported, 1 sweep imported."
    for record in sender.records:
        here = RunRecord(home.runs / record.run_id)
        assert here.state == keys.DONE
        assert here.config == record.config
        assert here.predictions() == record.predictions()
        assert here.cells().equals(record.cells())
        assert here.status["imported"] > here.status["created"]
    assert Sweep.of(home, "sweep-abc").counts() == {keys.DONE: 2}
    asked = [read_json(path) for path in sorted(home.inbox.iterdir())]
    assert [request["run_id"] for request in asked if request["action"] == "index"] == taken.runs


def test_what_was_imported_can_be_passed_on(home, bundle, tmp_path):
    run_ids = read_bundle(home, bundle).runs
    write_bundle([RunRecord(home.runs / run_id) for run_id in run_ids], tmp_path / "again.zip")
    assert read_bundle(Home.at(tmp_path / "third"), tmp_path / "again.zip").runs == run_ids


def test_a_run_that_is_here_already_is_kept_and_a_failed_one_gives_way(sender, home, bundle):
    first, second = sender.records
    shutil.copytree(first.folder, home.runs / first.run_id)
    (home.runs / first.run_id / keys.LOG_FILE).write_text("mine")
    shutil.copytree(second.folder, home.runs / second.run_id)
    write_json(home.runs / second.run_id / keys.STATUS_FILE, {"state": keys.FAILED})
    (home.runs / second.run_id / keys.MANIFEST_FILE).unlink()
    taken = read_bundle(home, bundle)
    assert (taken.kept, taken.runs) == ([first.run_id], [second.run_id])
    assert (home.runs / first.run_id / keys.LOG_FILE).read_text() == "mine"
    assert RunRecord(home.runs / second.run_id).state == keys.DONE


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../../escaped.json", "a run does not have"),
        ("/tmp/escaped.json", "a run does not have"),
        ("runs/one/../../escaped", "a run does not have"),
        ("runs/.hidden/config.json", "a run does not have"),
        ("runs/one/deep/file", "a run does not have"),
    ],
)
def test_names_that_point_elsewhere_are_refused(home, bundle, name, words):
    def change(files, facts):
        files[name] = b"{}"
        facts["files"][name] = {"bytes": 2, "sha256": "0"}

    with pytest.raises(DataError, match=words):
        read_bundle(home, rewritten(bundle, change))
    require_untouched(home)


def test_a_changed_file_is_refused_and_leaves_nothing_of_its_run(sender, home, bundle):
    name = f"runs/{sender.records[0].run_id}/{keys.PREDICTIONS_FILE}"

    def change(files, facts):
        files[name] = bytes([files[name][0] ^ 1]) + files[name][1:]

    with pytest.raises(DataError, match="not what its hash says"):
        read_bundle(home, rewritten(bundle, change))
    require_untouched(home)


def test_a_file_that_fits_its_list_but_not_the_runs_manifest_is_refused(sender, home, bundle):
    name = f"runs/{sender.records[0].run_id}/{keys.PREDICTIONS_FILE}"

    def change(files, facts):
        import hashlib

        files[name] = b"{}"
        facts["files"][name] = {"bytes": 2, "sha256": hashlib.sha256(b"{}").hexdigest()}

    with pytest.raises(DataError, match="run's manifest"):
        read_bundle(home, rewritten(bundle, change))
    require_untouched(home)


def test_more_than_fits_and_more_than_is_listed_are_refused(home, bundle):
    with pytest.raises(DataError, match="can be taken in"):
        read_bundle(home, bundle, most_bytes=1000)

    def shrink(files, facts):
        name = next(iter(facts["files"]))
        facts["files"][name]["bytes"] -= 1

    with pytest.raises(DataError, match="another size"):
        read_bundle(home, rewritten(bundle, shrink))
    require_untouched(home)


@pytest.mark.parametrize("place", [0.3, 0.6])
def test_a_zip_that_was_damaged_on_its_way_is_refused_in_words(home, bundle, tmp_path, place):
    content = bytearray(bundle.read_bytes())
    start = int(place * len(content))
    content[start : start + 64] = bytes(byte ^ 0xFF for byte in content[start : start + 64])
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_bundle(home, damaged)


def test_a_zip_compressed_in_a_way_that_no_export_has_is_refused(home, tmp_path):
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("semafo.json", "{}")
    with pytest.raises(DataError, match="compressed in an unusual way"):
        read_bundle(home, path)
    require_untouched(home)


def test_newer_and_foreign_zips_are_told_apart(home, bundle, tmp_path):
    with pytest.raises(SettingsError, match="newer Semafo"):
        read_bundle(home, rewritten(bundle, lambda files, facts: facts.update(schema=99)))
    with pytest.raises(DataError, match="no export of runs"):
        read_bundle(home, rewritten(bundle, lambda files, facts: facts.update(kind="photos")))
    with pytest.raises(DataError, match="no zip at all"):
        read_bundle(home, io.BytesIO(b"no zip"))
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("photo.jpg", b"")
    with pytest.raises(DataError, match="no export of runs"):
        read_bundle(home, other)
    require_untouched(home)


def test_a_run_of_a_newer_layout_is_refused_in_words(sender, home, tmp_path):
    copy = Home.at(tmp_path / "newer")
    folder = copy.runs / sender.records[0].run_id
    shutil.copytree(sender.records[0].folder, folder)
    write_json(folder / keys.CONFIG_FILE, {**read_json(folder / keys.CONFIG_FILE), "schema": 99})
    write_manifest(folder, partial(write_json, folder / keys.MANIFEST_FILE))
    with zipfile.ZipFile(tmp_path / "newer.zip", "w") as archive:
        from semafo.files import sha256

        files = {f"runs/{folder.name}/{path.name}": path for path in folder.iterdir()}
        listed = {name: {"bytes": path.stat().st_size, "sha256": sha256(path)} for name, path in files.items()}
        archive.writestr(LIST_FILE, json.dumps({"kind": "semafo-runs", "schema": 1, "files": listed}))
        for name, path in files.items():
            archive.write(path, name)
    with pytest.raises(SettingsError, match="newer Semafo"):
        read_bundle(home, tmp_path / "newer.zip")
    require_untouched(home)


def test_two_files_of_one_name_are_refused(sender, home, bundle):
    name = f"runs/{sender.records[0].run_id}/{keys.PREDICTIONS_FILE}"
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(bundle, "a") as archive:
        archive.writestr(name, b"{}")
    with pytest.raises(DataError, match="two files of the name"):
        read_bundle(home, bundle)
    require_untouched(home)


def test_a_file_that_swells_is_refused_before_it_is_unpacked(sender, home, bundle, tmp_path):
    name = f"runs/{sender.records[0].run_id}/{keys.array_file(keys.X_UMAP)}"
    swollen = damage.rewritten(bundle, tmp_path / "swollen.zip", partial(put_zeros, name=name))
    with pytest.raises(DataError, match="far more than"):
        read_bundle(home, swollen)
    require_untouched(home)


def put_zeros(files, facts, name):
    damage.put(files, facts, name, bytes(40_000_000))


def test_what_belongs_to_no_run_is_not_kept(sender, home, bundle, tmp_path):
    run_id = sender.records[0].run_id

    def change(files, facts):
        damage.put(files, facts, f"runs/{run_id}/tool.sh", b"echo")
        damage.put(files, facts, f"runs/{run_id}/{keys.CANCEL_FILE}", b"")

    read_bundle(home, damage.rewritten(bundle, tmp_path / "more.zip", change))
    names = {path.name for path in home.run(run_id).iterdir()}
    assert names == {path.name for path in sender.records[0].folder.iterdir()}


def test_more_files_than_a_run_has_are_refused(sender, home, bundle, tmp_path):
    def change(files, facts):
        for i in range(300):
            damage.put(files, facts, f"runs/{sender.records[0].run_id}/more{i}", b"x")

    with pytest.raises(DataError, match="more files than a run has"):
        read_bundle(home, damage.rewritten(bundle, tmp_path / "more.zip", change))
    require_untouched(home)


@pytest.mark.parametrize("name", [keys.PREDICTIONS_FILE, keys.SPLIT_FILE, keys.INTEGRATION_FILE, keys.HISTORY_FILE])
@pytest.mark.parametrize(
    "content", [b"[]\n", b'{"rows": {"model": 3}, "n_test": "a", "types": 1}\n', b"NaN\n", b"[" * 99999 + b"\n"]
)
def test_odd_json_is_refused_by_its_name_though_its_hash_fits(sender, home, bundle, tmp_path, name, content):
    member = f"runs/{sender.records[1].run_id}/{name}"
    odd = damage.rewritten(bundle, tmp_path / "odd.zip", partial(damage.put, name=member, content=content))
    with pytest.raises(DataError, match=f"{name} of {sender.records[1].run_id} is not what a run writes"):
        read_bundle(home, odd)
    require_untouched(home)  # the good run beside it does not come alone


def test_a_run_that_is_damaged_here_is_put_right_by_an_import(sender, home, bundle):
    run_id = read_bundle(home, bundle).runs[0]
    run_search.rename(home, run_id, "Mine")
    (home.run(run_id) / keys.CELLS_FILE).write_bytes(b"")
    taken = read_bundle(home, bundle)
    assert taken.runs == [run_id]
    assert RunRecord(home.run(run_id)).cells().equals(sender.records[0].cells())
    assert RunRecord(home.run(run_id)).about.name == "Mine"
