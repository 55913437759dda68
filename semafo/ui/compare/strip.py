"""Train another column from here: the first column's cells with another labelled rate, mix or number of seeds."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from semafo import inert, wording
from semafo.settings.mix import CORNERS, Mix
from semafo.settings.run_config import RunConfig
from semafo.ui.compare.verdict import start_beside
from semafo.ui.session.tray import ChosenColumn
from semafo.ui.shell.errors import attempt

RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
MOST_SEEDS = 10
NAMES = {Mix(*weights).name: Mix(*weights) for weights in CORNERS.values()}


def show(columns: Sequence[ChosenColumn]) -> None:
    """Labelled rate, mix, seeds, and the button, into the row of controls."""
    base = columns[0].runs[0].record.config
    rate = _rate(base)
    mix = _mix(base, columns)
    n_seeds = st.number_input(
        "Seeds",
        1,
        MOST_SEEDS,
        min(len(columns[0].runs), MOST_SEEDS),
        key="strip_seeds",
        width=110,
        help="Training seeds 0, 1, 2 … of the new column. One seed proves nothing about a method.",
    )
    configs = missing(variations(base, rate, mix, int(n_seeds)), columns)
    label = f"Train {wording.counted(len(configs), 'run')}" if configs else "Trained"
    hint = "Trains another column beside these: the same cells with this labelled rate, mix and number of seeds."
    if st.button(
        inert.markdown(label),
        key="strip_train",
        disabled=not configs,
        icon=":material/add:",
        help=hint and inert.markdown(hint),
    ):
        attempt(start_beside, configs)
        st.rerun()


def variations(base: RunConfig, rate: float | None, mix: Mix, n_seeds: int) -> list[RunConfig]:
    """Settings of a column with another rate (None: as it is) and mix, and so many training seeds from 0."""
    split = base.split if rate is None else replace(base.split, labelled_rate=rate)
    config = replace(base, split=split, mix=mix)
    return [replace(config, train=replace(config.train, seed=seed)) for seed in range(n_seeds)]


def missing(configs: Sequence[RunConfig], columns: Sequence[ChosenColumn]) -> list[RunConfig]:
    """Those that no run of the columns has."""
    there = {run.record.config for column in columns for run in column.runs}
    return [config for config in configs if config not in there]


def _rate(base: RunConfig) -> float | None:
    """The labelled rate; None where labels are seen by whole batches, or all are."""
    if base.split.labelled_batches is not None or base.split.reference_only or base.split.leak:
        return None
    rates = sorted({*RATES, base.split.labelled_rate})
    picked = st.selectbox(
        "Labelled rate",
        rates,
        rates.index(base.split.labelled_rate),
        format_func=lambda rate: wording.percent(rate, 0 if 100 * rate == round(100 * rate) else 1),
        key="strip_rate",
        width=115,
    )
    return float(picked)


def _mix(base: RunConfig, columns: Sequence[ChosenColumn]) -> Mix:
    """A corner, a mix of the columns, or one with weights in between; with the weighting and head of the first."""
    mixes = {**NAMES, **{column.runs[0].record.config.mix.name: column.runs[0].record.config.mix for column in columns}}
    for w_semafo in (0.25, 0.5, 0.75):
        mix = Mix(1.0 - w_semafo, w_semafo)
        mixes.setdefault(mix.name, mix)
    name = st.selectbox("Mix", list(mixes), key="strip_mix", width=150)
    picked = mixes[name]
    return picked if picked.head != "classifier" else replace(picked, head=base.mix.head)
