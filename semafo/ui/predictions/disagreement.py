"""The Predictions page's section on two runs: the cells that one gets right and the other wrong."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.runs.compare import disagreement as flipped
from semafo.runs.compare.disagreement import FIRST, Share
from semafo.runs.folder.run_record import RunRecord
from semafo.ui import charts
from semafo.ui.charts import FlipRow
from semafo.ui.maps import chosen_cells, selection
from semafo.ui.session import grouping, navigation
from semafo.ui.session.run_results import Artefacts, artefacts
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls, downloads, gene_tables, score_tables
from semafo.ui.widgets.figure import show_figure
from semafo.ui.widgets.gene_tables import Groups

PURPOSE = (
    "Two runs of like accuracy need not be right about the same cells: here is what each of them alone gets right."
)
ALL_TYPES = "All types"
N_FLIPS = 6
MEANING = (
    "p is McNemar's exact test: how often so uneven a division of these cells would come about, were both runs right "
    "equally often. It speaks of these two runs alone, not of the methods: one seed disagrees with another, too."
)


def show(runs: Sequence[ChosenRun], narrow: bool) -> None:
    """Two runs of the same test cells, and what each of them alone gets right."""
    st.subheader("Where two runs disagree", anchor=False)
    st.markdown(PURPOSE)
    pool = candidates(runs)
    if not pool:
        st.caption("For this choose two runs with the same labelled test cells: same data, split seed and test share.")
        return
    pair = _pick(pool)
    if pair is None:
        return
    first, second = (run.record for run in pair)
    found = _found(artefacts(first).key, artefacts(second).key, first, second)
    short = wording.without_common_parts([run.name for run in pair])
    st.markdown(inert.markdown(summary(found, short)))
    if not found.only_first.count + found.only_second.count:
        return
    by_type = found.by_type()
    picture, sentences = (st.container(), st.container()) if narrow else st.columns([3, 2], gap="large")
    with picture:
        _picture(by_type, pair, short, narrow)
    with sentences:
        _sentences(found, pair, short)
    _genes(pair, short, by_type)
    _tables(by_type, pair, short)


def candidates(runs: Sequence[ChosenRun]) -> list[ChosenRun]:
    """Runs that share their labelled test cells with another chosen one, the first such pair in front."""
    groups = [[run for run in group if score_tables.is_tested(run)] for group in grouping.by_test_cells(runs)]
    return [run for group in groups if len(group) > 1 for run in group]


def _pick(pool: Sequence[ChosenRun]) -> tuple[ChosenRun, ChosenRun] | None:
    """The two runs that are compared, of those with the same test cells as the first one."""
    names = {run.name: run for run in pool}
    first_column, second_column, _ = st.columns([2, 2, 1])
    with first_column:
        first = names[controls.pick("This run", list(names), "differ_first") or pool[0].name]
    partners = [run for group in grouping.by_test_cells(pool) if first in group for run in group if run != first]
    with second_column:
        second = controls.pick("and this run", [run.name for run in partners], "differ_second")
    return (first, names[second]) if second in names else None


def summary(found: flipped.Disagreement, short: Sequence[str]) -> inert.Markdown:
    """Both numbers with their intervals, and the test once."""
    both, neither = wording.count(found.both_right.count), wording.count(found.both_wrong.count)
    left_out = (
        f" {wording.cells(found.n_left_out).capitalize()} of types that one of them was never shown are left out."
        if found.n_left_out
        else ""
    )
    if not found.only_first.count + found.only_second.count:
        return inert.markdown(
            f"On the {wording.count(found.n)} test cells they never disagree about what is right.{left_out}"
        )
    return inert.Markdown(
        f"Of the {wording.count(found.n)} test cells, **{inert.markdown(short[0])}** alone gets "
        f"{inert.markdown(_share(found.only_first))} right, **{inert.markdown(short[1])}** alone "
        f"{inert.markdown(_share(found.only_second))}; both get {inert.markdown(both)} right, neither "
        f"{inert.markdown(neither)}. McNemar: {wording.p_value(found.p_value)}.{inert.markdown(left_out)}"
    )


def _share(share: Share) -> inert.Markdown:
    """`23 (2.8 % [1.9, 4.2])`."""
    low, high = share.interval
    shown = f"{wording.percent(share.value, 1)} {wording.points_interval(low, high)}"
    return inert.Markdown(f"**{wording.count(share.count)}** ({inert.markdown(shown)})")


def _picture(by_type: pd.DataFrame, pair: tuple[ChosenRun, ChosenRun], short: Sequence[str], narrow: bool) -> None:
    rows = [row for row in flip_rows(by_type, short) if row.left or row.right]
    left, right = ((name, run.colour) for name, run in zip(short, pair, strict=True))
    show_figure(
        charts.flip_bars(rows, left, right, narrow=narrow),
        "flips",
        alt=f"Test cells by type that only {short[0]}, or only {short[1]}, gets right: {len(rows)} types.",
        caption=f"Test cells that one run alone gets right, by their true type. {MEANING}",
        runs=pair,
    )


def flip_rows(by_type: pd.DataFrame, short: Sequence[str]) -> list[FlipRow]:
    """Rows of the picture, in the table's order."""
    return [
        FlipRow(row["type"], row["only_first"], row["only_second"], *(_hover(row, *side) for side in _sides(short)))
        for row in by_type.to_dict("records")
    ]


def _sides(short: Sequence[str]) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("only_first", short[0]), ("only_second", short[1])


