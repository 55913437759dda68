"""What people write about runs, and how runs are found among many. No engine is needed for either."""

import json
from dataclasses import replace

import pytest

from semafo import keys
from semafo.errors import RunNotFound, SettingsError
from semafo.files import read_json, write_json
from semafo.runs.folder.name_tags_notes import LONGEST_NAME, MOST_TAGS, About
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import search as run_search
from semafo.runs.library import store
from semafo.runs.library.index import Index
from semafo.runs.workers.work import write_manifest
from semafo.settings.run_config import TrainSettings
from tests.support import fakes
from tests.support.tiny import tiny_config


@pytest.fixture
def home(tmp_path):
    return Home.at(tmp_path / "home")


@pytest.fixture
def record(home):
    return fakes.failed(home)


def the_row(home):
    (row,) = store.rows(home)
    return row


def indexed(home):
    index = Index(home)
    index.rebuild()
    index.close()


def test_a_name_stands_for_the_run_and_its_settings_stay_beside_it(home, record):
    run_search.rename(home, record.run_id[:9], "  My   first ")
    assert record.title == the_row(home)["name"] == "My first"
    assert record.default_title == the_row(home)["title"] == "scANVI · 20 % · seed 0"
    run_search.rename(home, record.run_id, "")
    assert record.title == record.default_title


def test_tags_are_added_and_removed_whatever_their_capitals(home, record):
    run_search.tag(home, record.run_id, ["Paper", "to do", "paper"])
    assert record.about.tags == ("Paper", "to-do")
    run_search.tag(home, record.run_id, ["new"], ["PAPER"])
    assert record.about.tags == ("to-do", "new")


