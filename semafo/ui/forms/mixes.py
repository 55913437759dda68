"""Which mixes are trained: ticked corners, weights of one's own, label weightings, heads."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import streamlit as st

from semafo import inert
from semafo.settings.mix import CORNERS, HEADS, LABEL_WEIGHTINGS, Mix


def chosen_mixes() -> list[Mix]:
    """The corners that are ticked and perhaps one mix of one's own, in each chosen label weighting."""
    weights: list[tuple[float, float]] = []
    st.markdown("Mixes", help="Weights of the two regularisers. Ticked mixes are trained together on the same split.")
    with st.container(horizontal=True):
        for mix in corner_mixes():
            if st.checkbox(inert.markdown(mix.name), True, key=f"mix-{mix.slug}", persist_state="session"):
                weights.append((mix.w_scanvi, mix.w_semafo))
        own = st.checkbox("Weights of my own", key="mix-own", persist_state="session")
    if own:
        first, second = st.columns(2)
        number: dict[str, Any] = {"min_value": 0.0, "max_value": 10.0, "step": 0.1, "persist_state": "session"}
        w_scanvi = first.number_input("Weight of scANVI's regulariser", value=0.7, key="w_scanvi", **number)
        w_semafo = second.number_input("Weight of SemafoVAE's regulariser", value=0.3, key="w_semafo", **number)
        weights.append((round(w_scanvi, 3), round(w_semafo, 3)))
    weightings = _some(
        "Label weighting in SemafoVAE's regulariser",
        LABEL_WEIGHTINGS,
        "label_weighting",
        "published: every label counts the same, as in the paper's code; it shrinks the latent space. normalised: "
        "labels weighted by their probability, with weights that sum to one; not in the paper.",
    )
    heads = _some(
        "Predictions by",
        HEADS,
        "head",
        "classifier: q(y|z), as published. mixture: the classifier together with a mixture of one Gaussian a "
        "label over the latent space, fitted to labelled and unlabelled cells. The training is the same.",
    )
    variants = product(heads, weightings, weights)
    return list(dict.fromkeys(Mix(*pair, weighting, head) for head, weighting, pair in variants))


def _some(label: str, options: Sequence[str], key: str, help: str) -> Sequence[str]:
    """One option or several; the first where none is chosen."""
    kept: dict[str, Any] = {"key": key, "help": help, "persist_state": "session"}
    chosen = st.pills(
        inert.markdown(label), options, format_func=inert.markdown, selection_mode="multi", default=[options[0]], **kept
    )
    return chosen or options[:1]


def corner_mixes() -> tuple[Mix, ...]:
    """scANVI, SemafoVAE and Both."""
    return tuple(Mix(*weights) for weights in CORNERS.values())
