"""The Train page's controls: the split, the mixes, the seeds."""

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from semafo import keys
from semafo.data.split import Split, make_split
from semafo.runs.inspect import Inspection
from semafo.settings import LABEL_WEIGHTINGS, DatasetSpec, Mix, RunConfig, SplitSettings, TrainSettings
from semafo.ui import charts, controls, presets, state, words

ONE_STAGE, SURGERY = "All cells together", "Query onto a reference"
BY_RATE, BY_BATCH = "Share of the cells", "Whole batches"
GREY = "#98A2AC"
FORMULA_CAPTION = (
    "Loss of a cell: R reconstruction, Rc scANVI's regulariser, Rs SemafoVAE's (Rn normalised), K the KL terms with a "
    "weight β that grows from 0, CE the classification of labelled cells. Grey terms have weight 0."
)


def split_settings(inspection: Inspection, dataset: str) -> SplitSettings:
    """Reference, labelled rate or labelled batches. Raises SettingsError."""
    batches = sorted(inspection.cells[keys.BATCH_COLUMN].astype(str).unique())
    form = ONE_STAGE
    if len(batches) > 1:
        form = controls.choice(
            "Training",
            [ONE_STAGE, SURGERY],
            "train_form",
            help="Together: one model on all cells, in one stage. Onto a reference: a model of the reference is built "
            "first, then the query is mapped onto it (scArches surgery).",
        )
    reference = _reference(batches, dataset) if form == SURGERY else ()
    query = [batch for batch in batches if batch not in reference]
    by = controls.choice("Labels seen by the model", [BY_RATE, BY_BATCH], "label_mode") if len(query) > 1 else BY_RATE
    place = st.container()
    advanced = _advanced_split()  # below the labelled rate, whose reach it decides
    if by == BY_BATCH:
        labelled = place.multiselect(
            "Labelled batches", query, key=f"labelled-{dataset}-{form}", persist_state="session"
        )
        return SplitSettings(reference, labelled_batches=tuple(sorted(labelled)), **advanced)
    return SplitSettings(reference, labelled_rate=_rate(place, form, advanced["test_share"]), **advanced)


