"""A sweep in the layout of the paper's tables: scores by labelled rate, and at one rate all label and scib scores."""

from collections.abc import Mapping, Sequence

import pandas as pd

from semafo import wording
from semafo.data.paper import lung_atlas, reported_scores
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.sweeps import curves
from semafo.runs.sweeps.curves import (
    ACCURACY,
    INTEGRATION_SCORES,
    LABEL_SCORES,
    METRICS,
    QUERY_ACCURACY,
    REFERENCE_ACCURACY,
    Curve,
    CurvePoint,
)
from semafo.runs.sweeps.sweep import Sweep

AS_REPORTED = "In brackets what the paper reports: one seed, over the whole query with its labelled cells."
TRAINED_ON = "†"
OF_TRAINED_ON = f"{TRAINED_ON} Accuracy on the cells trained on, labels and all: there is no query."
_PAPER_NAMES = {"semafoVI": "SemafoVAE"}  # of the paper's Table 6
_COLUMNS = {metric: METRICS[metric].removeprefix("scib ").capitalize() for metric in INTEGRATION_SCORES}
Cells = dict[str, dict[str, str]]  # by row and column


def by_rate(sweep: Sweep, metric: str = ACCURACY) -> pd.DataFrame:
    """One row a point of the grid, one column a method: the paper's Tables 1 and 2. Empty cells have no run.

    The paper's own splits stand in its order, from all labels to none.
    """
    theirs = reported(sweep, metric, of_reference=True)
    cells: Cells = {title: _row(records, metric, theirs, title) for title, records in sweep.by_point().items()}
    if sweep.facts["grid"].get("preset"):
        cells = dict(reversed(cells.items()))
    return _frame(cells, "Labelled")


def _row(
    records: Sequence[RunRecord], metric: str, theirs: Mapping[str, Mapping[float, float]], title: str
) -> dict[str, str]:
    scores = curves.table(records)
    found, mark = curves.curves(scores, metric), ""
    if not found and metric in (ACCURACY, QUERY_ACCURACY):
        found, mark = curves.curves(scores, REFERENCE_ACCURACY), TRAINED_ON
    rate = rate_of(title)
    beside = {} if rate is None else {mix: scored.get(rate) for mix, scored in theirs.items()}
    return {name_of(one): in_words(one.points[0], beside.get(one.method), mark) for one in found}


def label_scores(sweep: Sweep, title: str) -> pd.DataFrame:
    """One row a score of the labels, one column a method, at one point of the grid: the paper's Table 3."""
    scores, theirs = curves.table(sweep.by_point()[title]), reported_scores.label_scores(_family(sweep), rate_of(title))
    cells: Cells = {}
    for metric in (*LABEL_SCORES, ACCURACY):
        beside = theirs.get(metric, {})
        found = curves.curves(scores, metric)
        cells[METRICS[metric]] = {name_of(one): in_words(one.points[0], beside.get(one.method)) for one in found}
    return _frame(cells, "Score")


def integration(sweep: Sweep, title: str) -> pd.DataFrame:
    """One row a latent space, columns batch, bio and total at equal weights, at one point: the paper's Table 6."""
    records = sweep.by_point()[title]
    scores, theirs = curves.table(records), _atlas_rows(records)
    cells: Cells = {}
    for metric in INTEGRATION_SCORES:
        for one in curves.curves(scores, metric):
            beside = theirs.get(name_of(one), {}).get(metric)
            cells.setdefault(name_of(one), {})[_COLUMNS[metric]] = in_words(one.points[0], beside)
    return _frame(cells, "Latent space").reindex(columns=list(_COLUMNS.values()), fill_value=wording.UNDEFINED)


def _atlas_rows(records: Sequence[RunRecord]) -> dict[str, dict[str, float]]:
    """The paper's Table 6 by latent space and score, where these runs are of its lung atlas."""
    if not records or not all(lung_atlas.is_lung_atlas(record.data_report()) for record in records):
        return {}
    return {
        _PAPER_NAMES.get(row.name, row.name): {"scib_batch": row.batch, "scib_bio": row.bio, "scib_total": row.total}
        for row in lung_atlas.PAPER_ROWS
    }


def reported(sweep: Sweep, metric: str, *, of_reference: bool = False) -> dict[str, dict[float, float]]:
    """What the paper reports beside this sweep, by mix and labelled rate; empty for other scores or data."""
    if metric != QUERY_ACCURACY:
        return {}
    by_mix = reported_scores.accuracies(_family(sweep), of_reference=of_reference)
    return {mix: {round(rate, 3): value for rate, value in values.items()} for mix, values in by_mix.items()}


def notes(table: pd.DataFrame, has_reported: bool) -> str:
    """What the marks of a table mean, to be added to its caption."""
    trained_on = table.map(lambda text: TRAINED_ON in text).to_numpy().any()
    return f"{f' {AS_REPORTED}' if has_reported else ''}{f' {OF_TRAINED_ON}' if trained_on else ''}"


def name_of(curve: Curve) -> str:
    """A method's name for people."""
    return wording.BASELINES.get(curve.method, curve.method) if curve.is_baseline else curve.method


def in_words(point: CurvePoint, theirs: float | None = None, mark: str = "") -> str:
    """`0.861 [0.84, 0.88], n = 6`, then in brackets what others report."""
    interval = "" if point.low is None else f" [{point.low:.2f}, {point.high:.2f}]"
    beside = "" if theirs is None else f" ({theirs:g})"
    return f"{point.mean:.3f}{mark}{interval}, n = {point.n_runs}{beside}"


def rate_of(title: str) -> float | None:
    """Labelled rate, 0 to 1, that the title of a point names: `20 %`, `Pancreas, 82.4 % labelled`."""
    if wording.REFERENCE_ONLY in title:
        return 1.0
    part = next((part for part in title.replace("%", " ").split() if part.replace(".", "", 1).isdigit()), None)
    return None if part is None else round(float(part) / 100, 3)


def _family(sweep: Sweep) -> str | None:
    preset: str | None = sweep.facts["grid"].get("preset")
    return preset


def _frame(cells: Cells, index: str) -> pd.DataFrame:
    found = pd.DataFrame.from_dict(cells, orient="index").fillna("")
    found.index.name = index
    return found
