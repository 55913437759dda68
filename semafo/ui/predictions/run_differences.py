"""The Predictions page's comparisons of two runs on the same cells, and of runs with their best baseline."""

from collections.abc import Sequence
from itertools import combinations

import streamlit as st

from semafo import inert, keys, wording
from semafo.evaluation.uncertainty.significance import PairedDifference
from semafo.runs.compare import differences
from semafo.ui import charts
from semafo.ui.charts import Estimate, Row, colours
from semafo.ui.session import grouping
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import score_tables
from semafo.ui.widgets.figure import show_figure

DIFFERENCE_AXIS = "Difference in accuracy, percentage points"
LONGEST_NAME = 34  # characters of a run's name in a row; whole on hover
MANY = 6  # intervals of which one may well miss by chance


def show(runs: Sequence[ChosenRun], narrow: bool) -> None:
    """Every pair of runs, and each run against the best baseline, on the same test cells."""
    groups = [[run for run in group if score_tables.is_tested(run)] for group in grouping.by_test_cells(runs)]
    groups = [group for group in groups if group]
    rows = [row for i, group in enumerate(groups) for row in difference_rows(group, narrow, _head(group, len(groups)))]
    if rows or len(groups) > 1:
        st.subheader("Differences between these runs", anchor=False)
    if rows:
        figure = charts.forest(rows, DIFFERENCE_AXIS, zero=0.0, narrow=narrow)
        chance = f" Of {len(rows)} intervals, about one in twenty misses by chance alone." if len(rows) > MANY else ""
        show_figure(
            figure,
            "differences",
            alt=f"{len(rows)} differences in accuracy between runs on the same test cells, with their intervals.",
            caption="Same test cells. Right of the line the first named is better; grey is "
            f"{wording.NO_CLEAR_DIFFERENCE}. "
            "Intervals: 95 %, paired bootstrap over cells; p: McNemar's exact test. Both speak about these two runs "
            f"alone, not about the methods.{chance}",
        )
    if len(groups) > 1:
        names = wording.listed([_names(group) for group in groups])
        st.caption(
            inert.markdown(
                f"No comparison between {names}: their test cells differ (another data set, split seed, test share or "
                "reference), so a difference in accuracy could come from the cells."
            )
        )


def _head(group: Sequence[ChosenRun], n_groups: int) -> str:
    if n_groups == 1:
        return ""
    config = group[0].record.config
    return f"{short_dataset(config.dataset.name)}, {wording.FORMS[config.form]}, split {config.split.split_seed}: "


def _names(group: Sequence[ChosenRun]) -> str:
    return group[0].name if len(group) == 1 else f"({', '.join(run.name for run in group)})"


def difference_rows(group: Sequence[ChosenRun], narrow: bool, head: str = "") -> list[Row]:
    """Rows of the forest plot: pairs in the runs' order, later minus earlier, then runs minus the best baseline."""
    whole = dict(zip(group, wording.without_common_parts([run.name for run in group]), strict=True))
    short = {run: wording.shortened(name, LONGEST_NAME) for run, name in whole.items()}
    rows = []
    for first, second in combinations(group, 2):
        difference = _between(first, second)
        if difference is not None:
            label, said = (
                inert.plotly(_named(names[second], second), "minus", _named(names[first], first), between=" ")
                for names in (short, whole)
            )
            better = second if difference.difference > 0 else first
            rows.append(_row(label, said, difference, better.colour, f"{head}pairs of runs"))
    found = against_baseline(group)
    if found:
        best, _, by_run = found
        title = f"{head}against the best baseline, {wording.BASELINES[best]}"
        for run, difference in by_run.items():
            minus = "" if narrow else " minus baseline"
            label, said = (inert.plotly(_named(names[run], run), minus) for names in (short, whole))
            rows.append(_row(label, said, difference, run.colour, title))
    return rows


def _named(name: str, run: ChosenRun) -> inert.FigureText:
    return inert.plotly(colours.mark(run.colour), name, between=" ")


def _row(label: inert.FigureText, said: inert.FigureText, d: PairedDifference, colour: str, group: str) -> Row:
    low, high = (None if end is None else 100 * end for end in (d.low, d.high))
    numbers = f"{wording.points(d.difference)} {wording.points_interval(d.low, d.high)}"
    only = f"right only in the first: {wording.count(d.n_only_b)}, only in the second: {wording.count(d.n_only_a)}"
    verdict = [] if d.is_clear else [wording.NO_CLEAR_DIFFERENCE]
    p_value = wording.p_value(d.p_value)
    lines = [said, f"{numbers} points, {p_value}", f"n {wording.count(d.n)}, {only}", *verdict]
    hover = inert.plotly(*lines, between="<br>")
    estimate = Estimate(100 * d.difference, low, high, colour, hover=hover, is_clear=d.is_clear)
    return Row(label, (estimate,), f"{numbers} · {p_value}", wording.capitalised(group))


def against_baseline(
    group: Sequence[ChosenRun],
) -> tuple[str, dict[str, float], dict[ChosenRun, PairedDifference]] | None:
    """The baseline with the best accuracy, its scores, and each run's difference from it; None without baselines."""
    rows = [
        (scores["test"], name)
        for run in group
        for name, scores in run.record.baselines().items()
        if wording.is_number((scores.get("test") or {}).get("accuracy"))
    ]
    if not rows:
        return None
    scores, best = max(rows, key=lambda row: row[0]["accuracy"])
    compared = {run: _from_baseline(run, best) for run in group}
    found = {run: difference for run, difference in compared.items() if difference is not None}
    return (best, scores, found) if found else None


def _between(first: ChosenRun, second: ChosenRun) -> PairedDifference | None:
    return _cached_between(_stamp(first), _stamp(second), first, second)


def _from_baseline(run: ChosenRun, name: str) -> PairedDifference | None:
    return _cached_from_baseline(_stamp(run), name, run)


def _stamp(run: ChosenRun) -> tuple[str, int]:
    path = run.record.folder / keys.PREDICTIONS_FILE
    return str(path), path.stat().st_mtime_ns


@st.cache_resource(max_entries=256, show_spinner=False)
def _cached_between(first: tuple, second: tuple, _first: ChosenRun, _second: ChosenRun) -> PairedDifference | None:
    return differences.between(_first.record, _second.record)


@st.cache_resource(max_entries=128, show_spinner=False)
def _cached_from_baseline(stamp: tuple, name: str, _run: ChosenRun) -> PairedDifference | None:
    return differences.from_baseline(_run.record, name)
