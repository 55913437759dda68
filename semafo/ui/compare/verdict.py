"""What the chosen columns allow to say, in a few sentences, and a button that trains the seeds that are missing."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from semafo import inert, wording
from semafo.runs.compare import verdict as run_verdict
from semafo.runs.compare.verdict import Verdict
from semafo.settings.run_config import RunConfig
from semafo.ui.session import tray
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenColumn
from semafo.ui.shell.errors import attempt


def show(columns: Sequence[ChosenColumn]) -> None:
    """The sentences; nothing where no run is finished. While one trains it is too early, and would slow it."""
    if any(run.record.is_active for column in columns for run in column.runs):
        st.caption("What can be said of these methods follows when all of them are trained and scored.")
        return
    found = of(columns)
    if not found.sentences:
        return
    with st.container(key="compare-verdict", gap="xxsmall"):
        for sentence in found.sentences:
            st.markdown(inert.markdown(sentence))
    more = more_seeds(columns, found.more_seeds)
    if more and st.button(
        f"Train {wording.counted(found.more_seeds, 'more seed')} of each ({wording.counted(len(more), 'run')})",
        key="more_seeds",
        icon=":material/add:",
    ):
        attempt(start_beside, more)
        st.rerun()


def of(columns: Sequence[ChosenColumn]) -> Verdict:
    """What can be said; found once for the same files."""
    ready = [[run for run in column.runs if run.record.has_maps] for column in columns]
    names = wording.without_common_parts([column.name for column in columns])
    stamps = tuple(
        (artefacts(run.record).key, run.record.has_scores, bool(run.record.baselines()))
        for group in ready
        for run in group
    )
    return _verdict(tuple(names), stamps, [[run.record for run in group] for group in ready])


@st.cache_data(max_entries=24, show_spinner=False)
def _verdict(names: tuple[str, ...], stamps: tuple, _records: Sequence) -> Verdict:
    return run_verdict.verdict(names, _records)


def more_seeds(columns: Sequence[ChosenColumn], n: int) -> list[RunConfig]:
    """Settings of each column with so many seeds that no column has yet."""
    used = {run.record.config.train.seed for column in columns for run in column.runs}
    fresh = [seed for seed in range(max(used, default=0) + n + 1) if seed not in used][:n]
    configs = [column.runs[0].record.config for column in columns]
    return [replace(config, train=replace(config.train, seed=seed)) for seed in fresh for config in configs]


def start_beside(configs: Sequence[RunConfig]) -> None:
    """Queue runs and put them into the tray beside those that are in it; where it is full, the oldest column leaves."""
    before = tray.run_ids()
    started = tray.start(configs)
    tray.show(before)
    for run_id in started:
        tray.add(run_id)
