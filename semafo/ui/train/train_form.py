"""The Train page's controls: the mixes, the seeds, what the button starts."""

from collections.abc import Sequence

import streamlit as st

from semafo import wording
from semafo.runs.background.preflight import Inspection
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.ui.session import tray

GREY = "#98A2AC"
FORMULA_CAPTION = (
    "Loss of a cell: R reconstruction, Rc scANVI's regulariser, Rs SemafoVAE's (Rn normalised), K the KL terms with a "
    "weight β that grows from 0, CE the classification of labelled cells. Grey terms have weight 0."
)


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


def configs(
    dataset: DatasetSpec, split: SplitSettings, chosen: Sequence[Mix], trains: Sequence[TrainSettings]
) -> list[RunConfig]:
    """Every mix with every seed."""
    return [RunConfig(dataset, split, mix, train) for train in trains for mix in chosen]


def button_label(n: int) -> str:
    """`Train 3 models`."""
    return f"Train {wording.counted(n, 'model')}"


def cost(inspection: Inspection, n_models: int) -> None:
    """What pressing the button will take."""
    if n_models:
        seconds = inspection.report["expected_seconds"]
        st.caption(
            f"{wording.about(seconds).capitalize()} a model, less where the scVI stage is shared. {_fit(n_models)}"
        )


def _fit(n_models: int) -> str:
    if n_models <= tray.TRAY_SIZE:
        return ""
    return f"The first {tray.TRAY_SIZE} are shown side by side; the others are on the Runs page."