def _reference(batches: Sequence[str], dataset: str) -> tuple[str, ...]:
    chosen = st.multiselect(
        "Reference batches",
        batches,
        default=batches[: max(1, len(batches) // 2)],
        key=f"reference-{dataset}",
        persist_state="session",
        help="Their labels are all known. Every other batch is query.",
    )
    return tuple(sorted(chosen))


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
        help=f"Labelled cells as a share of the {meaning}. A higher rate keeps the labels of a lower one.",
    )
    return percent / 100


def _advanced_split() -> dict[str, object]:
    """Test share, stratification and split seed, folded."""
    with st.expander("Test cells"):
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
        seed = st.number_input("Split seed", 0, 9999, 0, key="split_seed", persist_state="session")
    return {"test_share": share / 100, "stratified": stratified, "split_seed": int(seed)}


def split_picture(inspection: Inspection, settings: SplitSettings) -> bool:
    """The split as bars, with its numbers above. Raises DataError."""
    split = make_split(inspection.cells[keys.TRUE], inspection.cells[keys.BATCH_COLUMN], settings)
    st.markdown(split_sentence(split))
    by_batch = inspection.cells[keys.BATCH_COLUMN].nunique() > 1
    rows = controls.choice("Bars", ["Batches", "Types"], "split_bars") if by_batch else "Types"
    column = keys.BATCH_COLUMN if rows == "Batches" else keys.TRUE
    figure = charts.split_bars(split.cells, column, narrow=state.is_narrow())
    st.plotly_chart(figure, key="split", config=controls.QUIET_CHART)
    for warning in split.warnings:
        st.warning(warning)
    return True


def split_sentence(split: Split) -> str:
    """Rate and counts of the split, as a sentence."""
    found = split.summary()
    parts = [
        f"**{words.percent(found['labelled_rate'], 1)} labelled: {words.cells(found['n_labelled'])}**",
        f"{words.count(found['n_hidden'])} hidden",
        f"{words.count(found['n_test'])} test",
    ]
    if found["n_reference"]:
        parts.insert(0, f"{words.count(found['n_reference'])} reference")
    if found["n_missing"]:
        parts.append(f"{words.count(found['n_missing'])} without a label")
    return " · ".join(parts)


def mixes() -> list[Mix]:
    """The corners that are ticked and perhaps one mix of one's own, in each chosen label weighting."""
    weights: list[tuple[float, float]] = []
    st.markdown("Mixes", help="Weights of the two regularisers. Ticked mixes are trained together on the same split.")
    with st.container(horizontal=True):
        for mix in presets.corner_mixes():
            if st.checkbox(mix.name, True, key=f"mix-{mix.slug}", persist_state="session"):
                weights.append((mix.w_scanvi, mix.w_semafo))
        own = st.checkbox("Weights of my own", key="mix-own", persist_state="session")
    if own:
        first, second = st.columns(2)
        number = {"min_value": 0.0, "max_value": 10.0, "step": 0.1, "persist_state": "session"}
        w_scanvi = first.number_input("Weight of scANVI's regulariser", value=0.7, key="w_scanvi", **number)
        w_semafo = second.number_input("Weight of SemafoVAE's regulariser", value=0.3, key="w_semafo", **number)
        weights.append((round(w_scanvi, 3), round(w_semafo, 3)))
    weightings = st.pills(
        "Label weighting in SemafoVAE's regulariser",
        LABEL_WEIGHTINGS,
        selection_mode="multi",
        default=[LABEL_WEIGHTINGS[0]],
        key="label_weighting",
        persist_state="session",
        help="published: every label counts the same, as in the paper's code; it shrinks the latent space. normalised: "
        "labels weighted by their probability, with weights that sum to one; not in the paper.",
    )
    chosen = [
        Mix(*pair, label_weighting=weighting) for weighting in weightings or LABEL_WEIGHTINGS[:1] for pair in weights
    ]
    return list(dict.fromkeys(chosen))


def formula(chosen: Sequence[Mix]) -> str:
    """The loss of each mix as LaTeX; a term whose weight is zero is grey."""
    lines = []
    for mix in dict.fromkeys(chosen):
        symbol = "R_{s}" if mix.label_weighting == "published" else "R_{n}"
        terms = _term(mix.w_scanvi, "R_{c}") + _term(mix.w_semafo, symbol)
        lines.append(rf"\textsf{{{mix.name}}}:\quad & R {terms} + \beta K + 50\,\mathrm{{CE}}")
    return r"\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}"


def show_formula(chosen: Sequence[Mix]) -> None:
    """The losses that will be trained."""
    st.latex(formula(chosen))
    st.caption(FORMULA_CAPTION)


def _term(weight: float, symbol: str) -> str:
    text = rf"+ {weight:g}\,{symbol}"
    return rf"\textcolor{{{GREY}}}{{{text}}}" if weight == 0 else text


def train_settings() -> list[TrainSettings]:
    """One for each chosen seed."""
    seeds = st.multiselect(
        "Seeds",
        list(range(10)),
        default=[0],
        key="seeds",
        persist_state="session",
        help="Training seeds: weights, minibatches and draws. One seed proves little; several show the spread.",
    )
    with st.expander("Advanced"):
        by_default = st.checkbox("scVI epochs by the number of cells", True, key="auto_epochs", persist_state="session")
        first, second = st.columns(2)
        number = {"min_value": 1, "persist_state": "session"}
        pretrain = first.number_input(
            "scVI epochs", max_value=1000, value=200, key="epochs_pretrain", disabled=by_default, **number
        )
        reference = second.number_input(
            "Semi-supervised epochs",
            max_value=1000,
            value=TrainSettings.epochs_reference,
            key="epochs_reference",
            **number,
        )
        query = first.number_input(
            "Query epochs (surgery)", max_value=1000, value=TrainSettings.epochs_query, key="epochs_query", **number
        )
        threads = second.number_input(
            "Threads a model",
            max_value=64,
            value=TrainSettings.n_threads,
            key="n_threads",
            help="Part of the run: another number gives other bits.",
            **number,
        )
    epochs = (None if by_default else int(pretrain), int(reference), int(query))
    return [TrainSettings(*epochs, seed=int(seed), n_threads=int(threads)) for seed in sorted(seeds)]


def configs(
    dataset: DatasetSpec, split: SplitSettings, chosen: Sequence[Mix], trains: Sequence[TrainSettings]
) -> list[RunConfig]:
    """Every mix with every seed."""
    return [RunConfig(dataset, split, mix, train) for train in trains for mix in chosen]


def button_label(n: int) -> str:
    """`Train 3 models`."""
    return "Train 1 model" if n == 1 else f"Train {n} models"


def cost(inspection: Inspection, n_models: int) -> None:
    """What pressing the button will take."""
    if n_models:
        seconds = inspection.report["expected_seconds"]
        st.caption(
            f"{words.about(seconds).capitalize()} a model, less where the scVI stage is shared. {_fit(n_models)}"
        )


def _fit(n_models: int) -> str:
    if n_models <= state.TRAY_SIZE:
        return ""
    return f"The first {state.TRAY_SIZE} are shown side by side; the others are on the Runs page."
