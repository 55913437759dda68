"""How models are trained: seeds, and the settings that are folded away."""

from dataclasses import replace
from typing import Any

import streamlit as st

from semafo import inert, wording
from semafo.settings.run_config import TrainSettings

_SCHEDULE_HELP = (
    "Constant is scvi-tools' own. Condensed comes close to it in fewer epochs; docs/performance.md says how close. The "
    "preview is faster still, and for a first look only: it changes how batches mix, and turns differences between "
    "methods round."
)
_ACCELERATORS = {"auto": "A GPU if there is one", "cpu": "The CPU"}


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
            list(wording.SCHEDULES),
            format_func=wording.SCHEDULES.get,
            key="schedule",
            horizontal=True,
            persist_state="session",
            help=_SCHEDULE_HELP,
        )
        by_default = st.checkbox("Epochs by the number of cells", True, key="auto_epochs", persist_state="session")
        first, second = st.columns(2)
        number: dict[str, Any] = {"min_value": 1, "max_value": 1000, "persist_state": "session"}
        epochs = [
            column.number_input(inert.markdown(label), value=value, key=key, disabled=by_default, **number)
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
    pretrain, reference, query = (None, None, None) if by_default else map(int, epochs)
    train = TrainSettings(schedule, pretrain, reference, query, n_threads=int(threads), accelerator=accelerator)
    return [replace(train, seed=int(seed)) for seed in sorted(seeds)]