def _hover(row: dict, column: str, name: str) -> inert.FigureText:
    ends = wording.points_interval(row[f"{column}_low"], row[f"{column}_high"])
    of = f"{wording.count(row[column])} of {wording.count(row['n'])} {row['type']} cells"
    share = f"{wording.percent(row[f'{column}_share'], 1)} {ends}"
    return inert.plotly(f"{of}: only {name} is right", share, between="<br>")


def _sentences(found: flipped.Disagreement, pair: tuple[ChosenRun, ChosenRun], short: Sequence[str]) -> None:
    """The commonest flips in words, and the way to the map."""
    lines = [inert.Markdown(f"- {inert.markdown(line)}") for line in flip_lines(found, short)]
    st.markdown(inert.markdown(inert.Markdown("**The commonest flips**"), *lines, between="\n"))
    counts = (found.only_first.count, found.only_second.count)
    for i, (name, n) in enumerate(zip(short, counts, strict=True)):
        right, wrong = pair[i], pair[1 - i]
        chosen = selection.OneRightOneWrong(right.run_id, wrong.run_id)
        label = f"Show the {wording.cells(n)} that only {name} gets right"
        if n and st.button(inert.markdown(label), key=f"flips_{i}", icon=":material/scatter_plot:", type="tertiary"):
            selection.choose(chosen)
            navigation.go_to(navigation.LATENT_PAGE)


def flip_lines(found: flipped.Disagreement, short: Sequence[str]) -> list[str]:
    """`12 Dendritic cells: scANVI right, SemafoVAE says CD14+ Monocyte.`"""
    lines = []
    for row in found.flips(N_FLIPS).itertuples():
        right, wrong = short if row.right == FIRST else short[::-1]
        noun = wording.numbered(row.count, "cell")
        lines.append(f"{wording.count(row.count)} {row.type} {noun}: {right} right, {wrong} says {row.said}")
    return lines


def _genes(pair: tuple[ChosenRun, ChosenRun], short: Sequence[str], by_type: pd.DataFrame) -> None:
    """Genes that tell the flipped cells from those of the same type that both get right."""
    flipping = by_type[by_type["only_first"] + by_type["only_second"] > 0]
    with st.expander("Genes of the flipped cells"):
        side_column, type_column, _ = st.columns([2, 2, 1])
        with side_column:
            side = controls.pick("Cells that", [f"only {name} gets right" for name in short], "differ_side")
        with type_column:
            only = controls.pick("Of type", [*flipping["type"], ALL_TYPES], "differ_type")
        place = 1 if side == f"only {short[1]} gets right" else 0
        right, wrong = pair[place], pair[1 - place]
        types = list(flipping["type"]) if only in (ALL_TYPES, None) else [only]
        chosen = selection.OneRightOneWrong(right.run_id, wrong.run_id)
        groups = groups_of(artefacts(right.record), selection_mask(pair, chosen), both_right(pair, place), types)
        gene_tables.show(right, groups, f"{selection.to_text(chosen)}:{only}", "flips")
        if only == ALL_TYPES and len(types) > 1:
            st.caption(
                "Over several types, genes of the types that are flipped most come out as well: choose one type."
            )


def selection_mask(pair: Sequence[ChosenRun], chosen: selection.OneRightOneWrong) -> np.ndarray:
    """Cells of the right run's table that are flipped, (n,) bool."""
    right = next(run for run in pair if run.run_id == chosen.right_run_id)
    return chosen_cells.mask(artefacts(right.record), chosen, pair)


def both_right(pair: Sequence[ChosenRun], place: int) -> np.ndarray:
    """Test cells, in the order of one of the runs, that it gets right and the other one too, (n,) bool."""
    own = artefacts(pair[place].record)
    alone = selection_mask(pair, selection.OneRightOneWrong(pair[place].run_id, pair[1 - place].run_id))
    return chosen_cells.is_right(own) & chosen_cells.in_population(own, selection.TEST) & ~alone


def groups_of(found: Artefacts, flips: np.ndarray, right: np.ndarray, types: Sequence[str]) -> Groups:
    """Flipped cells of these types, and those that both runs get right."""
    of_types = found.coded(keys.TRUE).isin(types)
    name = f"{types[0]} cells" if len(types) == 1 else "cells of these types"
    return Groups(flips & of_types, right & of_types, f"flipped {name}", f"{name} that both get right")


def _tables(by_type: pd.DataFrame, pair: tuple[ChosenRun, ChosenRun], short: Sequence[str]) -> None:
    frame = table(by_type, short)
    with st.expander("As a table"):
        st.dataframe(frame, hide_index=True, key="flip_table", height="content")
    downloads.csv_button(
        by_type.rename(
            columns=lambda name: name.replace("only_first", f"only {pair[0].name}").replace(
                "only_second", f"only {pair[1].name}"
            )
        ),
        "flips",
    )


def table(by_type: pd.DataFrame, short: Sequence[str]) -> pd.DataFrame:
    """By type: n, and for each run the cells that it alone gets right, with share and 95 % interval in per cent."""
    return pd.DataFrame(
        [
            {
                "Type": row["type"],
                "n": row["n"],
                **{f"Only {name}": row[column] for column, name in _sides(short)},
                **{
                    f"{name}, % of the type": f"{wording.points(row[f'{column}_share'], False)} "
                    f"{wording.points_interval(row[f'{column}_low'], row[f'{column}_high'])}"
                    for column, name in _sides(short)
                },
            }
            for row in by_type.to_dict("records")
        ]
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _found(first_key: str, second_key: str, _first: RunRecord, _second: RunRecord) -> flipped.Disagreement:
    return flipped.between(_first, _second)
