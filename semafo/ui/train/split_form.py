"""The Train page's split: which cells are reference, labelled, hidden and test."""

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from semafo import inert, keys, wording
from semafo.data.paper import splits as paper_splits
from semafo.data.paper.splits import Preset
from semafo.data.splitting.split import Split, make_split
from semafo.runs.background.preflight import Inspection
from semafo.settings.run_config import SplitSettings
from semafo.ui import charts
from semafo.ui.forms.reference import ALONE, ONE_STAGE, SURGERY, reference_batches
from semafo.ui.session.viewport import is_narrow
from semafo.ui.widgets import controls
from semafo.ui.widgets.figure import show_figure

OWN = "Of my own"
BY_RATE, BY_BATCH = "Share of the cells", "Whole batches"


def split_settings(inspection: Inspection, dataset: str) -> SplitSettings:
    """A split of the paper where the batches allow one, or one's own. Raises SettingsError."""
    counts = inspection.cells[keys.BATCH_COLUMN].astype(str).value_counts().to_dict()
    fitting = {_choice_of(preset): preset for preset in paper_splits.fitting(counts)}
    if not fitting:
        return _own_split(inspection, dataset, sorted(counts))
    chosen = st.selectbox(
        "Split",
        [OWN, *fitting],
        key=f"preset-{dataset}",
        persist_state="session",
        help="The paper's Tables 4 and 5: whole studies are reference, labelled or hidden.",
    )
    if chosen not in fitting:
        return _own_split(inspection, dataset, sorted(counts))
    st.caption(inert.markdown(" ".join([_described(fitting[chosen]), *fitting[chosen].check(counts)])))
    return fitting[chosen].split_settings(**_advanced(inspection, dataset, by_rate=False))


def _choice_of(preset: Preset) -> str:
    """`Paper's split: 82.4 %`."""
    return f"Paper's split: {wording.percent(preset.rate, 1)}{', reference only' if preset.reference_only else ''}"


def _described(preset: Preset) -> str:
    kinds = {"Reference": preset.reference, "Labelled": preset.labelled, "Hidden": preset.hidden}
    return " ".join(f"{kind}: {', '.join(studies)}." for kind, studies in kinds.items() if studies)


def _own_split(inspection: Inspection, dataset: str, batches: Sequence[str]) -> SplitSettings:
    """Reference, labelled rate or labelled batches."""
    form = ONE_STAGE
    if len(batches) > 1:
        form = controls.choice(
            "Training",
            [ONE_STAGE, SURGERY, ALONE],
            "train_form",
            help="Together: one model on all cells, in one stage. Onto a reference: a model of the reference is built "
            "first, then the query is mapped onto it (scArches surgery). Alone: that first model and nothing else, so "
            "there are no test cells.",
        )
    reference = () if form == ONE_STAGE else reference_batches(batches, dataset)
    if form == ALONE:
        return SplitSettings(reference, reference_only=True, **_advanced(inspection, dataset, by_rate=False))
    query = [batch for batch in batches if batch not in reference]
    by = controls.choice("Labels seen by the model", [BY_RATE, BY_BATCH], "label_mode") if len(query) > 1 else BY_RATE
    place = st.container()
    advanced = _advanced(inspection, dataset, by == BY_RATE)  # below the labelled rate, whose reach it decides
    if by == BY_BATCH:
        labelled = place.multiselect(
            "Labelled batches",
            query,
            key=f"labelled-{dataset}-{form}",
            persist_state="session",
            help="The other query batches are hidden: they are the test cells.",
        )
        return SplitSettings(reference, labelled_batches=tuple(sorted(labelled)), **advanced)
    return SplitSettings(reference, labelled_rate=_rate(place, form, advanced["test_share"]), **advanced)


def _rate(place: DeltaGenerator, form: str, test_share: float) -> float:
    """Labelled rate from a slider in percent; in surgery the test share is out of its reach."""
    most = 100 if form == ONE_STAGE else round(100 * (1 - test_share))
    key = f"rate-{form}"
    if st.session_state.get(key, 0) > most:
        st.session_state[key] = most
    meaning = (
        "cells outside the test part" if form == ONE_STAGE else f"query cells; {most} % labels all but the test part"
    )
    percent = place.slider(
        "Labelled rate",
        0,
        most,
        20,
        format="%d %%",
        key=key,
        persist_state="session",
        help=inert.markdown(
            f"Labelled cells as a share of the {meaning}. A higher rate keeps the labels of a lower one."
        ),
    )
    return percent / 100


