"""Content of finished runs against their hashes."""

import pytest

from semafo import keys
from semafo.errors import DamagedRun
from semafo.runs.folder.verification import damage_of, require_whole, verify
from semafo.runs.home import Home
from tests.support import damage, fakes


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def test_a_whole_run_has_no_damage(home):
    record = damage.finished(home)
    assert list(damage_of(record)) == []
    require_whole([record])


def test_every_damaged_file_is_named(home):
    record = damage.finished(home)
    weights, umap = record.folder / keys.OBS_FILE, record.folder / keys.array_file(keys.X_UMAP)
    content = bytearray(umap.read_bytes())
    content[-1] ^= 1
    umap.write_bytes(content)
    weights.unlink()
    found = {one.file: one.wrong for one in damage_of(record)}
    assert found == {keys.OBS_FILE: "it is gone", umap.name: "its content is not what the run left"}
    with pytest.raises(DamagedRun, match=rf"{record.run_id}: {umap.name}"):
        require_whole([record])


def test_a_damaged_manifest_is_the_damage(home):
    record = damage.finished(home)
    (record.folder / keys.MANIFEST_FILE).write_text("{}")
    assert [one.file for one in damage_of(record)] == [keys.MANIFEST_FILE]


def test_runs_that_are_not_finished_are_left_out(home):
    records = [damage.finished(home), fakes.running(home, fakes.CALIBRATED)]
    assert [record.run_id for record, _ in verify(records)] == [records[0].run_id]


def test_a_run_may_be_committed_while_it_is_asked_to_stop(home):
    record = fakes.finished(home)
    (record.folder / keys.CANCEL_FILE).touch()
    damage.committed(record)
    (record.folder / keys.CANCEL_FILE).unlink()
    assert list(damage_of(record)) == []
