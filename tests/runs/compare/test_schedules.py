"""A comparison of runs that were trained for other lengths says so."""

from dataclasses import replace

import pytest

from semafo import keys, wording
from semafo.files import read_json, write_json
from semafo.runs.compare.schedules import schedule_notes
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.settings.run_config import CONSTANT, ONE_CYCLE, RunConfig
from tests.support import fakes


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


def on(home: Home, **train) -> RunRecord:
    """A finished run with these training settings."""
    return fakes.finished(home, replace(fakes.REAL, train=replace(fakes.REAL.train, **train)))


def notes(*records: RunRecord) -> list[str]:
    return schedule_notes(records, [f"run {i}" for i in range(len(records))])


def test_runs_of_one_schedule_need_no_note(home):
    assert notes(*fakes.comparison(home)) == []
    assert notes(on(home, schedule=CONSTANT), on(home, schedule=CONSTANT, seed=1)) == []


def test_runs_of_two_schedules_are_named_with_theirs(home):
    (note,) = notes(on(home), on(home, schedule=CONSTANT))
    assert note.startswith(wording.MIXED_SCHEDULES)
    assert note.endswith(" Condensed: run 0. Constant (scvi-tools): run 1.")


def test_other_epochs_of_the_same_schedule_are_another_training(home):
    (note,) = notes(on(home), on(home, epochs_pretrain=7, epochs_reference=3))
    assert note.endswith(" Condensed: run 0. Condensed, 7 and 3 epochs: run 1.")


def test_a_preview_is_called_one_wherever_it_stands(home):
    preview = on(home, schedule=ONE_CYCLE)
    assert notes(preview) == [f"{wording.PREVIEW_NOTE} Here: run 0."]
    assert len(notes(preview, on(home))) == 2


def test_a_version_that_chose_other_epochs_under_the_same_name_is_told_apart(home):
    now, before = on(home), on(home, seed=1)
    split = read_json(now.folder / keys.SPLIT_FILE)
    for record, n_epochs in ((now, 160), (before, 14)):
        stated = {
            keys.PRETRAIN: {"n_epochs": n_epochs, "learning_rate": 0.003, "one_cycle": False, "kl_warmup_epochs": 20.0}
        }
        write_json(record.folder / keys.SPLIT_FILE, {**split, "courses": stated})
    assert notes(now, before) == [wording.MIXED_VERSIONS]


@pytest.mark.parametrize("own", [None, "My run"])
def test_a_preview_keeps_its_mark_in_every_name(own):
    config = RunConfig(mix=Mix(1, 0), train=replace(fakes.REAL.train, schedule=ONE_CYCLE))
    title = wording.marked_title(config, own)
    assert title.endswith(" · preview")
    assert title.count(wording.PREVIEW) == 1
    assert all(wording.PREVIEW in name for name in wording.without_common_parts([title, f"{title} · more"]))
