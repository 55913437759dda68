"""The Predictions page's closer looks, one at a time so that the page stays calm."""

from collections.abc import Sequence

import streamlit as st

from semafo.ui.predictions import by_type_and_batch, calibration, confusion_matrices, mistakes, type_markers
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls

TYPES, BATCHES, MISTAKES, MARKERS, CONFIDENCE, UNKNOWN, MATRICES = (
    "Types",
    "Batches",
    "Mistakes",
    "Marker genes",
    "Calibration",
    "Unknown cells",
    "Two matrices",
)
PURPOSES = {
    TYPES: "Which types are found, and which labels can be believed: each type by itself.",
    BATCHES: "Whether the model works in every batch or donor, or only on average.",
    MISTAKES: "Which types are taken for which, the commonest mistakes first. Press one to select its cells.",
    MARKERS: "Whether cells that were given a name express what that name promises.",
    CONFIDENCE: "How far a confidence can be trusted.",
    UNKNOWN: "What is gained and lost where unsure predictions are called unknown.",
    MATRICES: "Where the mistakes of two runs differ: one confusion matrix minus another.",
}


def show(runs: Sequence[ChosenRun], population: str, by: str, narrow: bool) -> None:
    """The look that is picked, with one line that says what it is for."""
    st.subheader("A closer look", anchor=False)
    picked = controls.choice("A closer look", list(PURPOSES), "closer_look", label_visibility="collapsed")
    st.markdown(PURPOSES[picked])
    if picked == TYPES:
        by_type_and_batch.by_type(runs, population, narrow)
    elif picked == BATCHES:
        by_type_and_batch.by_batch(runs, population, narrow)
    elif picked == MISTAKES:
        mistakes.show(runs, population, narrow)
    elif picked == MARKERS:
        type_markers.show(runs, population, narrow)
    elif picked == CONFIDENCE:
        calibration.reliability(runs, narrow)
    elif picked == UNKNOWN:
        calibration.coverage(runs, narrow)
    else:
        confusion_matrices.show_difference(runs, population, by, narrow)
