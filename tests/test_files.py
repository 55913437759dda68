"""JSON that comes from elsewhere, or was cut."""

import pytest

from semafo import files
from semafo.files import read_json, write_json


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b'"text"', b"null", b"NaN", b'{"a": Infinity}', b'{"a": -Infinity}', b"\xff\x00"],
)
def test_who_asks_for_an_object_gets_one(tmp_path, content):
    path = tmp_path / "file.json"
    path.write_bytes(content)
    assert read_json(path, {}) == {}


def test_what_nests_too_deep_is_not_read(tmp_path):
    path = tmp_path / "deep.json"
    path.write_bytes(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    assert read_json(path, {}) == {}


def test_what_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "large.json"
    write_json(path, {"a": 1})
    assert read_json(path, {}) == {"a": 1}
    monkeypatch.setattr(files, "_MOST_JSON_BYTES", 3)
    assert read_json(path, {}) == {}


def test_a_folder_or_nothing_is_no_file(tmp_path):
    assert read_json(tmp_path, {}) == {}
    assert read_json(tmp_path / "none" / "file.json") is None
