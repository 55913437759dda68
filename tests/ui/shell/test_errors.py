"""No traceback reaches a reader: what runs outside the page that drew it is guarded as well."""

import ast
from pathlib import Path

import pytest

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
