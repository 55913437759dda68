"""The Train page's controls: the mixes, the seeds, what the button starts."""

from collections.abc import Sequence

import streamlit as st

from semafo import inert, keys, wording
from semafo.runs.background.preflight import Inspection
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.training.duration import expected_seconds
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
        lines.append(rf"\textsf{{{mix.name}}}:\;& R {terms} + \beta K + 50\,\mathrm{{CE}}")
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


def cost(inspection: Inspection, configs: Sequence[RunConfig]) -> None:
    """What pressing the button will take, on the schedule that was chosen."""
    if configs:
        seconds = sum(expected_seconds(configs[0], _counts(inspection, configs[0])).values())
        n_mixes = len({config.mix for config in configs})
        st.caption(
            inert.markdown(
                f"{wording.about(seconds).capitalize()} a model, less where the scVI stage is shared. {_fit(n_mixes)}"
            )
        )


def _counts(inspection: Inspection, config: RunConfig) -> dict[str, int]:
    """Cells and genes of each stage."""
    n_cells = inspection.report["n_cells"]
    is_reference = inspection.cells[keys.BATCH_COLUMN].astype(str).isin(config.split.reference)
    n_reference = int(is_reference.sum())
    n_query = 0 if config.split.reference_only else n_cells - n_reference
    n_genes = min(inspection.report["n_genes"], config.dataset.n_hvg)
    return {"n_cells": n_cells, "n_genes": n_genes, "n_reference": n_reference, "n_query": n_query}


def _fit(n_mixes: int) -> str:
    if n_mixes <= tray.TRAY_SIZE:
        return ""
    return f"The first {tray.TRAY_SIZE} mixes are shown side by side; the others are on the Runs page."
