"""The Predictions page's list of mistakes: which types each run takes for which, in words."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from semafo import inert, wording
from semafo.evaluation.labels.scores import wilson_interval
from semafo.ui.charts import colours
from semafo.ui.maps import selection
from semafo.ui.maps.selection import Pairing
from semafo.ui.session import grouping
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import downloads

N_PAIRS = 5
NAME_LENGTH = 14
COLUMNS = ["Run", "Observed", "Predicted", "Cells", "Of observed", "Share", "Low", "High"]


def show(runs: Sequence[ChosenRun], population: str, narrow: bool) -> None:
    """The commonest mistakes of each run side by side, and all of them as a table."""
    tables = {run: pairs(run, population) for run in runs if run.record.has_maps}
    found = {run: table for run, table in tables.items() if table is not None}
    if not found:
        st.info("No labelled cells of known types here, so there are no mistakes to list.")
        return
    columns = [st.container() for _ in found] if narrow else st.columns(min(3, max(2, len(found))), gap="medium")
    for i, (run, table) in enumerate(found.items()):
        with columns[i % len(columns)]:
            st.html(f'<div class="semafo-run">{colours.swatch(run.colour)} <b>{inert.html(run.name)}</b></div>')
            _list(run, table, population)
    frame = pd.concat([table.assign(Run=run.name) for run, table in found.items()])[COLUMNS]
    with st.expander("All mistakes as a table"):
        scores = {name: st.column_config.NumberColumn(format="%.3f") for name in ("Share", "Low", "High")}
        st.dataframe(frame, hide_index=True, column_config=scores, key="confusion_table")
    downloads.csv_button(frame, f"mistakes-{population}")


def _list(run: ChosenRun, table: pd.DataFrame, population: str) -> None:
    """Sentences that can be pressed: they select their cells."""
    if table.empty:
        st.caption("No mistakes here.")
    with st.container(gap="xxsmall"):
        for i, row in enumerate(table.head(N_PAIRS).to_dict("records")):
            st.button(
                inert.markdown(sentence(row, NAME_LENGTH)),
                key=f"mistake-{run.run_id}-{i}",
                type="tertiary",
                help=inert.markdown(
                    f"{sentence(row)}. {wording.percent(row['Share'])} "
                    f"{wording.points_interval(row['Low'], row['High'])} of the type (95 %, Wilson). Press to select "
                    "these cells, on the maps too."
                ),
                on_click=selection.choose,
                args=(Pairing(population, row["Observed"], row["Predicted"], run.run_id),),
            )


def sentence(row: dict, limit: int = 200) -> str:
    """`12 of 74 Dendritic taken for CD14+ Monocyte`, each name of at most so many characters."""
    observed, predicted = (wording.shortened(row[name], limit) for name in ("Observed", "Predicted"))
    return f"{wording.count(row['Cells'])} of {wording.count(row['Of observed'])} {observed} taken for {predicted}"


def pairs(run: ChosenRun, population: str) -> pd.DataFrame | None:
    """Every kind of mistake of a run by falling number of cells, with its share of the observed type and interval.

    None where there are no labelled cells.
    """
    counts = grouping.matrix(run, population).counts
    if counts is None:
        return None
    types, totals = artefacts(run.record).predictions["types"], counts.sum(axis=1)
    row, column = np.nonzero(counts * ~np.eye(len(types), dtype=bool))
    order = np.argsort(-counts[row, column], kind="stable")
    rows = [
        {
            "Observed": types[i],
            "Predicted": types[j],
            "Cells": int(counts[i, j]),
            "Of observed": int(totals[i]),
            "Share": counts[i, j] / totals[i],
            **dict(zip(("Low", "High"), wilson_interval(int(counts[i, j]), int(totals[i])), strict=True)),
        }
        for i, j in zip(row[order], column[order], strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS[1:])
