"""The Train page's controls: the mixes, the seeds, what the button starts."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import streamlit as st

from semafo import wording
from semafo.runs.background.preflight import Inspection
from semafo.settings.mix import HEADS, LABEL_WEIGHTINGS, Mix
from semafo.settings.run_config import CONSTANT, ONE_CYCLE, DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.ui import presets, state

GREY = "#98A2AC"
_SCHEDULES = {ONE_CYCLE: "One-cycle (fast)", CONSTANT: "Constant (scvi-tools)"}
_ACCELERATORS = {"auto": "A GPU if there is one", "cpu": "The CPU"}
FORMULA_CAPTION = (
    "Loss of a cell: R reconstruction, Rc scANVI's regulariser, Rs SemafoVAE's (Rn normalised), K the KL terms with a "
    "weight β that grows from 0, CE the classification of labelled cells. Grey terms have weight 0."
)


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
    kept = {"key": key, "help": help, "persist_state": "session"}
    chosen = st.pills(label, options, selection_mode="multi", default=[options[0]], **kept)
    return chosen or options[:1]


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
        schedule = st.radio(
            "Schedule",
            list(_SCHEDULES),
            format_func=_SCHEDULES.get,
            key="schedule",
            horizontal=True,
            persist_state="session",
            help="One-cycle takes a tenth of the time, at about the same accuracy. Constant is scvi-tools' default.",
        )
        by_default = st.checkbox("Epochs by the number of cells", True, key="auto_epochs", persist_state="session")
        first, second = st.columns(2)
        number = {"min_value": 1, "max_value": 1000, "persist_state": "session"}
        epochs = [
            column.number_input(label, value=value, key=key, disabled=by_default, **number)
            for column, label, value, key in (
                (first, "scVI epochs", 200, "epochs_pretrain"),
                (second, "Semi-supervised epochs", 20, "epochs_reference"),
                (first, "Query epochs (surgery)", 100, "epochs_query"),
            )
        ]
        threads = second.number_input(
            "Threads a model",
            value=TrainSettings.n_threads,
            key="n_threads",
            help="Part of the run: another number gives other bits.",
            **{**number, "max_value": 64},
        )
        accelerator = st.radio(
            "Train on",
            list(_ACCELERATORS),
            format_func=_ACCELERATORS.get,
            key="accelerator",
            horizontal=True,
            persist_state="session",
            help="A CPU and a GPU give other bits.",
        )
    chosen = (None, None, None) if by_default else map(int, epochs)
    train = TrainSettings(schedule, *chosen, n_threads=int(threads), accelerator=accelerator)
    return [replace(train, seed=int(seed)) for seed in sorted(seeds)]


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
            f"{wording.about(seconds).capitalize()} a model, less where the scVI stage is shared. {_fit(n_models)}"
        )


def _fit(n_models: int) -> str:
    if n_models <= state.TRAY_SIZE:
        return ""
    return f"The first {state.TRAY_SIZE} are shown side by side; the others are on the Runs page."
