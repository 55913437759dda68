"""How long until the first page can be used, against an empty Streamlit app: `python -m benchmarks.startup [--json]`.

Both servers are started anew in turn, each with an empty home, and looked at by a new browser session. The time runs
from the start of the server process until the button that starts a comparison (ours) or the title (empty) is visible.
Which modules the serving process loads, and what their import takes, comes from one more start of each, not timed.
"""

import argparse
import json
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import described, machine
from benchmarks.pages.served import ROOT, VIEWPORT, chromium, serve
from semafo.runs.home import Home

ROUNDS = 3
TARGET = 1.5
EMPTY_APP = 'import streamlit as st\n\nst.title("Empty")\n'
BUTTON = "Compare on real cells"
HEAVY = ("torch", "scvi", "scanpy", "umap", "jax", "lightning", "numba", "anndata", "sklearn", "scipy", "distributed")
NOTED = (*HEAVY, "pandas", "numpy", "pyarrow", "plotly.graph_objs", "altair")
IMPORT_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")


def usable_after(browser: Any, app: Path, folder: Path, python_options: tuple[str, ...] = ()) -> float:
    """Seconds from the start of the server process to a first page that can be used. Its log is in the folder."""
    folder.mkdir(parents=True)
    with serve(app, Home.at(folder / "home"), folder / "log.txt", python_options) as served:
        page = browser.new_page(viewport=VIEWPORT)
        page.goto(served.address, wait_until="commit")
        ours = app == ROOT / "app.py"
        role, name = ("button", BUTTON) if ours else ("heading", "Empty")
        page.get_by_role(role, name=name).wait_for(timeout=60_000)
        seconds = time.perf_counter() - served.started
        page.close()
    return seconds


def imports(log: Path) -> tuple[set[str], list[tuple[str, float]]]:
    """Modules that `-X importtime` told of, and seconds with all they load, of the outermost ones of each package."""
    modules, seconds = set(), {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if found := IMPORT_LINE.match(line):
            name = found[4]
            modules.add(name)
            package = name.split(".")[0]
            seconds[package] = max(seconds.get(package, 0.0), int(found[2]) / 1e6)
    return modules, sorted(seconds.items(), key=lambda pair: -pair[1])


def measure(folder: Path) -> dict[str, Any]:
    """All that is reported."""
    empty = folder / "empty" / "app.py"
    empty.parent.mkdir()
    empty.write_text(EMPTY_APP, encoding="utf-8")
    apps = {"ours": ROOT / "app.py", "empty": empty}
    facts = machine(("streamlit", "plotly", "pandas"))
    with chromium() as browser:
        seconds = {name: [] for name in apps}
        for i in range(ROUNDS):
            for name, app in apps.items():
                seconds[name].append(usable_after(browser, app, folder / f"{name}-{i}"))
        for name, app in apps.items():
            usable_after(browser, app, folder / f"{name}-imports", ("-X", "importtime"))
    found = {name: imports(folder / f"{name}-imports" / "log.txt") for name in apps}
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "benchmark": "startup",
        "machine": facts,
        **{f"seconds_{name}": round(value, 2) for name, value in medians.items()},
        **{f"rounds_{name}": [round(value, 2) for value in values] for name, values in seconds.items()},
        "ratio": round(medians["ours"] / medians["empty"], 2),
        "target": TARGET,
        **{f"n_modules_{name}": len(modules) for name, (modules, _) in found.items()},
        **{f"noted_{name}": [m for m in NOTED if m in modules] for name, (modules, _) in found.items()},
        "import_seconds": {package: round(value, 3) for package, value in found["ours"][1][:12]},
    }


def main() -> None:
    """Measure, print a table, and with --json the same as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    print(described(found["machine"]))
    for name in ("ours", "empty"):
        noted = ", ".join(found[f"noted_{name}"]) or "none of those noted"
        rounds = " ".join(f"{value:.2f}" for value in found[f"rounds_{name}"])
        print(f"{name:6} {found[f'seconds_{name}']:6.2f} s  ({rounds})  {found[f'n_modules_{name}']} modules; {noted}")
    reached = "reached" if found["ratio"] <= TARGET else "missed"
    print(f"ratio  {found['ratio']:6.2f}    target {TARGET}: {reached}")
    print("import seconds, with what they load: " + ", ".join(f"{k} {v}" for k, v in found["import_seconds"].items()))
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
