"""A sweep while it runs and what it found: the matrix of runs, the curve, tables, and what more labels would buy."""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import streamlit as st

from semafo import inert, keys, wording
from semafo.runs.engine import launch
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.sweeps import curves, summary
from semafo.runs.sweeps import tables as sweep_tables
from semafo.runs.sweeps.clear_differences import Clear, clear_differences
from semafo.runs.sweeps.curves import METRICS, QUERY_ACCURACY, Curve
from semafo.runs.sweeps.sweep import DELETED, Sweep
from semafo.ui.charts.scores.rate_curve import rate_curves
from semafo.ui.session import navigation, tray
from semafo.ui.session.home import current_home
from semafo.ui.session.viewport import is_narrow
from semafo.ui.shell import keep_engine_alive
from semafo.ui.shell.errors import guarded
from semafo.ui.sweep import report as sweep_report
from semafo.ui.widgets import check_findings, controls, downloads
from semafo.ui.widgets.figure import show_figure

EVERY_SECONDS = 2.0
_SHORT = {
    keys.QUEUED: ("○", "waiting"),
    keys.RUNNING: ("◐", "running"),
    keys.DONE: ("●", "done"),
    keys.FAILED: ("✕", "failed"),
    keys.CANCELLED: ("–", "cancelled"),
    DELETED: ("·", "deleted"),
}


def progress(sweep: Sweep) -> None:
    """The matrix of runs, alive while runs work, and what can be done about them."""
    pace = EVERY_SECONDS if sweep.is_active and not sweep.is_paused else None
    st.fragment(_progress, run_every=pace)(sweep.sweep_id, sweep.is_active)


@guarded
def _progress(sweep_id: str, was_active: bool) -> None:
    keep_engine_alive.wake()
    sweep = Sweep(current_home(), sweep_id)
    counts = sweep.counts()
    total = sum(counts.values())
    if was_active and not sweep.is_active:
        st.rerun()  # the whole page: results are complete
    done = counts[keys.DONE]
    said = " · ".join(f"{n} {_SHORT[name][1]}" for name, n in counts.items() if n)
    st.progress(done / max(total, 1), text=inert.markdown(f"{said}{' · paused' if sweep.is_paused else ''}"))
    _buttons(sweep, counts)
    st.html(matrix(sweep))


def _buttons(sweep: Sweep, counts: dict[str, int]) -> None:
    with st.container(horizontal=True, gap="small"):
        if sweep.is_active:
            if sweep.is_paused:
                st.button("Resume", key="sweep_resume", on_click=_resume, args=(sweep,), type="primary")
            else:
                st.button(
                    "Pause",
                    key="sweep_pause",
                    on_click=_pause,
                    args=(sweep,),
                    help="Runs that work end in their own time.",
                )
            st.button(
                "Cancel", key="sweep_cancel", on_click=_send, args=(sweep, "cancel"), help="Finished runs are kept."
            )
        n_ended = counts[keys.FAILED] + counts[keys.CANCELLED]
        if n_ended:
            st.button(f"Retry {wording.count(n_ended)}", key="sweep_retry", on_click=_send, args=(sweep, "retry"))


@guarded
def _pause(sweep: Sweep) -> None:
    sweep.pause()


@guarded
def _resume(sweep: Sweep) -> None:
    sweep.resume()
    launch.ensure_engine(current_home())


@guarded
def _send(sweep: Sweep, action: str) -> None:
    getattr(sweep, action)()
    launch.ensure_engine(current_home())


