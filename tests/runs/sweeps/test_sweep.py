"""A sweep is runs that go on: after a pause, after a lost worker, after a lost engine."""

import os
import signal

import pytest

from semafo import keys
from semafo.errors import RunNotFound
from semafo.files import read_json
from semafo.runs.engine.launch import engine_pid, ensure_engine
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import store
from semafo.runs.sweeps import summary
from semafo.runs.sweeps import tables as sweep_tables
from semafo.runs.sweeps.cost import forecast
from semafo.runs.sweeps.grid import Grid
from semafo.runs.sweeps.sweep import Sweep, sweeps
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, SplitSettings, TrainSettings
from semafo.ui.sweep import report as sweep_report
from tests.support.tiny import TINY, tiny_config, wait_for


def a_grid(epochs: int = 2, seeds: tuple[int, ...] = (0,), rates: tuple[float, ...] = (0.2, 0.6)) -> Grid:
    train = TrainSettings(epochs_pretrain=epochs, epochs_reference=2, epochs_query=2)
    spec = DatasetSpec(TINY)
    return Grid.of_rates(
        spec, SplitSettings(), rates, mixes=(Mix(1, 0), Mix(0, 1)), seeds=seeds, split_seeds=(0,), train=train
    )


def ended(sweep: Sweep, seconds: float = 180) -> None:
    wait_for(lambda: not sweep.is_active, seconds)


@pytest.fixture(scope="module")
def finished_sweep(served_home):
    sweep = Sweep.start(served_home, a_grid(seeds=(0, 1)))
    ended(sweep)
    return sweep


def test_all_runs_end_done_and_share_one_scvi_stage_a_seed(finished_sweep, served_home):
    assert finished_sweep.counts() == {keys.DONE: 8}
    assert len(list(served_home.cache.glob("scvi-*"))) == 2
    logs = [record.log() for record in finished_sweep.records]
    assert sum("Trains the scVI stage" in log for log in logs) == 2
    assert sum("Takes over the scVI stage" in log for log in logs) == 6
    assert {title: len(records) for title, records in finished_sweep.by_point().items()} == {"20 %": 4, "60 %": 4}


def committed(sweep):
    """When each run's manifest was written."""
    return {record.run_id: (record.folder / keys.MANIFEST_FILE).stat().st_mtime_ns for record in sweep.records}


def test_begun_again_it_is_the_same_sweep_and_trains_nothing(finished_sweep, served_home):
    before = committed(finished_sweep)
    again = Sweep.start(served_home, a_grid(seeds=(0, 1)))
    assert again.sweep_id == finished_sweep.sweep_id
    assert committed(again) == before
    foreseen = forecast(served_home, a_grid(seeds=(0, 1)).configs(), 2)
    assert (foreseen.n_runs, foreseen.n_done, foreseen.n_shared, foreseen.n_shared_done) == (8, 8, 2, 2)
    assert foreseen.seconds == foreseen.n_bytes == 0


def test_a_plan_of_what_is_missing_counts_stages_once(finished_sweep, served_home):
    foreseen = forecast(served_home, a_grid(seeds=(0, 1, 2)).configs(), 1)
    assert (foreseen.n_runs, foreseen.n_done, foreseen.n_shared, foreseen.n_shared_done) == (12, 8, 3, 2)
    assert foreseen.is_measured
    assert foreseen.seconds > 0


def test_the_report_has_a_row_a_rate_and_a_column_a_method(finished_sweep):
    table = sweep_tables.by_rate(finished_sweep)
    assert list(table.index) == ["20 %", "60 %"]
    assert list(table.columns)[:2] == ["scANVI", "SemafoVAE"]
    assert "n = 2" in table.loc["20 %", "scANVI"]
    page = sweep_report.as_html(finished_sweep)
    assert "plotly" in page
    assert table.loc["60 %", "SemafoVAE"] in page
    lines = summary.as_csv(finished_sweep).splitlines()
    assert len(lines) == 1 + 8 + 6 * 4  # runs; four classifiers, scVI and PCA for each rate and seed
    assert finished_sweep.name in summary.as_text(finished_sweep)


def test_a_sweep_is_found_by_the_start_of_its_id(finished_sweep, served_home):
    assert Sweep.of(served_home, finished_sweep.sweep_id[:9]).sweep_id == finished_sweep.sweep_id
    with pytest.raises(RunNotFound, match="is no sweep"):
        Sweep.of(served_home, "sweep-nothing")


@pytest.mark.long
def test_a_paused_sweep_starts_no_run_and_a_comparison_goes_before_it(home):
    sweep = Sweep.start(home, a_grid())
    sweep.pause()
    ensure_engine(home)
    (asked,) = store.submit(home, [tiny_config(seed=7)])
    wait_for(lambda: RunRecord(home.runs / asked).state == keys.DONE)
    assert set(sweep.states().values()) == {keys.QUEUED}
    sweep.resume()
    ended(sweep)
    assert sweep.counts() == {keys.DONE: 4}


@pytest.mark.long
def test_a_lost_worker_costs_a_sweep_nothing_but_time(home):
    sweep = Sweep.start(home, a_grid(epochs=200))
    ensure_engine(home)
    wait_for(lambda: any(record.progress().get("epoch", 0) > 3 for record in sweep.records))
    victim, pid = next(iter(read_json(home.engine_file)["busy"].items()))
    os.kill(pid, signal.SIGKILL)
    ended(sweep)
    assert sweep.counts() == {keys.DONE: 4}
    assert RunRecord(home.runs / victim).status["deaths"] == 1


@pytest.mark.long
def test_a_run_that_costs_two_workers_has_failed(home):
    sweep = Sweep.start(home, a_grid(epochs=2000, rates=(0.2,)))
    ensure_engine(home)
    for n_killed in range(2):
        wait_for(lambda n=n_killed: _trains(sweep.records[0], after=n))
        busy = read_json(home.engine_file)["busy"]
        os.kill(busy[sweep.records[0].run_id], signal.SIGKILL)
        wait_for(lambda n=n_killed: not _trains(sweep.records[0], after=n))
    wait_for(lambda: sweep.records[0].state == keys.FAILED)
    assert "killed" in sweep.records[0].status["reason"]
    sweep.cancel()
    ended(sweep)


def _trains(record: RunRecord, after: int) -> bool:
    """Whether it is being trained, after it has lost so many workers."""
    at_work = record.run_id in (read_json(record.folder.parent.parent / "engine" / "engine.json", {}).get("busy") or {})
    return at_work and record.status.get("deaths", 0) == after and record.progress().get("epoch", 0) > 1


@pytest.mark.long
def test_a_sweep_goes_on_when_its_engine_was_killed(home):
    sweep = Sweep.start(home, a_grid(epochs=200))
    ensure_engine(home)
    wait_for(lambda: any(record.progress().get("epoch", 0) > 3 for record in sweep.records))
    os.kill(engine_pid(home), signal.SIGKILL)
    wait_for(lambda: engine_pid(home) is None)
    ensure_engine(home)
    ended(sweep)
    assert sweep.counts() == {keys.DONE: 4}


@pytest.mark.long
def test_what_was_cancelled_can_be_retried(home):
    sweep = Sweep.start(home, a_grid())
    sweep.pause()
    ensure_engine(home)
    sweep.cancel()
    ended(sweep)
    assert sweep.counts() == {keys.CANCELLED: 4}
    sweep.retry()
    ended(sweep)
    assert sweep.counts() == {keys.DONE: 4}
    assert [other.sweep_id for other in sweeps(home)] == [sweep.sweep_id]
