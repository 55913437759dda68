"""Which folders a run's id can lead to."""

import pytest

from semafo.errors import RunNotFound
from semafo.runs.home import Home, is_run_id
from semafo.runs.library import store
from tests.support import fakes

ELSEWHERE = ["/etc", "../runs", "..", ".", "", "a/b", "a\\b", ".hidden", "a\x00b", "a\n", "ä", "x" * 200, None, 3]


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_is_no_plain_name_is_no_run(tmp_path, text):
    home = Home.at(tmp_path / "home")
    assert not is_run_id(text)
    with pytest.raises(RunNotFound, match="There is no run"):
        home.run(text)


def test_every_id_that_is_given_is_one(tmp_path):
    home = Home.at(tmp_path / "home")
    for record in fakes.comparison(home):
        assert home.run(record.run_id) == record.folder


def test_a_folder_that_somebody_put_among_the_runs_is_no_run(tmp_path):
    home = Home.at(tmp_path / "home")
    record = fakes.finished(home, fakes.REAL)
    (home.runs / "a copy of it").mkdir()
    assert [row["run_id"] for row in store.rows(home)] == [record.run_id]


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_home_that_others_could_enter_is_closed_with_a_word(tmp_path, caplog, mode):
    home = Home.at(tmp_path / "home")
    assert home.path.stat().st_mode & 0o777 == 0o700
    home.path.chmod(mode)
    Home.at(home.path)
    assert home.path.stat().st_mode & 0o777 == mode & 0o700
    assert f"was open to other users of this machine (mode {mode:o})" in caplog.text


def test_a_home_that_is_closed_says_nothing(tmp_path, caplog):
    Home.at(tmp_path / "home")
    Home.at(tmp_path / "home")
    assert not caplog.text
