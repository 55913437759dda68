"""What a living engine does for a home besides training."""

import os
import signal

from click.testing import CliRunner

from semafo import keys
from semafo.cli.main import cli
from semafo.files import read_json, write_json
from semafo.runs.engine.launch import engine_pid, ensure_engine
from semafo.runs.folder.older_layouts import SCHEMA
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import cleanup, disk_use, store, trash
from semafo.runs.library import search as run_search
from semafo.runs.library.index import _indexed_rows
from tests.runs.engine.test_process import LONG, busy_worker
from tests.support import fakes
from tests.support.tiny import tiny_config, wait_for


def command(home, *arguments):
    """A command's text; it must end well."""
    done = CliRunner().invoke(cli, [*arguments, "--home", str(home.path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def indexed(home):
    """What the index itself says, without a look at the folders."""
    return {row["run_id"]: row for row in _indexed_rows(home)}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_names_and_deletions_outlive_engines_and_the_index(home):
    fakes.failed(home).folder.rename(home.runs / "failed-run")
    deleted = fakes.finished(home)
    run_search.annotate(home, "failed-run", name="Mine", tags=["kept"], notes="why")  # before there is an engine
    newer = home.runs / "from-tomorrow"
    newer.mkdir()
    write_json(newer / keys.CONFIG_FILE, {**read_json(deleted.folder / keys.CONFIG_FILE), "schema": SCHEMA + 1})
    write_json(newer / keys.STATUS_FILE, {"state": keys.RUNNING, "created": 1.0, "mood": "new"})
    untouched = contents(newer)

    ensure_engine(home)
    wait_for(lambda: indexed(home)["failed-run"]["name"] == "Mine")
    assert indexed(home)["from-tomorrow"]["state"] == keys.UNREADABLE
    assert f"deleted: {deleted.run_id}" in command(home, "delete", deleted.run_id)
    assert deleted.run_id not in indexed(home)
    wait_for(lambda: {(part.name, part.n) for part in disk_use.last_measured(home)} >= {("trash", 1), ("runs", 2)})
    run_search.rename(home, "failed-run", "Yours")  # with an engine
    wait_for(lambda: indexed(home)["failed-run"]["name"] == "Yours")

    os.kill(engine_pid(home), signal.SIGKILL)
    wait_for(lambda: engine_pid(home) is None)
    run_search.tag(home, "failed-run", ["after"])
    for path in home.path.glob("index.sqlite*"):
        path.unlink()
    old = trash.contents(home)[0].folder.rename(home.trash / "long-gone@1000")
    fakes.finished(home)
    trash.move_in(home, deleted.run_id)

    ensure_engine(home)
    wait_for(lambda: not old.exists())
    row = indexed(home)["failed-run"]
    assert (row["name"], row["tags"], row["notes"]) == ("Yours", ["kept", "after"], "why")
    assert f"restored: {deleted.run_id}" in command(home, "restore", deleted.run_id[:8])
    assert deleted.state == keys.DONE
    wait_for(lambda: deleted.run_id in indexed(home))
    assert contents(newer) == untouched


def test_what_was_asked_to_go_goes_and_a_run_that_works_is_stopped_and_can_come_back(home):
    failed = fakes.failed(home)
    (home.cache / "scvi-of-nobody").mkdir()
    assert "scvi-of-nobody" in command(home, "clean")
    assert (home.cache / "scvi-of-nobody").exists()
    command(home, "clean", "--failed", "--cache", "--yes")
    assert not (home.cache / "scvi-of-nobody").exists()
    assert [trashed.run_id for trashed in trash.contents(home)] == [failed.run_id]
    wait_for(lambda: failed.run_id not in indexed(home))
    command(home, "clean", "--trash", "--yes")
    assert trash.contents(home) == []
    assert cleanup.plan(home) == []

    (run_id,) = store.submit(home, [tiny_config(epochs=LONG)])
    busy_worker(home, run_id)
    command(home, "delete", run_id)
    store.restore(home, run_id)
    record = RunRecord(home.runs / run_id)
    assert record.state == keys.CANCELLED
    assert "Deleted" in record.status["reason"]
    wait_for(lambda: indexed(home).get(run_id, {}).get("state") == keys.CANCELLED)
