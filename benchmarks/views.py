"""What a change of the colouring costs the server: `python -m benchmarks.views [--json]`.

Milliseconds from the choice to the message that Streamlit sends (figure made and serialised) and the message's bytes,
for 10 000, 85 000 and 1 000 000 cells in one and three panels, maps aligned. `open` is the first look at runs that the
process has not seen: it reads their folders. `first` is another colouring for the first time, `again` one that was
shown before. Medians over the colourings; `worst` is the slowest `first`.
"""

import argparse
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.proto.PlotlyChart_pb2 import PlotlyChart

from benchmarks.large_runs import write_comparison
from benchmarks.machine import described, machine
from semafo.runs.home import Home
from semafo.ui import colours, maps
from semafo.ui.state import ChosenRun

SIZES = (10_000, 85_000, 1_000_000)
PANELS = (1, 3)
TARGET_MS = 300  # for 85 000 cells
COLOURINGS = (maps.TRUE_TYPE, maps.BATCH, maps.CORRECT, maps.CONFIDENCE)


def send(runs: Sequence[ChosenRun], colouring: str) -> tuple[float, int]:
    """Milliseconds to make and serialise a view as Streamlit does, and the bytes of its message."""
    started = time.perf_counter()
    figure = maps.figure(runs, maps.View(colouring, aligned=len(runs) > 1))
    message = PlotlyChart(spec=_spec(figure)).SerializeToString()
    return 1000 * (time.perf_counter() - started), len(message)


def _spec(figure: Any) -> str:
    """As `st.plotly_chart` makes it."""
    import plotly.io
    import plotly.tools

    figure = plotly.tools.return_figure_from_figure_or_data(figure, validate_figure=True)
    return plotly.io.to_json(figure, validate=False)


def measure(n_cells: int, folder: Path) -> list[dict[str, Any]]:
    """One row a number of panels."""
    records = write_comparison(Home.at(folder / str(n_cells)), n_cells)
    rows = []
    for n_panels in PANELS:
        st.cache_resource.clear()
        runs = [ChosenRun(r, r.title, colours.of_slot(i)) for i, r in enumerate(records[:n_panels])]
        opened, _ = send(runs, maps.PREDICTED_TYPE)
        first = {colouring: send(runs, colouring) for colouring in COLOURINGS}
        again = [send(runs, colouring)[0] for colouring in COLOURINGS]
        times = [ms for ms, _ in first.values()]
        rows.append(
            {
                "n_cells": n_cells,
                "n_panels": n_panels,
                "ms_open": round(opened, 1),
                "ms_first": round(statistics.median(times), 1),
                "ms_worst": round(max(times), 1),
                "ms_again": round(statistics.median(again), 1),
                "bytes": int(statistics.median([size for _, size in first.values()])),
                "bytes_most": max(size for _, size in first.values()),
                "ms_by_colouring": {colouring: round(ms, 1) for colouring, (ms, _) in first.items()},
            }
        )
    return rows


def main() -> None:
    """Measure, print a table, and with --json the same as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit misses its server
    facts = machine(("streamlit", "plotly", "pandas", "numpy"))
    with tempfile.TemporaryDirectory() as folder:
        measure(1_000, Path(folder))  # imports and validators of plotly are loaded
        rows = [row for n_cells in SIZES for row in measure(n_cells, Path(folder))]
    print(described(facts))
    print("    cells  panels    open ms   first ms   worst ms   again ms     MB sent")
    for row in rows:
        ms = "".join(f"{row[f'ms_{name}']:11.0f}" for name in ("open", "first", "worst", "again"))
        print(f"{row['n_cells']:9,} {row['n_panels']:7}{ms}{row['bytes'] / 1e6:12.2f}")
    worst = max(row["ms_worst"] for row in rows if row["n_cells"] == 85_000)
    reached = "reached" if worst < TARGET_MS else "missed"
    print(f"slowest change of colouring at 85 000 cells: {worst:.0f} ms, target {TARGET_MS} ms: {reached}")
    if options.json:
        print(json.dumps({"benchmark": "views", "machine": facts, "ms_85000": worst, "target_ms": 300, "rows": rows}))


if __name__ == "__main__":
    main()
