"""The house rules, checked: imports point down, Streamlit stays in the UI, heavy libraries stay in the workers."""

import ast
import builtins
import re
import subprocess
import sys
from collections import defaultdict

import pytest

from tests.support.imports import HEIGHT, PAGE_ROOMS, ROOT, complaints, imports_of, layer_of, modules

MODULES = modules()
KNOWN = set(MODULES)
HEAVY = {"torch", "scvi", "scanpy", "umap", "jax", "lightning", "numba"}
MOST_MODULES = 16  # of a folder
LAYERS = sorted(HEIGHT, key=HEIGHT.__getitem__)


def in_layer(layer: str) -> list[str]:
    return [name for name in MODULES if layer_of(name) == layer]


def planted(module: str, line: str) -> list[str]:
    """What is said of a module that has one more import."""
    return complaints(module, f"{MODULES[module]}\n{line}\n", KNOWN)


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_down(layer):
    assert in_layer(layer)
    assert [said for name in in_layer(layer) for said in complaints(name, MODULES[name], KNOWN)] == []


def test_every_module_has_a_layer():
    assert [name for name in MODULES if name != "semafo" and layer_of(name) is None] == []


@pytest.mark.parametrize("layer", LAYERS)
def test_an_import_that_points_up_is_found_in_every_module(layer):
    above = [in_layer(other)[0] for other in LAYERS if other != layer and HEIGHT[other] >= HEIGHT[layer]]
    for module in in_layer(layer):
        for target in above:
            parent, _, name = target.rpartition(".")
            for line in (f"import {target}", f"from {parent} import {name}", f"def later():\n    import {target}"):
                assert planted(module, line), f"{line!r} went unseen in {module}"


@pytest.mark.parametrize("layer", LAYERS)
def test_an_import_of_what_has_no_layer_is_found(layer):
    for line in ("from semafo import courses", "import semafo.nothing.here", "from . import keys"):
        assert planted(in_layer(layer)[0], line)


def test_an_import_that_points_down_is_fine():
    assert planted("semafo.runs.engine.launch", "from semafo.training.pipeline import train_half") == []
    assert planted("semafo.ui.session.tray", "from semafo import keys, __version__") == []


def test_rooms_of_pages_do_not_know_one_another():
    for room in sorted(PAGE_ROOMS):
        other = "semafo.ui.runs.run_table" if room != "runs" else "semafo.ui.train.train_form"
        assert planted(f"semafo.ui.{room}", f"import {other}")
    assert planted("semafo.ui.widgets.controls", "from semafo.ui.predictions import mistakes")
    assert planted("semafo.ui.predictions.mistakes", "from semafo.ui.predictions import label_scores") == []


def test_commands_load_the_ui_only_when_a_report_needs_it():
    assert planted("semafo.cli.compare", "from semafo.ui.reports import runs")
    assert planted("semafo.cli.compare", "def write():\n    from semafo.ui.reports import runs") == []


def test_only_the_ui_knows_streamlit():
    for name, source in MODULES.items():
        roots = {one.name.split(".")[0] for one in imports_of(source)}
        assert "streamlit" not in roots or layer_of(name) == "ui", name


def test_pages_import_streamlit_and_the_ui_only():
    for path in [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]:
        for one in imports_of(path.read_text(encoding="utf-8")):
            assert one.name.startswith(("streamlit", "semafo.ui", "semafo.inert", "pathlib.")), (
                f"{path.name} imports {one.name}"
            )


def test_pages_are_short():
    for path in sorted((ROOT / "pages").glob("*.py")):
        n_lines = len(path.read_text(encoding="utf-8").splitlines())
        assert n_lines <= 60, f"{path.name} has {n_lines} lines: move what it does to semafo/ui"


def test_a_folder_is_small_and_says_what_lives_in_it():
    for folder in sorted({path.parent for path in (ROOT / "semafo").rglob("*.py")}):
        tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{folder} does not say what lives in it"
        assert len(list(folder.glob("*.py"))) <= MOST_MODULES, f"{folder} holds too many modules"
        if folder.name != "semafo":  # which hands on the public names, each when it is asked for
            code = [node for node in tree.body[1:] if not isinstance(node, ast.ImportFrom | ast.Assign)]
            assert code == [], f"{folder}/__init__.py has code"


def test_names_are_not_those_of_python_itself():
    taken = {*dir(builtins), *sys.stdlib_module_names}
    assert [name for name in MODULES if name.rpartition(".")[2] in taken] == []


def test_a_class_name_occurs_once():
    homes = defaultdict(list)
    for name, source in MODULES.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(name)
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_tests_mirror_the_package():
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        folder = path.parent.relative_to(ROOT / "tests")
        if folder.parts and folder.parts[0] not in ("pages", "browser", "packaging", "faults", "bad_inputs"):
            assert (ROOT / "semafo" / folder).is_dir(), f"{path.relative_to(ROOT)} mirrors no folder of the package"


def test_code_in_documents_and_strings_names_modules_that_are_there():
    named = re.compile(r"\bsemafo(?:\.[a-z_0-9]+)+\b(?!\()")
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
    texts |= {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")} | MODULES
    for place, text in texts.items():
        for match in named.findall(text):
            parent = match.rpartition(".")[0]
            assert match in KNOWN or parent in KNOWN, f"{place} names {match}, which is not there"


@pytest.mark.parametrize(
    "module",
    [
        *("semafo", "semafo.cli.main", "semafo.cli.compare", "semafo.data.splitting.split"),
        *("semafo.runs.library.store", "semafo.runs.engine.launch", "semafo.runs.engine.process"),
        "semafo.runs.folder.live_positions",
    ],
)
def test_heavy_libraries_stay_in_the_workers(module):
    assert loaded_with(module, HEAVY) == "[]"


def test_commands_load_neither_streamlit_nor_plotly():
    commands = ", ".join(sorted(name for name in in_layer("cli") if name != "semafo.cli"))
    assert loaded_with(commands, {"streamlit", "plotly"}) == "[]"


def test_help_waits_for_no_library():
    assert loaded_with("semafo.cli.main", {"numpy", "pandas", "dask", "streamlit", *HEAVY}) == "[]"


def loaded_with(names: str, libraries: set[str]) -> str:
    """Which of the libraries are loaded after these modules were imported, as text."""
    program = f"import sys, {names}; print(sorted(set(sys.modules) & {libraries!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.strip()


def test_every_public_name_can_be_had():
    program = "import semafo; print([type(getattr(semafo, name)).__name__ for name in semafo.__all__])"
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, check=True, cwd=ROOT)
    import semafo

    assert semafo.__all__ == sorted(semafo.__all__)


def test_parquet_is_read_in_one_place():
    """See `semafo.files.read_table` for what becomes of a process that reads it otherwise."""
    assert [name for name, text in MODULES.items() if "read_parquet" in text] == []
