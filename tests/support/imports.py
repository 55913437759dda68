"""What the files of the package import, and which of these imports the house rules forbid.

Layers, each of which may import those below it: app, pages, cli → ui → runs → training → models, evaluation, data →
wording → settings → files → shortages → errors, inert, installation, keys, plain_values, threads. Layers of equal
height do not know one another.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "semafo"
HEIGHT = {
    "errors": 0,
    "inert": 0,
    "installation": 0,
    "keys": 0,
    "plain_values": 0,
    "threads": 0,
    "shortages": 1,
    "files": 2,
    "settings": 3,
    "wording": 4,
    "data": 5,
    "models": 5,
    "evaluation": 5,
    "training": 6,
    "runs": 7,
    "ui": 8,
    "cli": 9,
    "__main__": 10,
}
# Rooms of ui that belong to one page; the others are shared. A report is made of the parts of pages.
PAGE_ROOMS = {
    *("data", "train", "annotate", "latent_space", "predictions", "integration"),
    *("factors", "replay", "sweep", "runs", "compare"),
}
ABOVE_PAGES = {"reports"}


@dataclass(frozen=True)
class Import:
    """One imported name: `semafo.settings.mix.Mix`, and whether importing the file imports it."""

    name: str
    at_once: bool


def module_of(path: Path) -> str:
    """`semafo.settings.mix`; a package by its own name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, str]:
    """Source of every module of the package, by name."""
    return {module_of(path): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(source: str) -> list[Import]:
    """Everything that a source imports, wherever in it."""
    tree = ast.parse(source)
    later = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            names = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        found += [Import(name, node not in later) for name in names]
    return found


def layer_of(module: str) -> str | None:
    """`settings` of `semafo.settings.mix`; None where it has no layer."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in HEIGHT else None


def complaints(module: str, source: str, known: set[str]) -> list[str]:
    """What is wrong with a module's imports; nothing where all of them point down.

    known: all modules of the package, so that an import of something else is noticed.
    """
    if module == "semafo":  # loads its public names when they are asked for
        return []
    if layer_of(module) is None:
        return [f"{module} has no layer"]
    found = (_complaint(module, one, known) for one in imports_of(source))
    return [f"{module} imports {one}" for one in found if one]


def _complaint(module: str, one: Import, known: set[str]) -> str | None:
    if one.name.startswith("."):
        return f"{one.name}, without saying from where: write semafo. in front"
    if one.name.split(".")[0] != "semafo" or one.name in ("semafo", "semafo.__version__"):
        return None
    target = one.name if one.name in known else one.name.rpartition(".")[0]
    above, mine = layer_of(target), layer_of(module)
    if target not in known or above is None or mine is None:
        return f"{one.name}, which is in no layer"
    if above != mine and HEIGHT[above] >= HEIGHT[mine]:
        return f"{one.name}, which is not below it"
    if mine == "cli" and above == "ui" and one.at_once:
        return f"{one.name} before it is needed: Streamlit and plotly would load with every command"
    if mine == above == "ui":
        return _complaint_between_rooms(module, target)
    return None


def _complaint_between_rooms(module: str, target: str) -> str | None:
    """Rooms that belong to a page do not import one another, and what pages share imports none of them."""
    mine, other = (name.split(".")[2] if name.count(".") > 1 else "" for name in (module, target))
    if mine == other or mine in ABOVE_PAGES:
        return None
    if other in PAGE_ROOMS:
        return f"{target}, a room of another page: move what both need to a shared room"
    return f"{target}, which is made of pages" if other in ABOVE_PAGES and mine not in PAGE_ROOMS else None
