"""The Predictions page's comparison of methods: means and differences over the home's seeds and splits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.evaluation.uncertainty.significance import Interval
from semafo.runs.compare import differences
from semafo.runs.compare.differences import MethodGroup
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.mix import Mix
from semafo.settings.run_config import RunConfig
from semafo.ui import charts
from semafo.ui.charts import Estimate, Row
from semafo.ui.predictions.run_differences import DIFFERENCE_AXIS
from semafo.ui.session import navigation
from semafo.ui.session.home import all_rows, current_home
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import downloads
from semafo.ui.widgets.figure import show_figure

METHOD_COLOUR = "#5B6875"
ONE_SEED = (
    "One seed proves nothing about the methods, and this home has no finished runs of other seeds or splits with these "
    "settings: train the same mixes with more seeds (five are a start) to compare methods."
)


def show(runs: Sequence[ChosenRun], narrow: bool) -> None:
    """What the home's runs say about the methods: means over seeds and splits, and their differences."""
    ready = [run for run in runs if run.record.has_maps]
    found = [group for group in _groups(related(ready)) if _n_pairs(group) > 1]
    st.subheader("Over seeds and splits", anchor=False)
    if not found:
        st.markdown(ONE_SEED)
        st.page_link(navigation.TRAIN_PAGE, label="Train more seeds")
        return
    colours_of = _colours_of_mixes(ready)
    for i, group in enumerate(found):
        if len(found) > 1:
            st.markdown(inert.Markdown(f"**{inert.markdown(_setting(group.config))}**"))
        frame = score_frame(group)
        st.dataframe(
            frame,
            hide_index=True,
            key=f"methods-{i}",
            width="stretch" if narrow else "content",
            column_config={"Method": st.column_config.TextColumn(width=150 if narrow else 270)},
        )
        rows = difference_rows(group, colours_of)
        if rows:
            figure = charts.forest(rows, DIFFERENCE_AXIS, zero=0.0, narrow=narrow)
            show_figure(
                figure,
                f"method-differences-{i}",
                alt=f"{len(rows)} mean differences in accuracy between methods, with their intervals.",
                caption=caption(group),
                runs=(),
            )
        else:
            st.caption(inert.markdown(caption(group)))
        downloads.csv_button(frame, f"methods-{i}")


def _n_pairs(group: MethodGroup) -> int:
    """Most runs that one method has, each with a split and seed of its own."""
    return max((row.n_runs for row in group.scores), default=0)


def score_frame(group: MethodGroup) -> pd.DataFrame:
    """Mean scores of each method with their intervals, baselines last."""
    return pd.DataFrame(
        [
            {
                "Method": wording.capitalised(wording.BASELINES[row.name]) if row.is_baseline else row.name,
                "Runs": row.n_runs,
                "Splits": row.n_splits,
                "Seeds": row.n_seeds,
                "Accuracy": _mean(row.accuracy, row.accuracy_interval),
                "Balanced": _mean(row.balanced_accuracy, row.balanced_accuracy_interval),
            }
            for row in group.scores
        ]
    )


def _mean(mean: float, interval: Interval | None) -> str:
    return f"{wording.score(mean)} {wording.interval(interval.low, interval.high) if interval else ''}".strip()


def difference_rows(group: MethodGroup, colours_of: Mapping[str, str]) -> list[Row]:
    """Rows of the forest plot: each pair of methods, then each method against the best baseline."""
    rows = []
    for contrast in group.differences:
        d, is_baseline = contrast.difference, contrast.a in wording.BASELINES
        better = contrast.b if d.mean > 0 or is_baseline else contrast.a
        numbers = f"{wording.points(d.mean)} {wording.points_interval(d.low, d.high)}"
        verdict = [] if d.is_clear else [wording.NO_CLEAR_DIFFERENCE]
        lines = [f"{contrast.b} minus {wording.BASELINES.get(contrast.a, contrast.a)}", f"{numbers} points"]
        lines += [f"pairs of runs: {d.n_pairs}, splits: {d.n_splits}", *verdict]
        hover = inert.plotly(*lines, between="<br>")
        ends = (100 * d.mean, 100 * d.low, 100 * d.high)
        estimate = Estimate(*ends, colours_of.get(better, METHOD_COLOUR), hover=hover, is_clear=d.is_clear)
        title = f"Against the best baseline, {wording.BASELINES[contrast.a]}" if is_baseline else "Pairs of methods"
        label = f"{contrast.b} minus {'baseline' if is_baseline else contrast.a}"
        rows.append(Row(label, (estimate,), f"{numbers} · {wording.counted(d.n_pairs, 'pair')}", title))
    return rows


def caption(group: MethodGroup) -> str:
    """What the intervals are, and what they leave out."""
    open_ends = sorted({name for contrast in group.differences for name in contrast.difference.not_covered})
    limits = (
        f" There is one of these alone, so nothing is said about others: {', '.join(open_ends)}." if open_ends else ""
    )
    return (
        "All finished runs of this home that differ from the chosen ones in mix and seeds only. Means: 95 % by "
        "Student's t over splits, or over seeds where there is one split. Differences: 95 %, hierarchical bootstrap "
        f"over splits, seeds, batches, then cells; grey is {wording.NO_CLEAR_DIFFERENCE}.{limits}"
    )


def related(runs: Sequence[ChosenRun]) -> list[RunRecord]:
    """Finished runs of the home that differ from one of these in mix, training seed and split seed only."""
    designs = {_design(run.record.config) for run in runs}
    names = {run.record.config.dataset.name for run in runs}
    done = [row for row in all_rows() if row["state"] == keys.DONE and row["dataset"] in names]
    records = [RunRecord(current_home().run(row["run_id"])) for row in done]
    return sorted((record for record in records if _design(record.config) in designs), key=_mix_first)


def _mix_first(record: RunRecord) -> tuple:
    """scANVI, SemafoVAE, Both, then others; by split and seed."""
    mix, config = record.config.mix, record.config
    return (mix.w_semafo, mix.w_scanvi, mix.name, config.split.split_seed, config.train.seed)


def _design(config: RunConfig) -> RunConfig:
    return replace(config, mix=Mix(), split=replace(config.split, split_seed=0), train=replace(config.train, seed=0))


def _colours_of_mixes(runs: Sequence[ChosenRun]) -> dict[str, str]:
    """The colour of the only chosen run of a mix; mixes of several or no chosen runs have none of their own."""
    mixes = [run.record.config.mix.name for run in runs]
    return {mix: run.colour for mix, run in zip(mixes, runs, strict=True) if mixes.count(mix) == 1}


def _setting(config: RunConfig) -> str:
    rate = config.title.split(" · ")[1]
    return f"{short_dataset(config.dataset.name)}, {wording.FORMS[config.form]}, {rate}"


def _groups(records: Sequence[RunRecord]) -> list[MethodGroup]:
    stamps = tuple(sorted((record.run_id, _written(record)) for record in records))
    return _cached_methods(str(current_home().path), stamps, records)


def _written(record: RunRecord) -> int:
    """When the last of the files was written that a comparison of methods reads."""
    paths = [record.folder / name for name in (keys.PREDICTIONS_FILE, keys.BASELINE_CELLS_FILE)]
    return max((path.stat().st_mtime_ns for path in paths if path.exists()), default=0)


@st.cache_resource(max_entries=8, show_spinner="Comparing methods over seeds and splits")
def _cached_methods(home: str, stamps: tuple, _records: Sequence[RunRecord]) -> list[MethodGroup]:
    return differences.methods(_records)
