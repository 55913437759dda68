"""The Runs page's export section, and runs from another server."""

import io
import time
from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from semafo import keys
from semafo.files import write_json
from semafo.runs.export import archive_import, run_archive
from semafo.runs.export import formats as export_formats
from semafo.runs.export import in_background as exports_in_background
from semafo.runs.workers.work import write_manifest
from tests.pages.conftest import texts
from tests.support import fakes
from tests.support.tiny import wait_for


def section(folders):
    """The section alone, of these run folders."""
    from pathlib import Path

    from semafo.runs.folder.run_record import RunRecord
    from semafo.ui.runs import export as run_export

    run_export.show([RunRecord(Path(folder)) for folder in folders])


@pytest.fixture
def records(home):
    found = fakes.comparison(home)
    for record in found:
        write_manifest(record.folder, partial(write_json, record.folder / keys.MANIFEST_FILE))
    return found


def opened(records, **query):
    app = AppTest.from_function(section, args=([str(record.folder) for record in records],), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def buttons(app):
    return [button.label for button in app.button]


def test_a_file_is_written_in_the_background_and_then_offered(home, records):
    app = opened(records[:2], export_kind="Runs (.zip)")
    assert not app.exception
    assert buttons(app) == ["Write the file"]
    app.button[0].click().run()
    assert "Writing the file" in texts(app)
    assert buttons(app) == ["Stop"]
    wait_for(lambda: not exports_in_background.under_way(home), 60)
    app.run()
    assert not app.exception
    (offered,) = app.get("download_button")
    assert offered.label.startswith("Download semafo-2-runs.zip (")
    path = exports_in_background.prepared(home, records[:2], export_formats.BUNDLE).path
    assert archive_import.read_bundle(home, path).kept == [record.run_id for record in records[:2]]


def test_what_goes_wrong_is_said_in_words_and_can_be_tried_again(home, records):
    # the cells of these runs have never been on this machine, and its model cannot be put together without them
    assert exports_in_background.start(home, records[:1], export_formats.MODEL)
    wait_for(lambda: not exports_in_background.under_way(home), 60)
    app = opened(records[:1], export_kind="Model (scvi-tools)")
    assert not app.exception
    assert "has changed since scanvi-" in app.error[0].value
    assert buttons(app) == ["Try again"]


def test_a_process_that_was_killed_is_explained(home, records):
    found = exports_in_background.prepared(home, records[:1], export_formats.CELLS)
    found.path.parent.mkdir()
    (found.path.parent / "errors.txt").write_text("Killed\n")
    app = opened(records[:1])
    assert "memory runs out" in app.error[0].value
    assert "Killed" in app.error[0].value


def test_while_another_file_is_written_this_one_waits(home, records, monkeypatch):
    busy = {"kind": export_formats.REPORT, "run_ids": ["another"], "started": time.time()}
    monkeypatch.setattr(exports_in_background, "under_way", lambda home: busy)
    app = opened(records)
    assert app.button[0].disabled
    assert "Another file is being written" in texts(app)


def test_unfinished_runs_are_left_out_and_too_many_are_too_many(home, records):
    waiting = fakes.queued(home, fakes.replace(fakes.REAL, train=fakes.TrainSettings(seed=7)))
    app = opened([*records, waiting])
    assert "3 runs of 4 can be exported" in texts(app)
    assert not opened([waiting]).subheader
    assert "Select fewer" in texts(opened(records * 3, export_kind="Report (.html)"))


def test_an_uploaded_zip_becomes_runs(home, records, tmp_path, monkeypatch):
    from semafo.runs.home import Home
    from semafo.ui.runs import export as run_export

    run_archive.write_bundle(records, tmp_path / "runs.zip")
    other = Home.at(tmp_path / "other")
    monkeypatch.setenv("SEMAFO_HOME", str(other.path))
    uploaded = io.BytesIO((tmp_path / "runs.zip").read_bytes())
    uploaded.file_id = "one"
    run_export._take(uploaded)
    assert {folder.name for folder in other.runs.iterdir()} == {record.run_id for record in records}
