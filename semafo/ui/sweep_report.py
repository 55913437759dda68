"""What a sweep found: as text, as a table, and as a page that needs no server."""

from collections.abc import Iterator
from html import escape

import pandas as pd

from semafo.data import paper
from semafo.runs import curves, differences
from semafo.runs.curves import ACCURACY, METRICS, Curve, CurvePoint
from semafo.runs.sweep import Sweep
from semafo.ui import colours, words
from semafo.ui.charts.curve import Line, rate_curves

QUERY_ACCURACY = "accuracy_query"
CAPTION = (
    "Means over splits (over seeds where there is one split) with 95 % intervals by Student's t, on test cells whose "
    "labels no model sees at any rate. Baselines were given the same labels."
)
AS_REPORTED = "In brackets what the paper reports: one seed, over the whole query with its labelled cells."
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:1080px;margin:2rem auto;padding:0 1rem;color:#1c2530}"
    "table{border-collapse:collapse}td,th{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #dde3e8}"
    "td:first-child,th:first-child{text-align:left}small,.caption{color:#5c6873}"
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
            hovers=[f"{name_of(curve)} at {words.percent(point.rate)}<br>{in_words(point)}" for point in curve.points],
            colour=colours.NEUTRAL if curve.is_baseline else colours.of_slot(mixes.index(curve)),
            is_baseline=curve.is_baseline,
        )
        for curve in found
    ]


def name_of(curve: Curve) -> str:
    """A method's name for people."""
    return words.BASELINES[curve.method] if curve.is_baseline else curve.method


def in_words(point: CurvePoint) -> str:
    """`0.861 [0.84, 0.88], n = 6`."""
    interval = "" if point.low is None else f" [{point.low:.2f}, {point.high:.2f}]"
    return f"{point.mean:.3f}{interval}, n = {point.n_runs}"


def table(sweep: Sweep, metric: str = ACCURACY) -> pd.DataFrame:
    """One row a point of the grid, one column a method, as in the paper's Tables 1 and 2; empty cells have no run."""
    beside_mix = reported(sweep, metric)
    rows: dict[str, dict[str, str]] = {}
    for title, records in sweep.by_point().items():
        rows[title] = {}
        for curve in curves.curves(curves.table(records), metric):
            point = curve.points[0]
            theirs = {round(rate, 3): value for rate, value in beside_mix.get(curve.method, {}).items()}
            beside = theirs.get(_nominal(title))
            text = in_words(point) + ("" if beside is None else f" ({beside:.4f})")
            rows[title][name_of(curve)] = text
    found = pd.DataFrame.from_dict(rows, orient="index").fillna("")
    found.index.name = "Labelled"
    return found


def reported(sweep: Sweep, metric: str) -> dict[str, dict[float, float]]:
    """What the paper reports beside this sweep, by mix and labelled rate; empty for other scores or data."""
    family = sweep.facts["grid"].get("preset")
    return paper.accuracies(family) if metric == QUERY_ACCURACY else {}


def clear_differences(sweep: Sweep) -> Iterator[str]:
    """Sentences about methods whose difference the interval supports, point by point."""
    for title, records in sweep.by_point().items():
        for group in differences.methods(records):
            for contrast in group.differences:
                if contrast.difference.is_clear:
                    yield f"{title}: {differences.method_words(contrast)}"


def as_text(sweep: Sweep) -> str:
    """The table and what is clear in it, for a terminal."""
    sentences = list(clear_differences(sweep)) or ["No difference between methods is clear."]
    return "\n".join([sweep.name, "", table(sweep).to_string(), "", CAPTION, *sentences, _counts(sweep)])


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
    for number, metric in enumerate((ACCURACY, QUERY_ACCURACY, "balanced_accuracy", "scib_total")):
        found = curves.curves(scores, metric)
        if not found:
            continue
        name = METRICS[metric][0]
        theirs = reported(sweep, metric)
        figure = rate_curves(lines(found), name, theirs).update_layout(template="plotly_white")
        drawn = figure.to_html(full_html=False, include_plotlyjs=not number, config={"displaylogo": False})
        beside = f" {AS_REPORTED}" if theirs else ""
        caption = f"<p class='caption'>{escape(CAPTION + beside)}</p>"
        sections.append(f"<h2>{escape(name)}</h2>{drawn}{table(sweep, metric).to_html(border=0)}{caption}")
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in clear_differences(sweep))
    clear = f"<ul>{sentences}</ul>" if sentences else "<p>No difference between methods is clear.</p>"
    title = escape(sweep.name)
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style>"
        f"<h1>{title}</h1><p>{escape(_counts(sweep))}</p>{''.join(sections)}<h2>Clear differences</h2>{clear}</html>"
    )


def _nominal(title: str) -> float | None:
    """Rate of a preset's title, 0 to 1."""
    part = next((part for part in title.replace("%", " ").split() if part.replace(".", "", 1).isdigit()), None)
    return None if part is None else round(float(part) / 100, 3)


def _counts(sweep: Sweep) -> str:
    grid, counts = sweep.facts["grid"], sweep.counts()
    states = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
    seeds = ", ".join(map(str, grid["seeds"]))
    splits = ", ".join(map(str, grid["split_seeds"]))
    return f"Runs: {states}. Training seeds {seeds}; split seeds {splits}. One seed proves nothing about the methods."
