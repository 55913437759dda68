"""The Sweep page: what a sweep would cost, how far it is, what it found, what can be done about it."""

import io

import pandas as pd
import pytest

from semafo import keys
from semafo.errors import SemafoError, SettingsError
from semafo.files import read_json, write_json
from semafo.runs.sweeps import summary
from semafo.runs.sweeps.sweep import Sweep, sweeps
from semafo.settings.run_config import ONE_CYCLE
from semafo.ui.sweep import report as sweep_report
from semafo.ui.sweep import results
from tests.pages.conftest import charts, seen, texts
from tests.support import fakes
from tests.support.fake_sweeps import a_sweep


def button(app, label: str):
    return next(found for found in app.button if found.label == label)


def test_without_a_sweep_the_form_says_what_one_would_cost(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("sweep")
    assert not app.exception
    assert not app.error
    assert "**36 runs** · 3 scVI stages, each trained once" in texts(app)  # 4 rates, 3 mixes, 3 seeds
    assert button(app, "Start 36 runs")


def test_a_rate_fewer_is_nine_runs_fewer_and_starting_queues_them(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("sweep")
    app.pills(key="sweep_rates").set_value([1, 5, 20]).run()
    button(app, "Start 27 runs").click().run()
    assert not app.exception
    [sweep] = sweeps(home)
    assert sweep.counts() == {keys.QUEUED: 27}
    assert "27 waiting" in app.get("progress")[0].proto.text
    assert "No run is finished yet" in texts(app)


def test_no_rate_at_all_is_refused_in_words(home, open_page):
    fakes.write_inspection(home, fakes.REAL)
    app = open_page("sweep")
    app.pills(key="sweep_rates").set_value([]).run()
    assert not app.exception
    assert "at least one of its labelled rates" in app.error[0].value


def test_a_finished_sweep_is_a_curve_a_table_and_files(home, open_page):
    a_sweep(home)
    app = open_page("sweep")
    assert not app.exception
    assert charts(app) == 1
    table = app.dataframe[0].value
    assert list(table.index) == ["5 %", "50 %"]
    assert list(table.columns)[:3] == ["scANVI", "SemafoVAE", "Both"]
    assert "n = 1" in table.loc["5 %", "Both"]
    assert "What would more labels buy?" in texts(app)
    assert {found.label for found in app.get("download_button")} >= {"Scores (CSV)", "Report (HTML)"}


def test_another_score_is_another_table(home, open_page):
    a_sweep(home)
    app = open_page("sweep")
    before = app.dataframe[0].value
    app.selectbox(key="score").select("Balanced accuracy").run()
    assert not app.exception
    assert not app.dataframe[0].value.equals(before)


def test_a_sweep_on_the_preview_says_so_on_the_page_in_its_report_and_in_its_files(home, open_page):
    assert "Previews are trained too short" not in texts(open_page("sweep"))
    sweep = a_sweep(home, schedule=ONE_CYCLE)
    app = open_page("sweep")
    assert not app.exception
    assert "Schedule: Preview (one-cycle). Previews are trained too short" in app.warning[0].value
    for text in (sweep_report.as_html(sweep), summary.as_text(sweep)):
        assert "Schedule: Preview (one-cycle)" in text
        assert "Previews are trained too short" in text
    table = pd.read_csv(io.StringIO(summary.as_csv(sweep)))
    assert set(table["schedule"].dropna()) == {ONE_CYCLE}


def test_a_failed_run_can_be_retried_and_is_queued_again(home, open_page):
    sweep = a_sweep(home, keys.FAILED)
    app = open_page("sweep")
    assert "1 failed" in app.get("progress")[0].proto.text
    button(app, "Retry 1").click().run()
    assert not app.exception
    assert [read_json(path)["action"] for path in home.inbox.glob("*.json")] == ["queue"]
    assert len(sweep.facts["run_ids"]) == 6


def test_a_sweep_at_work_can_be_paused_and_goes_on(home, open_page):
    sweep = a_sweep(home, keys.QUEUED)
    app = open_page("sweep")
    button(app, "Pause").click().run()
    assert sweep.is_paused
    assert "paused" in app.get("progress")[0].proto.text
    button(app, "Resume").click().run()
    assert not sweep.is_paused
    assert not app.exception


def test_what_fails_in_the_part_that_moves_is_said_in_a_sentence(home, open_page, monkeypatch):
    a_sweep(home)
    monkeypatch.setattr(results, "matrix", lambda sweep: 1 / 0)
    app = open_page("sweep")
    assert not app.exception
    assert "does not know (ZeroDivisionError). Your runs are safe." in app.error[0].value


def test_what_cannot_be_paused_is_said_in_a_sentence(home, open_page, monkeypatch):
    def refuse(sweep):
        raise SettingsError("The home is read-only. Make it writable.")

    a_sweep(home, keys.QUEUED)
    monkeypatch.setattr(Sweep, "pause", refuse)
    app = open_page("sweep")
    button(app, "Pause").click().run()
    assert not app.exception
    assert app.error[0].value == "The home is read-only. Make it writable."


def test_a_sweep_of_which_every_run_failed_says_why(home, open_page):
    sweep = a_sweep(home)
    for record in sweep.records:
        reason = "The data set has changed since." if record.config.mix.w_semafo else "The disk is full."
        write_json(record.folder / keys.STATUS_FILE, {**record.status, "state": keys.FAILED, "reason": reason})
        (record.folder / keys.MANIFEST_FILE).unlink()
    sweep = Sweep(home, sweep.sweep_id)
    app = open_page("sweep")
    assert not app.exception
    said = app.error[0].value
    assert "No run of Two rates was finished" in said
    assert "4 runs failed: The data set has changed since." in seen(said)
    assert "2 runs failed: The disk is full." in seen(said)
    for write in (summary.as_text, summary.as_csv, sweep_report.as_html):
        with pytest.raises(SemafoError, match="4 runs failed: The data set"):
            write(sweep)


def test_what_the_check_found_stands_once_in_everything_that_a_sweep_writes(home, open_page):
    sweep = a_sweep(home)
    for record in sweep.records:
        split = read_json(record.folder / keys.SPLIT_FILE)
        report = {**split["report"], "warnings": ["Batch d4 has <one> cell."]}
        write_json(record.folder / keys.SPLIT_FILE, {**split, "report": report})
    sweep = Sweep(home, sweep.sweep_id)
    assert summary.as_text(sweep).count("Batch d4 has <one> cell.") == 1
    assert sweep_report.as_html(sweep).count("Batch d4 has &lt;one&gt; cell.") == 1
    assert "What the check found (1)" in [expander.label for expander in open_page("sweep").expander]