def _advanced(inspection: Inspection, dataset: str, by_rate: bool) -> dict[str, Any]:
    """Further fields of the split, folded. Whole batches need no test share: what is not labelled is tested on."""
    with st.expander("Test cells and hidden labels"):
        drawn = _drawing() if by_rate else {}
        seed = st.number_input("Split seed", 0, 9999, 0, key="split_seed", persist_state="session")
        return {**drawn, "split_seed": int(seed), **_hidden_labels(inspection, dataset)}


def _drawing() -> dict[str, Any]:
    """How test and labelled cells are drawn."""
    share = st.slider(
        "Test share",
        10,
        60,
        30,
        5,
        format="%d %%",
        key="test_share",
        persist_state="session",
        help="Query cells that are never labelled at any rate. Scores are on these.",
    )
    stratified = st.checkbox(
        "Draw cells by type",
        True,
        key="stratified",
        persist_state="session",
        help="Off: draw blindly, as people do who do not know the types.",
    )
    return {"test_share": share / 100, "stratified": stratified}


def _hidden_labels(inspection: Inspection, dataset: str) -> dict[str, Any]:
    """Types left out, labels kept for calibration, and the published notebook's leak."""
    types = sorted(inspection.cells[keys.TRUE].dropna().astype(str).unique())
    left_out = st.multiselect("Leave types out", types, key=f"left_out-{dataset}", persist_state="session")
    st.caption("No model sees their labels: does it say that it does not know them?")
    kept = st.slider(
        "Keep labels back for calibration",
        0,
        50,
        0,
        5,
        format="%d %%",
        key="calibration_share",
        persist_state="session",
        help="Share of the labelled cells whose labels are kept from the model, to fit a temperature that makes its "
        "confidence mean what it says.",
    )
    leak = st.toggle("Hide labels the way the published notebook does", key="leak", persist_state="session")
    st.caption("This leaks: query labels stay visible, so scores are of labels that the model has seen.")
    return {"left_out_types": tuple(sorted(left_out)), "calibration_share": kept / 100, "leak": leak}


def split_picture(inspection: Inspection, settings: SplitSettings) -> bool:
    """The split as bars, with its numbers above. Raises DataError."""
    split = make_split(inspection.cells[keys.TRUE], inspection.cells[keys.BATCH_COLUMN], settings)
    st.markdown(inert.markdown(split_sentence(split)))
    by_batch = inspection.cells[keys.BATCH_COLUMN].nunique() > 1
    rows = controls.choice("Bars", ["Batches", "Types"], "split_bars") if by_batch else "Types"
    column = keys.BATCH_COLUMN if rows == "Batches" else keys.TRUE
    show_figure(
        charts.split_bars(split.cells, column, narrow=is_narrow()),
        "split",
        alt=f"Number of reference, labelled, hidden and test cells, as bars; rows: {rows.lower()}.",
        runs=(),
    )
    for warning in split.warnings:
        st.warning(inert.markdown(warning))
    return True


def split_sentence(split: Split) -> inert.Markdown:
    """Rate and counts of the split, as a sentence."""
    found = split.summary()
    parts = [
        inert.Markdown(
            f"**{wording.percent(found['labelled_rate'], 1)} labelled: {wording.cells(found['n_labelled'])}**"
        ),
        f"{wording.count(found['n_hidden'])} hidden",
        f"{wording.count(found['n_test'])} test",
    ]
    if found["n_reference"]:
        parts.insert(0, f"{wording.count(found['n_reference'])} reference")
    if found["n_calibration"]:
        parts.append(f"{wording.count(found['n_calibration'])} kept for calibration")
    if found["n_missing"]:
        parts.append(f"{wording.count(found['n_missing'])} without a label")
    return inert.markdown(*parts, between=" · ")
