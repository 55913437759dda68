"""The Predictions page's closer looks: how far a confidence can be trusted, and what calling cells unknown buys."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from semafo import inert, wording
from semafo.ui import charts
from semafo.ui.charts import CoverageLine, Reliability
from semafo.ui.session import navigation
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import downloads
from semafo.ui.widgets.figure import show_figure

DEFAULT_THRESHOLD = 0.5
NO_TEMPERATURE = (
    "No temperature was fitted for {names}. To get one, keep some labels from the models: set a calibration share "
    "under Test cells on the Train page."
)


def reliability(runs: Sequence[ChosenRun], narrow: bool) -> None:
    """Accuracy against confidence, a panel a run, with ECE before and after temperature scaling."""
    found = {run: (artefacts(run.record).predictions.get("calibration") or {}) for run in runs if _ready(run)}
    found = {run: values for run, values in found.items() if (values.get("test") or {}).get("n")}
    if not found:
        st.info("There is no test cell with a label, so nobody can tell how far the confidence can be trusted.")
        return
    figure = charts.reliability_panels([panel(run, values) for run, values in found.items()], narrow=narrow)
    show_figure(
        figure,
        "reliability",
        alt=f"Accuracy against confidence of {wording.listed([run.name for run in found])}, a panel each.",
        caption="Test cells in bins of confidence, with the 95 % interval of each bin's accuracy (Wilson). Below the "
        "dotted line a model is too sure, above it not sure enough. ECE is the mean distance from it, weighted by "
        "cells: 0 is best, and with few cells it is above 0 by chance alone.",
        runs=list(found),
    )
    without = [run.name for run, values in found.items() if not wording.is_number(values.get("temperature"))]
    if len(without) < len(found):
        st.caption(
            "Dashed, with rings: after temperature scaling. T was fitted on labelled cells that were kept from the "
            "model; above 1 it makes a model less sure. Predictions do not change."
        )
    if without:
        names = wording.listed(without) if len(without) < len(found) else "these runs"
        st.caption(inert.markdown(NO_TEMPERATURE.format(names=names)))
        st.page_link(navigation.TRAIN_PAGE, label="Train with a calibration share")


def panel(run: ChosenRun, values: Mapping[str, Any]) -> Reliability:
    """What a run's panel shows; `values` is the `calibration` of its predictions."""
    test = values["test"]
    lines = [f"ECE {wording.score(test.get('ece'))}, n {wording.count(test['n'])}"]
    if wording.is_number(values.get("temperature")):
        scaled, fitted = wording.score(test.get("ece_scaled")), wording.count(values.get("n_fitted"))
        lines.append(f"scaled {scaled}, T {values['temperature']:.2f} from {fitted} cells")
    return Reliability(
        run.name, (*lines, inert.FigureText("&nbsp;"))[:2], run.colour, test["bins"], test.get("bins_scaled")
    )


def coverage(runs: Sequence[ChosenRun], narrow: bool) -> None:
    """Accuracy against coverage, with a threshold to move."""
    rows = {run: _coverage_rows(run) for run in runs if _ready(run)}
    rows = {run: found for run, found in rows.items() if any(row["n_kept"] for row in found)}
    if not rows:
        st.info("There is no test cell with a label, so nobody can tell what a threshold would buy.")
        return
    threshold = _threshold(sorted({row["threshold"] for found in rows.values() for row in found}))
    marked = {run: at_threshold(found, threshold) for run, found in rows.items()}
    lines = [CoverageLine(run.name, run.colour, found, marked[run]) for run, found in rows.items()]
    show_figure(
        charts.coverage_curves(lines, narrow=narrow),
        "coverage",
        alt="Accuracy of the cells that keep their prediction against their share, a line a run.",
        runs=list(rows),
    )
    frame = coverage_frame(marked)
    swatches = frame.style.apply(lambda _: [f"color: {run.colour}" for run in marked], subset=[""])
    columns = {"": st.column_config.Column(width=24)} | ({"Run": st.column_config.Column(width=110)} if narrow else {})
    st.dataframe(swatches, hide_index=True, column_config=columns, key="coverage_table", width="content")
    downloads.csv_button(frame.drop(columns=""), "coverage")
    st.caption(inert.markdown(_unseen_sentence(marked)))


def _threshold(options: Sequence[float]) -> float:
    if st.session_state.get("unknown_below") not in options:
        st.session_state["unknown_below"] = min(options, key=lambda option: abs(option - DEFAULT_THRESHOLD))
    return st.select_slider(
        "Unknown below a confidence of",
        options,
        key="unknown_below",
        format_func=lambda option: f"{option:.2f}",
        help="Cells whose predicted type has a lower probability are called unknown in place of a type.",
        width=420,
    )


def at_threshold(rows: Sequence[Mapping[str, Any]], threshold: float) -> Mapping[str, Any]:
    """The row of the highest threshold that is not above the wanted one."""
    below = [row for row in rows if row["threshold"] <= threshold + 1e-9]
    return max(below or rows, key=lambda row: row["threshold"])


def coverage_frame(marked: Mapping[ChosenRun, Mapping[str, Any]]) -> pd.DataFrame:
    """One row a run: what is kept, how right it is, and what becomes of unseen types."""
    rows = []
    for run, row in marked.items():
        scores = {"accuracy": row["accuracy"], "accuracy_low": row["low"], "accuracy_high": row["high"]}
        cells = {"": "■", "Run": run.name, "Keep a type": wording.percent(row["coverage"], 1)}
        cells |= {"Accuracy of those": wording.accuracy(scores), "n kept": row["n_kept"]}
        if any(wording.is_number(other["unseen_unknown"]) for other in marked.values()):
            cells["Unseen types called unknown"] = wording.percent(row["unseen_unknown"], 1)
        rows.append(cells)
    return pd.DataFrame(rows)


def _unseen_sentence(marked: Mapping[ChosenRun, Mapping[str, Any]]) -> str:
    text = "On the test cells of types that the models were shown."
    if any(wording.is_number(row["unseen_unknown"]) for row in marked.values()):
        return (
            f"{text} Cells of types that no label showed can only be predicted wrongly: a threshold is good at them "
            "where it calls many of them unknown and keeps the others."
        )
    return (
        f"{text} Whether cells of an unknown type would be noticed cannot be told here, for every type was shown: "
        "leave a type out of the labels on the Train page to see it."
    )


def _ready(run: ChosenRun) -> bool:
    return run.record.has_maps


def _coverage_rows(run: ChosenRun) -> list[Mapping[str, Any]]:
    return (artefacts(run.record).predictions.get("coverage") or {}).get("test") or []
