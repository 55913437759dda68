"""What a change of the colouring and a lasso cost: `python -m benchmarks.views [--json] [--no-browser]`.

On the server: milliseconds from the choice to the message that Streamlit sends (figure made and serialised) and the
message's bytes, for 10 000, 85 000 and 1 000 000 cells in one and four panels, maps aligned. `open` is the first look
at runs that the process has not seen: it reads their folders. `first` is another colouring for the first time, `again`
one that was shown before. Medians over the colourings; `worst` is the slowest `first`. `lasso` is a lasso around half
of the cells: cells found and all panels drawn anew.

`compare` is the Compare page's figure of as many methods: maps, matrices and label scores.

In Chromium, which draws in software (see `benchmarks.pages.painted`): four panels opened, and a lasso around all cells.
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

import numpy as np
import streamlit as st
from streamlit.proto.PlotlyChart_pb2 import PlotlyChart

from benchmarks.machine import described, machine
from benchmarks.pages.large_runs import write_comparison
from benchmarks.pages.painted import painted
from semafo.runs.home import Home
from semafo.ui.charts import colours
from semafo.ui.compare import blocks as comparison_blocks
from semafo.ui.compare.blocks import Comparison
from semafo.ui.maps import figures as map_figures
from semafo.ui.maps.selection import Lasso, Selection
from semafo.ui.session import tray
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun

SIZES = (10_000, 85_000, 1_000_000)
PANELS = (1, 4)
TARGET_MS, COMPARE_MS = 300, 400  # for 85 000 cells
MOST_MB = {85_000: 8, 1_000_000: 2}  # to send for the panels of one page
PAINTED_SECONDS, OPENED_SECONDS, LASSO_SECONDS, LASSO_KB = 5, 6, 1, 100  # in the browser
COLUMNS = ("open", "first", "worst", "again", "lasso", "compare", "recount")
COLOURINGS = (map_figures.TRUE_TYPE, map_figures.BATCH, map_figures.CORRECT, map_figures.CONFIDENCE)


def send(
    runs: Sequence[ChosenRun], colouring: str, chosen: Selection | None = None, mode: str = map_figures.EXPLORE
) -> tuple[float, int]:
    """Milliseconds to make and serialise a view as Streamlit does, and the bytes of its message."""
    started = time.perf_counter()
    figure = map_figures.figure(runs, map_figures.View(colouring, aligned=len(runs) > 1, mode=mode), chosen)
    message = PlotlyChart(spec=_spec(figure)).SerializeToString()
    return 1000 * (time.perf_counter() - started), len(message)


def send_comparison(runs: Sequence[ChosenRun], chosen: Selection | None) -> tuple[float, int]:
    """The same for the figure of the Compare page; chosen: the cells that everything is recounted to."""
    started = time.perf_counter()
    mode = map_figures.EXPLORE if chosen is None else map_figures.SELECT
    look = Comparison(map_figures.View(map_figures.TRUE_TYPE, aligned=len(runs) > 1, mode=mode))
    figure = comparison_blocks.figure(tray.in_columns(runs), look, chosen)
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
    records = write_comparison(Home.at(folder / str(n_cells)), n_cells, max(PANELS))
    rows = []
    for n_panels in PANELS:
        st.cache_resource.clear()
        runs = [ChosenRun(r, r.title, colours.of_slot(i)) for i, r in enumerate(records[:n_panels])]
        opened, _ = send(runs, map_figures.PREDICTED_TYPE)
        first = {colouring: send(runs, colouring) for colouring in COLOURINGS}
        again = [send(runs, colouring)[0] for colouring in COLOURINGS]
        times = [ms for ms, _ in first.values()]
        send(runs, map_figures.TRUE_TYPE, mode=map_figures.SELECT)
        compared, compared_bytes = send_comparison(runs, None)
        recounted, _ = send_comparison(runs, left_half(runs[0]))
        lasso, _ = send(runs, map_figures.TRUE_TYPE, left_half(runs[0]), map_figures.SELECT)
        rows.append(
            {
                "n_cells": n_cells,
                "n_panels": n_panels,
                "ms_open": round(opened, 1),
                "ms_first": round(statistics.median(times), 1),
                "ms_worst": round(max(times), 1),
                "ms_again": round(statistics.median(again), 1),
                "ms_lasso": round(lasso, 1),
                "ms_compare": round(compared, 1),
                "ms_recount": round(recounted, 1),
                "bytes_compare": compared_bytes,
                "bytes": int(statistics.median([size for _, size in first.values()])),
                "bytes_most": max(size for _, size in first.values()),
                "ms_by_colouring": {colouring: round(ms, 1) for colouring, (ms, _) in first.items()},
            }
        )
    return rows


def left_half(run: ChosenRun) -> Lasso:
    """A lasso around the cells on the left of a map."""
    umap = artefacts(run.record).umap
    (x0, y0), (x1, y1) = umap.min(axis=0) - 1.0, (float(np.median(umap[:, 0])), umap[:, 1].max() + 1.0)
    return Lasso.around(run.run_id, "UMAP", [(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def main() -> None:
    """Measure, print tables and what was wanted, and with --json the same as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--no-browser", action="store_true", help="measure the server alone")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit misses its server
    facts = machine(("streamlit", "plotly", "pandas", "numpy"))
    with tempfile.TemporaryDirectory() as folder:
        measure(1_000, Path(folder))  # imports and validators of plotly are loaded
        rows = [row for n_cells in SIZES for row in measure(n_cells, Path(folder))]
        asked = [] if options.no_browser else [*((n, "latent_space") for n in MOST_MB), (85_000, "compare")]
        pages = [painted(Home.at(Path(folder) / str(n)), n, page) for n, page in asked]
    print(described(facts))
    print("    cells  panels    open ms   first ms   worst ms   again ms   lasso ms compare ms recount ms     MB sent")
    for row in rows:
        ms = "".join(f"{row[f'ms_{name}']:11.0f}" for name in COLUMNS)
        print(f"{row['n_cells']:9,} {row['n_panels']:7}{ms}{row['bytes_most'] / 1e6:12.2f}")
    checks = [*server_checks(rows), *(check for page in pages for check in browser_checks(page))]
    for text, is_reached in checks:
        print(f"{text}: {'reached' if is_reached else 'missed'}")
    if options.json:
        worst = max(row["ms_worst"] for row in rows if row["n_cells"] == 85_000)
        found = {"benchmark": "views", "machine": facts, "ms_85000": worst, "target_ms": TARGET_MS}
        print(json.dumps({**found, "rows": rows, "painted": pages}))


