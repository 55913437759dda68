"""Names of batches and types on the command line, with commas and without."""

import pytest

from semafo.errors import SettingsError
from semafo.runs.names_as_typed import named

BATCHES = {"d1", "d2", "Lee, 2019", "Kim, 2018, lung", "2018"}


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["d1,d2"], ["d1", "d2"]),
        ([" d1 , d2 ,"], ["d1", "d2"]),
        (["Lee, 2019"], ["Lee, 2019"]),
        (["Lee, 2019,d1,Kim, 2018, lung"], ["Lee, 2019", "d1", "Kim, 2018, lung"]),
        (['"Lee, 2019", d2'], ["Lee, 2019", "d2"]),
        (["'Lee, 2019'"], ["Lee, 2019"]),
        (["d1", "Lee, 2019", "d1"], ["d1", "Lee, 2019"]),
        (["d1,d3"], ["d1", "d3"]),
        (["Leo, 2019"], ["Leo, 2019"]),
        (["", "  "], []),
    ],
)
def test_a_comma_separates_names_and_is_part_of_them(texts, names):
    assert list(named(texts, BATCHES)) == names


def test_names_stand_in_a_file_one_a_line(tmp_path):
    path = tmp_path / "batches.txt"
    path.write_text("Lee, 2019\n\n  d2 \n", encoding="utf-8")
    assert named([f"@{path}", "d1"], BATCHES) == ("Lee, 2019", "d2", "d1")


def test_a_name_that_begins_like_a_file_is_a_name():
    assert named(["@home"], {"@home"}) == ("@home",)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_of_names_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "names.txt"
    if content:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"names\.txt cannot be read.*one name a line"):
        named([f"@{path}"], BATCHES)