def test_name_tags_and_notes_are_changed_one_by_one(home, record):
    run_search.annotate(home, record.run_id, name="A", tags=["t"], notes="n\nm")
    run_search.note(home, record.run_id, "other")
    assert record.about == About("A", ("t",), "other")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "x" * (LONGEST_NAME + 1)}, "80 or fewer"),
        ({"name": "a\x1b[31mb"}, "control character"),
        ({"tags": ["a,b"]}, "letters, digits"),
        ({"tags": [f"tag{i}" for i in range(MOST_TAGS + 1)]}, "12 or fewer"),
        ({"notes": "x" * 10_001}, "10000 or fewer"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(home, record, change, words):
    with pytest.raises(SettingsError, match=words):
        run_search.annotate(home, record.run_id, **change)
    assert record.about == About()


def test_a_run_that_is_not_there_cannot_be_named(home):
    with pytest.raises(RunNotFound, match="semafo runs"):
        run_search.rename(home, "nothing", "A")


def test_what_came_from_elsewhere_is_read_with_care(record):
    path = record.folder / keys.ABOUT_FILE
    write_json(path, {"schema": 1, "name": "<script>x" + "y" * 200, "tags": ["good", "<b>", 3, "good"], "notes": None})
    assert record.about.tags == ("good",)
    assert record.about.name.startswith("<script>xy")
    assert len(record.about.name) == LONGEST_NAME
    path.write_text("[1, 2")
    assert record.about == About()


def test_words_about_a_run_from_a_newer_version_are_not_written_over(home, record):
    write_json(record.folder / keys.ABOUT_FILE, {"schema": 2, "name": "kept", "stars": 5})
    with pytest.raises(SettingsError, match="newer Semafo"):
        run_search.rename(home, record.run_id, "other")
    assert read_json(record.folder / keys.ABOUT_FILE)["stars"] == 5


def test_words_about_a_run_are_no_part_of_what_it_commits(home):
    record = fakes.finished(home)
    run_search.rename(home, record.run_id, "A")
    committed = []
    write_manifest(record.folder, committed.append)
    assert keys.CELLS_FILE in committed[0]["files"]
    assert keys.ABOUT_FILE not in committed[0]["files"]


def test_a_name_is_listed_at_once_though_the_index_does_not_know_it_yet(home, record):
    indexed(home)
    run_search.annotate(home, record.run_id, name="Fresh", tags=["t"])
    assert (the_row(home)["name"], the_row(home)["tags"]) == ("Fresh", ["t"])
    assert {"action": "index", "run_id": record.run_id} in [read_json(path) for path in home.inbox.iterdir()]


def test_folders_that_came_or_went_since_the_index_was_written_are_listed_as_they_are(home, record):
    indexed(home)
    other = fakes.cancelled(home, replace(fakes.REAL, train=TrainSettings(seed=5)))
    record.folder.rename(home.path / "elsewhere")
    assert the_row(home)["run_id"] == other.run_id


def test_a_list_from_the_index_opens_no_folder(home, record, monkeypatch):
    run_search.rename(home, record.run_id, "A")
    indexed(home)
    monkeypatch.setattr(RunRecord, "summary", None)
    monkeypatch.setattr(About, "of", None)
    assert the_row(home)["name"] == "A"


def test_the_index_says_what_the_folders_say(home, record):
    run_search.annotate(home, record.run_id, name="A", tags=["t"], notes="n")
    from_folders = store.rows(home)
    indexed(home)
    assert json.dumps(store.rows(home), sort_keys=True) == json.dumps(from_folders, sort_keys=True)


@pytest.mark.parametrize("content", [b"", b"this is no database, and long enough to be looked at as one " * 40])
def test_a_damaged_index_is_not_read_and_made_anew(home, record, content):
    home.index.write_bytes(content)
    assert the_row(home)["run_id"] == record.run_id
    indexed(home)
    assert the_row(home)["run_id"] == record.run_id


def test_an_index_of_another_version_is_not_read_and_made_anew(home, record):
    index = Index(home)
    index._connection.execute("DROP TABLE runs")
    index._connection.execute("CREATE TABLE runs (everything TEXT)")
    index._connection.execute("PRAGMA user_version = 99")
    index.close()
    assert the_row(home)["run_id"] == record.run_id
    indexed(home)
    assert the_row(home)["run_id"] == record.run_id


@pytest.mark.parametrize("state", [keys.FAILED, keys.CANCELLED])
def test_a_run_that_is_asked_for_again_keeps_its_name(home, state):
    (run_id,) = store.submit(home, [tiny_config()])
    run_search.rename(home, run_id, "Mine")
    write_json(home.runs / run_id / keys.STATUS_FILE, {"state": state, "created": 0.0})
    store.submit(home, [tiny_config()])
    assert store.get(home, run_id).state == keys.QUEUED
    assert store.get(home, run_id).about.name == "Mine"


ROWS = [
    {
        **{"run_id": f"{mix.lower()}-{i}", "title": f"{mix} · {rate} % · seed {i}", "mix": mix, "dataset": dataset},
        **{"state": state, "name": name, "tags": tags, "notes": notes, "batch": batch},
    }
    for i, (mix, rate, dataset, state, name, tags, notes, batch) in enumerate(
        [
            ("scANVI", 20, "pbmc68k", "done", "For the talk", ["paper", "good"], "", "sweep-ab"),
            ("SemafoVAE", 20, "/data/kang.h5ad", "done", None, ["Paper"], "NK cells look odd", "sweep-ab"),
            ("Both", 5, "/data/kang.h5ad", "failed", None, [], "", "xy"),
        ]
    )
]


@pytest.mark.parametrize(
    ("text", "filters", "places"),
    [
        ("", {}, [0, 1, 2]),
        ("TALK", {}, [0]),
        ("nk semafo", {}, [1]),
        ("kang seed 2", {}, [2]),
        ("5%", {}, [2]),
        ("paper", {}, [0, 1]),
        ("failed", {}, [2]),
        ("nothing", {}, []),
        ("", {"tag": "paper"}, [0, 1]),
        ("", {"tag": "pap"}, []),
        ("", {"dataset": "kang.h5ad", "state": "done"}, [1]),
        ("", {"dataset": "kang"}, [1, 2]),
        ("", {"sweep": "sweep-a"}, [0, 1]),
        ("seed", {"sweep": "sweep-a", "state": "failed"}, []),
    ],
)
def test_runs_are_found_by_words_and_filters(text, filters, places):
    assert run_search.search(ROWS, text, **filters) == [ROWS[i] for i in places]


def test_tags_are_offered_from_the_most_frequent():
    rows = [{"tags": ["b", "a"]}, {"tags": ["a"]}, {}]
    assert run_search.tags_of(rows) == ["a", "b"]