def server_checks(rows: Sequence[dict[str, Any]]) -> list[tuple[str, bool]]:
    """What was measured on the server beside what is wanted, and whether it is reached."""
    checks = []
    for row in rows:
        n, ms, mb = row["n_cells"], row["ms_worst"], row["bytes_most"] / 1e6
        head = f"{n:,} cells x {max(PANELS)}"
        if row["n_panels"] == max(PANELS) and n in MOST_MB:
            checks.append((f"{head}: {mb:.2f} MB sent, wanted {MOST_MB[n]}", mb < MOST_MB[n]))
        if row["n_panels"] == max(PANELS) and n == 85_000:
            checks.append((f"{head}: slowest colouring {ms:.0f} ms, wanted {TARGET_MS}", ms < TARGET_MS))
            compared, sent = max(row["ms_compare"], row["ms_recount"]), row["bytes_compare"] / 1e6
            checks.append((f"{head}: Compare in {compared:.0f} ms, wanted {COMPARE_MS}", compared < COMPARE_MS))
            checks.append((f"{head}: Compare sends {sent:.2f} MB, wanted {MOST_MB[n]}", sent < MOST_MB[n]))
    return checks


def browser_checks(page: dict[str, Any]) -> list[tuple[str, bool]]:
    """The same for a page in the browser."""
    head = f"{page['n_cells']:,} cells x {page['n_panels']} in Chromium, {page['page']}"
    is_compare = page["page"] == "compare"
    what = "opened and painted" if is_compare else "another colouring painted"
    seconds, painted_in = (
        (OPENED_SECONDS, page["seconds_opened"]) if is_compare else (PAINTED_SECONDS, page["seconds_painted"])
    )
    fresh = f" ({page['seconds_fresh']:.1f} s as the first page of a server just started)" if is_compare else ""
    return [
        (f"{head}: {what} in {painted_in:.1f} s{fresh}, wanted {seconds}", painted_in < seconds),
        (
            f"{head}: lasso answered after {page['seconds_lasso']:.2f} s, wanted {LASSO_SECONDS}",
            page["seconds_lasso"] < LASSO_SECONDS,
        ),
        (
            f"{head}: {page['kb_lasso']:.0f} kB sent back by a lasso around all cells, wanted {LASSO_KB}",
            page["kb_lasso"] < LASSO_KB,
        ),
        (f"{head}: {page['webgl_contexts']} WebGL contexts, wanted at most 8", page["webgl_contexts"] <= 8),
    ]


if __name__ == "__main__":
    main()
