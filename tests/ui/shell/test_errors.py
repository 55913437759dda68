"""No traceback reaches a reader: what runs outside the page that drew it is guarded as well."""

import ast
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.imports import ROOT

UI = sorted((ROOT / "semafo" / "ui").rglob("*.py"))


def fragments(tree: ast.Module) -> list[str]:
    """Names of the functions that are handed to `st.fragment`."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.fragment"]
    return [ast.unparse(call.args[0]) for call in calls]


def guarded(tree: ast.Module) -> set[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {one.name for one in functions if "guarded" in map(ast.unparse, one.decorator_list)}


@pytest.mark.parametrize("path", UI, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_fragment_turns_errors_into_sentences(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert set(fragments(tree)) <= guarded(tree)


def test_there_are_fragments_to_look_at():
    assert sum(len(fragments(ast.parse(path.read_text(encoding="utf-8")))) for path in UI) >= 8


def full_disk_page():
    import errno
    import os

    from semafo.ui.shell.errors import attempt, errors_as_sentences

    def write():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    attempt(write)
    with errors_as_sentences():
        write()
    with errors_as_sentences():
        raise MemoryError


def test_a_full_disk_and_a_shortage_of_memory_are_sentences(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMAFO_HOME", str(tmp_path))
    page = AppTest.from_function(full_disk_page).run()
    assert not page.exception
    said = [error.value for error in page.error]
    assert len(said) == 3
    assert all(f"The disk that holds {tmp_path} is full" in sentence for sentence in said[:2])
    assert "not enough memory" in said[2]
    assert not (tmp_path / "engine" / "pages.log").exists()