def matrix(sweep: Sweep) -> inert.Html:
    """One mark a run: rows are points of the grid and mixes, columns splits and seeds."""
    grid, states = sweep.facts["grid"], sweep.states()
    n_mixes, n_points = len(grid["mixes"]), len(grid["points"])
    columns = [f"{split}/{seed}" for split in grid["split_seeds"] for seed in grid["seeds"]]
    head = inert.html(*(inert.Html(f"<th>{inert.html(column)}</th>") for column in columns))
    marks: dict[tuple[int, int], list[inert.Html]] = {}
    for i, run_id in enumerate(sweep.facts["run_ids"]):
        place = (i // n_mixes % n_points, i % n_mixes)
        mark, said = _SHORT[states[run_id]]
        marks.setdefault(place, []).append(
            inert.Html(
                f"<td class='{inert.html(said)}' title='{inert.html(said)}' aria-label='{inert.html(said)}'>"
                f"{inert.html(mark)}</td>"
            )
        )
    rows = [
        inert.Html(
            f"<tr><th scope='row'>{inert.html(grid['points'][point])} · {inert.html(grid['mixes'][mix])}</th>"
            f"{inert.html(*cells)}</tr>"
        )
        for (point, mix), cells in sorted(marks.items())
    ]
    legend = inert.html(*(f"{mark} {said}" for mark, said in list(_SHORT.values())[:4]), between=" &nbsp; ")
    return inert.Html(
        f"<div class='semafo-sweep'><table><tr><th>split/seed</th>{inert.html(head)}</tr>{inert.html(*rows)}</table>"
        f"<small>{inert.html(legend)}</small></div>"
    )


def results(sweep: Sweep) -> None:
    """The curve with its table, what is clear in it, and files to take away."""
    done = sweep.done()
    if not done:
        if sweep.is_active:
            st.info("No run is finished yet. Results appear here as they finish.")
        else:
            st.error(inert.markdown(summary.why_nothing(sweep)))
        return
    scores = _scores(sweep.sweep_id, len(done), done)
    notes = summary.training_notes(sweep)
    if notes:
        st.warning(inert.markdown(*notes))
    has_query = sweep.facts["grid"].get("preset") is not None
    offered = {METRICS[name]: name for name in METRICS if scores[name].notna().any()}
    if not offered:
        st.info("These runs have no test cells, so there is nothing to score.")
        return
    picked = controls.pick("Score", list(offered), "score", width=360)
    assert picked is not None  # something is offered
    metric = offered[picked]
    found = curves.curves(scores, metric)
    reported = sweep_tables.reported(sweep, metric)
    figure = rate_curves(sweep_report.lines(found), METRICS[metric], reported, narrow=is_narrow())
    beside = " Hollow points are the paper's." if reported else ""
    alt = f"{METRICS[metric]} against labelled rate, one line for each of {len(found)} methods."
    show_figure(figure, "sweep_curve", alt=alt, caption=" ".join([summary.CAPTION + beside, *notes]), runs=())
    by_rate = sweep_tables.by_rate(sweep, metric)
    _table(by_rate, "by-rate", sweep_tables.notes(by_rate, bool(reported)))
    if has_query and metric != QUERY_ACCURACY:
        st.caption(f"The score '{METRICS[QUERY_ACCURACY]}' is the one that the paper reports.")
    _at_one_rate(sweep)
    _differences(sweep, len(done))
    _more_labels(found, metric)
    check_findings.show(summary.data_warnings(sweep))
    _files(sweep, done)


def _table(table: pd.DataFrame, name: str, notes: str = "") -> None:
    st.dataframe(table, key=f"sweep_{name}", height="content")
    if notes:
        st.caption(inert.markdown(notes.strip()))
    downloads.csv_button(table.reset_index(), f"sweep-{name}")


def _at_one_rate(sweep: Sweep) -> None:
    """Label scores and integration where the labelled rate is the chosen one."""
    titles = [title for title, records in sweep.by_point().items() if records]
    st.subheader("All scores at one labelled rate", anchor=False)
    title = controls.pick("Labelled", titles, "sweep_rate", width=360)
    assert title is not None  # some run is finished, so there is a title
    _table(sweep_tables.label_scores(sweep, title), "labels")
    integration = sweep_tables.integration(sweep, title)
    if len(integration):
        _table(integration, "integration", "scib means of five biology and five batch scores, at equal weights.")


@st.cache_data(max_entries=32, show_spinner=False)
def _scores(sweep_id: str, n_done: int, _done: Sequence[RunRecord]) -> pd.DataFrame:
    return curves.table(_done)


@st.cache_resource(max_entries=32, show_spinner=False)
def _clear(sweep_id: str, n_done: int, _sweep: Sweep) -> Clear:
    return clear_differences(_sweep)


def _differences(sweep: Sweep, n_done: int) -> None:
    """Who wins where, only as far as the intervals allow."""
    clear = _clear(sweep.sweep_id, n_done, sweep)
    st.subheader("What is clear", anchor=False)
    if len(clear.table):
        st.dataframe(clear.table, key="sweep_clear", hide_index=True, height="content")
        st.caption(inert.markdown(clear.words))
    else:
        st.markdown("No difference between methods is clear at any labelled rate: more splits and seeds may tell.")


def _more_labels(found: Sequence[Curve], metric: str) -> None:
    """From the curve, the labelled rate that reaches a score."""
    drawn = [curve for curve in found if len(curve.points) > 1]
    if not drawn:
        return
    st.subheader("What would more labels buy?", anchor=False)
    mixes = [curve for curve in drawn if not curve.is_baseline] or drawn
    means = [point.mean for curve in mixes for point in curve.points]
    low, high = round(min(means), 2), round(max(means) + 0.005, 2)
    if low >= high:
        return
    target = st.slider(f"{METRICS[metric]} to reach", low, high, round((low + high) / 2, 2), 0.01, key="sweep_target")
    rows = [(sweep_tables.name_of(curve), _rate_words(curve, target)) for curve in drawn]
    table = pd.DataFrame(rows, columns=["Method", "Labelled rate that reaches it"])
    st.dataframe(table, key="sweep_more", hide_index=True, height="content")
    st.caption("Along a straight line between the measured means; no interval is given for it, and none is implied.")


def _rate_words(curve: Curve, target: float) -> str:
    rate = curve.rate_for(target)
    if rate is None:
        return "not reached at the measured rates"
    first = curve.points[0].rate
    return f"{wording.percent(rate, 1)}{' or less' if rate == first else ''}"


def _written(make: Callable[[Sweep], str], sweep: Sweep) -> bytes:
    return make(sweep).encode()


def _files(sweep: Sweep, done: Sequence[RunRecord]) -> None:
    with st.container(horizontal=True, gap="small"):
        name = inert.file_name(sweep.name)
        for extension, make, label in (
            ("csv", summary.as_csv, "Scores (CSV)"),
            ("html", sweep_report.as_html, "Report (HTML)"),
        ):
            st.download_button(
                inert.markdown(label),
                partial(_written, make, sweep),
                file_name=f"{name}.{extension}",
                key=f"sweep-{extension}",
                icon=":material/download:",
                on_click="ignore",
            )
        if st.button("Show the newest runs in the other views", key="sweep_show", type="tertiary"):
            tray.show([record.run_id for record in done[-tray.TRAY_SIZE :]])
            navigation.go_to(navigation.COMPARE_PAGE)
