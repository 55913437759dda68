"""The Predictions page's parts: confusion matrices, label scores, and the difference of two runs."""

from collections.abc import Sequence

import streamlit as st

from semafo.ui import charts, controls, state, views, words
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
        matrices = [views.matrix(run, population) for run in group]
        if all(run.record.has_maps for run in group) and all(matrix.counts is None for matrix in matrices):
            st.info(f"{words.listed([run.name for run in group])}: no labelled cells here to compare predictions with.")
            continue
        figure = charts.confusion_panels(matrices, types, by, narrow=narrow)
        st.plotly_chart(figure, key=f"confusion-{i}", config=controls.QUIET_CHART)
    scored = "test cells, whose labels no model saw at any rate"
    if population != "test":
        scored = "the whole query, labelled cells among them, as the paper scores"
    st.caption(f"Rows are observed types, columns predicted ones; {scored}. Empty rows have no cells here.")


def show_difference(runs: Sequence[ChosenRun], population: str, by: str, narrow: bool) -> None:
    """One run minus another, for runs of the same types."""
    groups = {
        types: [run for run in group if views.matrix(run, population).counts is not None]
        for types, group in views.by_types(runs).items()
    }
    types, pool = next(((types, group) for types, group in groups.items() if len(group) > 1), ((), []))
    if not pool:
        st.info("A difference needs two runs of the same types, both with labelled cells here.")
        return
    names = {run.run_id: run for run in pool}
    first, second = st.columns(2)
    options = list(names)
    label = lambda run_id: names[run_id].name if run_id in names else ""  # noqa: E731
    minuend = first.selectbox("This run", options, index=1, key="difference_of", format_func=label)
    subtrahend = second.selectbox("minus this run", options, index=0, key="difference_from", format_func=label)
    if minuend == subtrahend:
        st.info("Choose two different runs.")
        return
    pair = [views.matrix(names[run_id], population) for run_id in (subtrahend, minuend)]
    figure = charts.confusion_difference(*pair, types, by, narrow=narrow)
    with st.container(width=640):
        st.plotly_chart(figure, key="difference", config=controls.QUIET_CHART)
    st.caption(
        "Orange: more cells there in the first run. Purple: more in the second. On the diagonal, more is better."
    )
