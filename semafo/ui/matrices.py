"""The Predictions page's parts: confusion matrices, label scores, and the difference of two runs."""

from collections.abc import Sequence

import streamlit as st

from semafo.ui import charts, controls, downloads, state, tables, views
from semafo.ui.state import ChosenRun

NORMALISATIONS = {"By row": "row", "By column": "column", "Counts": "counts"}


def normalisation() -> str:
    """Shares of the observed type, of the predicted type, or counts."""
    picked = controls.choice(
        "Scale",
        list(NORMALISATIONS),
        "normalisation",
        help="By row: share of each observed type, so the diagonal is the share found. By column: share of each "
        "predicted type, as in the paper's notebook. Counts: cells.",
    )
    return NORMALISATIONS[picked]


def show_panels(runs: Sequence[ChosenRun], population: str, by: str, narrow: bool) -> None:
    """A figure for each set of types: runs of different data sets share no matrix."""
    groups = views.by_types(runs)
    for i, (types, group) in enumerate(groups.items()):
        if len(groups) > 1:
            st.subheader(state.short_dataset(group[0].record.config.dataset.name), anchor=False)
        figure = charts.confusion_panels([views.matrix(run, population) for run in group], types, by, narrow=narrow)
        st.plotly_chart(figure, key=f"confusion-{i}", config=controls.QUIET_CHART)
    scored = (
        "test cells, whose labels no model saw at any rate"
        if population == "test"
        else ("the whole query, labelled cells among them, as the paper scores")
    )
    st.caption(f"Rows are observed types, columns predicted ones; {scored}. Empty rows have no cells here.")


def show_scores(runs: Sequence[ChosenRun], population: str) -> None:
    """Label scores with n, interval and baseline."""
    frame = tables.label_scores(runs, population)
    numbers = {
        title: st.column_config.NumberColumn(format="%.3f", help=meaning)
        for title, meaning in tables.LABEL_SCORES.values()
    }
    numbers["n"] = st.column_config.NumberColumn(help="Cells that were scored: those with a label in the data.")
    numbers["Unseen"] = st.column_config.NumberColumn(
        help="Cells of types that no label showed. They are left out of the scores, but for With unseen."
    )
    st.subheader("Label scores", anchor=False)
    st.dataframe(frame, hide_index=True, column_config=numbers, key="label_scores")
    st.caption(
        "Low and High bound the accuracy with 95 % (Wilson). Where intervals overlap, the order of the runs may be "
        "chance; and one seed proves nothing about the methods."
    )
    downloads.csv_button(frame, f"label-scores-{population}")


def show_difference(runs: Sequence[ChosenRun], population: str, by: str, narrow: bool) -> None:
    """One run minus another, for runs of the same types."""
    groups = [[run for run in group if run.record.has_maps] for group in views.by_types(runs).values()]
    pool = next((group for group in groups if len(group) > 1), None)
    if pool is None:
        return
    st.subheader("Difference of two runs", anchor=False)
    names = {run.run_id: run for run in pool}
    first, second = st.columns(2)
    options = list(names)
    label = lambda run_id: names[run_id].name if run_id in names else ""  # noqa: E731
    minuend = first.selectbox("This run", options, index=1, key="difference_of", format_func=label)
    subtrahend = second.selectbox("minus this run", options, index=0, key="difference_from", format_func=label)
    if minuend == subtrahend:
        st.info("Choose two different runs.")
        return
    types = next(types for types, group in views.by_types(runs).items() if names[minuend] in group)
    pair = [views.matrix(names[run_id], population) for run_id in (subtrahend, minuend)]
    figure = charts.confusion_difference(*pair, types, by, narrow=narrow)
    with st.container(width=640):
        st.plotly_chart(figure, key="difference", config=controls.QUIET_CHART)
    st.caption(
        "Orange: more cells there in the first run. Purple: more in the second. On the diagonal, more is better."
    )
