"""What the preflight found: a picture, numbers, warnings."""

from typing import Any

import pandas as pd
import streamlit as st

from semafo import inert, wording
from semafo.runs.background.preflight import Inspection
from semafo.settings.run_config import DatasetSpec
from semafo.ui import charts
from semafo.ui.charts import colours
from semafo.ui.session.viewport import is_narrow
from semafo.ui.widgets.figure import show_figure


def show_report(spec: DatasetSpec, inspection: Inspection) -> None:
    """What the preflight found: a picture, numbers, warnings."""
    report = inspection.report
    counts = pd.DataFrame(report["composition"]).T.fillna(0).astype(int)
    looks = colours.of_types(counts.index)
    st.markdown(inert.markdown(headline(report)))
    show_figure(
        charts.composition(counts, looks, narrow=is_narrow()),
        "composition",
        alt=f"Number of cells of each of {len(counts)} types in each batch, as bars.",
        runs=(),
    )
    for warning in report["warnings"]:
        st.warning(inert.markdown(warning))
    found = [part for part in findings(report) if part]
    if found:
        st.caption(inert.markdown(*found))


def headline(report: dict[str, Any]) -> inert.Markdown:
    """Cells, genes, types, batches, counts, and what training will cost."""
    n_types = len(report["composition"])
    n_batches = len({batch for row in report["composition"].values() for batch in row})
    return inert.Markdown(
        f"**{wording.cells(report['n_cells'])}**, {wording.count(report['n_genes'])} genes, "
        f"{wording.counted(n_types, 'type')}, {wording.counted(n_batches, 'batch', 'batches')}. Counts from "
        f"{inert.markdown(report['counts_source'])}. "
        f"A model takes {wording.about(report['expected_seconds'])} and {wording.size(report['expected_bytes'])} of "
        "memory."
    )


def findings(report: dict[str, Any]) -> list[str]:
    """Rare types, missing labels, unused categories, as sentences."""
    rare = ", ".join(f"{name} ({wording.cells(n)})" for name, n in report["rare_types"].items())
    unused = "; ".join(f"{column}: {', '.join(names)}" for column, names in report["unused_categories"].items())
    return [
        f"Rare types, fewer than 10 cells: {rare}." if rare else "",
        f"Cells without a label: {wording.count(report['n_missing_labels'])}." if report["n_missing_labels"] else "",
        f"Categories that no cell has: {unused}." if unused else "",
    ]
