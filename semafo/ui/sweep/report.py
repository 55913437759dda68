"""What a sweep found: as text, as a table, and as a page that needs no server."""

from collections.abc import Iterator
from html import escape

from semafo import wording
from semafo.runs.sweeps import curves
from semafo.runs.sweeps import tables as sweep_tables
from semafo.runs.sweeps.clear_differences import clear_differences
from semafo.runs.sweeps.curves import ACCURACY, METRICS, QUERY_ACCURACY, Curve
from semafo.runs.sweeps.sweep import Sweep
from semafo.runs.sweeps.tables import in_words, name_of
from semafo.ui.charts import colours
from semafo.ui.charts.scores.rate_curve import Line, rate_curves
from semafo.ui.reports import html_page

CAPTION = (
    "Means over splits (over seeds where there is one split) with 95 % intervals by Student's t, on test cells whose "
    "labels no model sees at any rate. Baselines were given the same labels."
)


def lines(found: list[Curve]) -> list[Line]:
    """Curves as they are drawn: mixes in the colours of runs, baselines grey."""
    mixes = [curve for curve in found if not curve.is_baseline]
    return [
        Line(
            name=name_of(curve),
            rates=[point.rate for point in curve.points],
            means=[point.mean for point in curve.points],
            lows=[point.low for point in curve.points],
            highs=[point.high for point in curve.points],
            hovers=[
                f"{name_of(curve)} at {wording.percent(point.rate)}<br>{in_words(point)}" for point in curve.points
            ],
            colour=colours.NEUTRAL if curve.is_baseline else colours.of_slot(mixes.index(curve)),
            is_baseline=curve.is_baseline,
        )
        for curve in found
    ]


def as_text(sweep: Sweep) -> str:
    """The tables and what is clear in them, for a terminal."""
    clear = clear_differences(sweep)
    differing = [clear.table.to_string(index=False), ""] if len(clear.table) else []
    by_rate = sweep_tables.by_rate(sweep).to_string()
    rest = [CAPTION, "", *differing, clear.words, _counts(sweep)]
    return "\n".join([sweep.name, "", by_rate, *_at_one_rate(sweep), "", *rest])


def _at_one_rate(sweep: Sweep) -> Iterator[str]:
    """The further tables where labels are fewest, which is where methods differ."""
    title = fewest_labels(sweep)
    if title is not None:
        for table in (sweep_tables.label_scores(sweep, title), sweep_tables.integration(sweep, title)):
            yield f"\n{title}\n{table.to_string()}"


def fewest_labels(sweep: Sweep) -> str | None:
    """The first point of the grid with a finished run."""
    return next((title for title, records in sweep.by_point().items() if records), None)


def as_csv(sweep: Sweep) -> str:
    """One row a finished run or baseline, every score in a column."""
    titles = {record.run_id: title for title, records in sweep.by_point().items() for record in records}
    found = curves.table(sweep.done())
    found.insert(3, "point", found["run_id"].map(titles))
    return found.drop(columns="place").to_csv(index=False)


def as_html(sweep: Sweep) -> str:
    """A page with the curve, the tables and the differences that are clear. Needs neither server nor network."""
    scores = curves.table(sweep.done())
    sections = []
    for metric in (ACCURACY, QUERY_ACCURACY, "balanced_accuracy", "scib_total"):
        found = curves.curves(scores, metric)
        if not found:
            continue
        name = METRICS[metric]
        theirs = sweep_tables.reported(sweep, metric)
        alt = f"{name} against labelled rate, one line for each of {len(found)} methods."
        drawn = html_page.figure(rate_curves(lines(found), name, theirs), alt)
        by_rate = sweep_tables.by_rate(sweep, metric)
        caption = html_page.paragraph(CAPTION + sweep_tables.notes(by_rate, bool(theirs)), "caption")
        sections.append(f"<h2>{escape(name)}</h2>{drawn}{html_page.wide(by_rate.to_html(border=0))}{caption}")
    sections += _sections_at_one_rate(sweep)
    clear = clear_differences(sweep)
    differing = html_page.wide(clear.table.to_html(border=0, index=False)) if len(clear.table) else ""
    sections.append(f"<h2>Clear differences</h2>{differing}{html_page.paragraph(clear.words, 'caption')}")
    said = f"<h1>{escape(sweep.name)}</h1>{html_page.paragraph(_counts(sweep))}"
    return html_page.page(sweep.name, said + "".join(sections))


def _sections_at_one_rate(sweep: Sweep) -> Iterator[str]:
    title = fewest_labels(sweep)
    if title is None:
        return
    scores, integration = sweep_tables.label_scores(sweep, title), sweep_tables.integration(sweep, title)
    for heading, table in (("Scores of the labels", scores), ("Integration", integration)):
        yield f"<h2>{heading}: {escape(title)}</h2>{html_page.wide(table.to_html(border=0))}"


def _counts(sweep: Sweep) -> str:
    grid, counts = sweep.facts["grid"], sweep.counts()
    states = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
    seeds = ", ".join(map(str, grid["seeds"]))
    splits = ", ".join(map(str, grid["split_seeds"]))
    n_trained = sum(record.status.get("reused_seconds") is None for record in sweep.done())
    stages = f"scVI stages trained: {n_trained}, shared by the other runs"
    return f"Runs: {states}. {stages}. Training seeds {seeds}; split seeds {splits}. One seed proves nothing."
