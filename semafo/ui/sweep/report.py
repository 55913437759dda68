"""What a sweep found, as curves and as a page that needs no server."""

from collections.abc import Iterator

from semafo import inert, wording
from semafo.runs.sweeps import curves, summary
from semafo.runs.sweeps import tables as sweep_tables
from semafo.runs.sweeps.clear_differences import clear_differences
from semafo.runs.sweeps.curves import ACCURACY, METRICS, QUERY_ACCURACY, Curve
from semafo.runs.sweeps.sweep import Sweep
from semafo.runs.sweeps.tables import in_words, name_of
from semafo.ui.charts import colours
from semafo.ui.charts.scores.rate_curve import Line, rate_curves
from semafo.ui.reports import html_page
from semafo.ui.reports.html_page import element


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
                inert.plotly(f"{name_of(curve)} at {wording.percent(point.rate)}", in_words(point), between="<br>")
                for point in curve.points
            ],
            colour=colours.NEUTRAL if curve.is_baseline else colours.of_slot(mixes.index(curve)),
            is_baseline=curve.is_baseline,
        )
        for curve in found
    ]


def as_html(sweep: Sweep) -> str:
    """A page with the curve, the tables and the differences that are clear. Needs neither server nor network.

    Raises SemafoError where no run is finished.
    """
    summary.require_results(sweep)
    scores = curves.table(sweep.done())
    sections: list[inert.Html] = []
    for metric in (ACCURACY, QUERY_ACCURACY, "balanced_accuracy", "scib_total"):
        found = curves.curves(scores, metric)
        if not found:
            continue
        name = METRICS[metric]
        theirs = sweep_tables.reported(sweep, metric)
        alt = f"{name} against labelled rate, one line for each of {len(found)} methods."
        drawn = html_page.figure(rate_curves(lines(found), name, theirs), alt)
        by_rate = sweep_tables.by_rate(sweep, metric)
        caption = html_page.paragraph(summary.CAPTION + sweep_tables.notes(by_rate, bool(theirs)), "caption")
        sections += [element("h2", name), drawn, html_page.table(by_rate), caption]
    sections += _sections_at_one_rate(sweep)
    clear = clear_differences(sweep)
    sections += [element("h2", "Clear differences")]
    sections += [html_page.table(clear.table, index=False)] if len(clear.table) else []
    sections += [html_page.paragraph(clear.words, "caption")]
    noted = [
        html_page.paragraph(note, "warning") for note in (*summary.training_notes(sweep), *summary.data_warnings(sweep))
    ]
    return html_page.page(sweep.name, html_page.paragraph(summary.counted_runs(sweep)), *noted, *sections)


def _sections_at_one_rate(sweep: Sweep) -> Iterator[inert.Html]:
    title = summary.fewest_labels(sweep)
    if title is None:
        return
    scores, integration = sweep_tables.label_scores(sweep, title), sweep_tables.integration(sweep, title)
    for heading, table in (("Scores of the labels", scores), ("Integration", integration)):
        yield from (element("h2", f"{heading}: {title}"), html_page.table(table))
