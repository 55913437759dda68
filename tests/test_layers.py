"""The house rules, checked: imports point down, Streamlit stays in the UI, heavy libraries stay in the workers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "semafo"

# Higher numbers may import lower ones. Layers of equal height do not know one another.
HEIGHT = {
    "errors": 0,
    "keys": 0,
    "threads": 0,
    "files": 1,
    "settings": 2,
    "wording": 3,
    "data": 4,
    "models": 4,
    "evaluation": 4,
    "training": 5,
    "runs": 6,
    "ui": 7,
    "cli": 8,
    "__main__": 9,
}
HEAVY = {"torch", "scvi", "scanpy", "umap", "jax", "lightning", "numba"}
FILES = sorted(PACKAGE.rglob("*.py"))


def layer_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else path.stem


def imported_modules(path: Path) -> list[str]:
    """Dotted names of everything a file imports, wherever in the file it does."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    mine = layer_of(path)
    if mine == "__init__":
        return  # loads lazily, by name
    for name in imported_modules(path):
        parts = name.split(".")
        if parts[0] != "semafo" or len(parts) == 1 or parts[1] not in HEIGHT:
            continue
        is_down = parts[1] == mine or HEIGHT[parts[1]] < HEIGHT[mine] or HEIGHT[mine] == 0
        assert is_down, f"{path} ({mine}) imports {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_ui_knows_streamlit(path):
    roots = {name.split(".")[0] for name in imported_modules(path)}
    assert "streamlit" not in roots or layer_of(path) == "ui"


def test_pages_import_streamlit_and_the_ui_only():
    for path in [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]:
        for name in imported_modules(path):
            assert name.startswith(("streamlit", "semafo.ui")), f"{path.name} imports {name}"


def test_pages_are_short():
    for path in sorted((ROOT / "pages").glob("*.py")):
        n_lines = len(path.read_text(encoding="utf-8").splitlines())
        assert n_lines <= 80, f"{path.name} has {n_lines} lines: move what it does to semafo/ui"


@pytest.mark.parametrize(
    "module",
    [
        "semafo",
        "semafo.cli.main",
        "semafo.runs.library.store",
        "semafo.runs.engine.launch",
        "semafo.runs.engine.process",
        "semafo.data.splitting.split",
    ],
)
def test_heavy_libraries_stay_in_the_workers(module):
    program = f"import sys, {module}; print(sorted(set(sys.modules) & {HEAVY!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_had():
    program = "import semafo; print([type(getattr(semafo, name)).__name__ for name in semafo.__all__])"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, check=True, cwd=ROOT)
    import semafo

    assert semafo.__all__ == sorted(semafo.__all__)
