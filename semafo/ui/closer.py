"""The Predictions page's closer looks, one at a time so that the page stays calm."""

from collections.abc import Sequence

import streamlit as st

from semafo.ui import breakdown, calibration, controls, matrices
from semafo.ui.state import ChosenRun

TYPES, BATCHES, CONFIDENCE, UNKNOWN, MATRICES = (
    "Types",
    "Batches",
    "Calibration",
    "Unknown cells",
    "Two matrices",
)


def show(runs: Sequence[ChosenRun], population: str, by: str, narrow: bool) -> None:
    """The look that is picked."""
    st.subheader("A closer look", anchor=False)
    picked = controls.choice(
        "A closer look",
        [TYPES, BATCHES, CONFIDENCE, UNKNOWN, MATRICES],
        "closer_look",
        help="Types: recall, precision and F1 of each. Batches: accuracy in each. Calibration: how far a confidence "
        "can be trusted. Unknown cells: what is left where unsure predictions are not made. Two matrices: one "
        "confusion matrix minus another.",
        label_visibility="collapsed",
    )
    if picked == TYPES:
        breakdown.by_type(runs, population, narrow)
    elif picked == BATCHES:
        breakdown.by_batch(runs, population, narrow)
    elif picked == CONFIDENCE:
        calibration.reliability(runs, narrow)
    elif picked == UNKNOWN:
        calibration.coverage(runs, narrow)
    else:
        matrices.show_difference(runs, population, by, narrow)
