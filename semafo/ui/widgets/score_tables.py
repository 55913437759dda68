"""Tables of scores: label scores, integration scores, runs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from semafo import keys, wording
from semafo.evaluation.integration.columns import METRICS, aggregate
from semafo.ui.charts import ScoreRow, colours
from semafo.ui.session import grouping
from semafo.ui.session.run_names import short_dataset
from semafo.ui.session.run_results import artefacts
from semafo.ui.session.tray import ChosenColumn, ChosenRun

LABEL_SCORES = {
    "accuracy": ("Accuracy", "Share of the scored cells whose predicted type is right."),
    "accuracy_low": (
        "Low",
        "Lower end of the 95 % interval of the accuracy (Wilson): chance in which cells were drawn.",
    ),
    "accuracy_high": ("High", "Upper end of the 95 % interval of the accuracy (Wilson)."),
    "balanced_accuracy": ("Balanced", "Mean over types of the share found: rare types count as much as common ones."),
    "f1_weighted": ("F1 weighted", "F1 of each type, weighted by its cells."),
    "f1_macro": ("F1 macro", "F1 of each type, all types alike."),
    "cohen_kappa": ("Kappa", "Cohen's kappa: agreement beyond chance, 1 is full agreement, 0 is chance."),
    "accuracy_with_unseen": (
        "With unseen",
        "Accuracy when cells of types that no label showed are counted as wrong.",
    ),
}
MODEL, BEFORE, BASELINE = "model", "before-query", "baseline"


@dataclass(frozen=True)
class LabelRow:
    """Label scores of a run, of a run before its query stage, or of a baseline on the same cells."""

    name: str
    colour: str
    kind: str
    scores: Mapping[str, Any]


def label_rows(runs: Sequence[ChosenRun], population: str) -> list[LabelRow]:
    """Runs of the same test cells together: each run, what it was before its query stage, then their baselines."""
    groups = grouping.by_test_cells(runs)
    alone = sum(any(run.record.baselines() for run in group if is_tested(run)) for group in groups) == 1
    return [row for group in groups for row in _group_rows(group, population, alone)]


def is_tested(run: ChosenRun) -> bool:
    """Whether the run has test cells with a label."""
    return bool((artefacts(run.record).predictions.get("test") or {}).get("n_scored"))


def _group_rows(group: Sequence[ChosenRun], population: str, alone: bool) -> list[LabelRow]:
    rows = []
    for run in group:
        found = artefacts(run.record).predictions
        if run.record.config.split.reference_only:
            rows.append(LabelRow(f"{run.name}, its training cells", run.colour, MODEL, found.get("reference") or {}))
            continue
        rows.append(LabelRow(run.name, run.colour, MODEL, found.get(population) or {}))
        before = (found.get("before_query") or {}).get(population)
        if before:
            name = f"{run.name}, {wording.BASELINES[keys.BEFORE_QUERY_MIX]}"
            rows.append(LabelRow(name, colours.NEUTRAL, BEFORE, before))
    return rows + _baseline_rows(group, population, alone)


def _baseline_rows(group: Sequence[ChosenRun], population: str, alone: bool) -> list[LabelRow]:
    """Each different baseline once; where runs have baselines of different labels or seeds, the name says whose."""
    found: dict[tuple, tuple[str, ChosenRun, Mapping[str, Any]]] = {}
    for run in group:
        for key, populations in run.record.baselines().items():
            scores = populations.get(population) or {}
            if scores.get("n_scored"):
                identity = (key, *(_rounded(scores.get(name)) for name in LABEL_SCORES))
                found.setdefault(identity, (key, run, scores))
    names = [key for key, *_ in found.values()]
    order = sorted(found.values(), key=lambda entry: keys.BASELINES.index(entry[0]))
    return [
        LabelRow(
            wording.capitalised(wording.BASELINES[key])
            + ("" if alone and names.count(key) == 1 else f" · {labels_of(run)}"),
            colours.NEUTRAL,
            BASELINE,
            scores,
        )
        for key, run, scores in order
    ]


def labels_of(run: ChosenRun) -> str:
    """Which labels and seed a run's baselines were given: its name without the mix."""
    return run.name.split(" · ", 1)[-1]


def label_scores(rows: Sequence[LabelRow]) -> pd.DataFrame:
    """The rows for people: n, accuracy with interval, and the other scores."""
    table = [
        {
            "": "■" if row.kind == MODEL else "",
            "Run": row.name,
            "n": row.scores.get("n_scored"),
            **{title: row.scores.get(key) for key, (title, _) in LABEL_SCORES.items()},
            "Unseen": row.scores.get("n_unseen"),
        }
        for row in rows
    ]
    order = ["", "Run", "n", "Unseen", *(title for title, _ in LABEL_SCORES.values())]
    if not any(row.scores.get("n_unseen") for row in rows):  # they would repeat n and accuracy
        order = [title for title in order if title not in ("With unseen", "Unseen")]
    return pd.DataFrame(table, columns=order)


def score_rows(runs: Sequence[ChosenRun], bio_weight: float) -> list[ScoreRow]:
    """Integration scores of the runs and, once for each different set of values, of scVI and PCA; best total first."""
    found: dict[tuple, tuple[str, ChosenRun, Mapping[str, Any]]] = {}
    for run in runs:
        for key, scores in run.record.integration().get("rows", {}).items():
            identity = (run.run_id,) if key == "model" else (key, *(_rounded(scores.get(m.key)) for m in METRICS))
            found.setdefault(identity, (key, run, scores))
    counts = Counter(key for key, *_ in found.values())
    rows = []
    for key, run, scores in found.values():
        own = key == "model"
        name = run.name if own else key if counts[key] == 1 else f"{key} · {_origin(run, runs)}"
        colour = run.colour if own else colours.NEUTRAL
        rows.append(ScoreRow(name, colour, dict(scores), aggregate(scores, bio_weight)))
    return sorted(rows, key=lambda row: (row.means["total"] is None, -(row.means["total"] or 0)))


def column_rows(columns: Sequence[ChosenColumn], bio_weight: float) -> list[ScoreRow]:
    """Integration scores of columns, means over their runs; once for each data set those of scVI and PCA.

    Best total first.
    """
    found: list[ScoreRow] = []
    references: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for column in columns:
        tables = [run.record.integration().get("rows", {}) for run in column.runs if run.record.has_scores]
        own = [table["model"] for table in tables if "model" in table]
        if own:
            found.append(_mean_row(column.name, column.colour, own, bio_weight))
        dataset = short_dataset(column.shown.record.config.dataset.name)
        for table in tables:
            for key in table.keys() - {"model"}:
                references.setdefault((key, dataset), []).append(table[key])
    several = len({dataset for _, dataset in references}) > 1
    for (key, dataset), rows in sorted(references.items()):
        found.append(_mean_row(f"{key} · {dataset}" if several else key, colours.NEUTRAL, rows, bio_weight))
    return sorted(found, key=lambda row: (row.means["total"] is None, -(row.means["total"] or 0)))


def _mean_row(name: str, colour: str, rows: Sequence[Mapping[str, Any]], bio_weight: float) -> ScoreRow:
    """A row of means; a score that a run has not is undefined."""
    means: dict[str, float | None] = {}
    for metric in METRICS:
        values = [row.get(metric.key) for row in rows]
        known = [float(value) for value in values if wording.is_number(value)]
        means[metric.key] = sum(known) / len(known) if len(known) == len(values) else None
    return ScoreRow(name, colour, means, aggregate(means, bio_weight))


def _rounded(value: Any) -> float | None:
    return round(value, 6) if wording.is_number(value) else None


def _origin(run: ChosenRun, runs: Sequence[ChosenRun]) -> str:
    """What tells a run's scVI stage from those of the others: data set and split where they differ, and the seed."""
    parts = [_origin_parts(each) for each in runs]
    *head, seed = _origin_parts(run)
    return ", ".join([*(part for i, part in enumerate(head) if len({p[i] for p in parts}) > 1), seed])


def _origin_parts(run: ChosenRun) -> tuple[str, str, str]:
    config = run.record.config
    return short_dataset(config.dataset.name), f"split {config.split.split_seed}", f"seed {config.train.seed}"


def score_frame(rows: Sequence[ScoreRow]) -> pd.DataFrame:
    """The integration table with the columns' titles, means last."""
    means = {"bio": "Bio mean", "batch": "Batch mean", "total": "Total"}
    return pd.DataFrame(
        [
            {
                "Embedding": row.name,
                **{metric.title: row.scores.get(metric.key) for metric in METRICS},
                **{title: row.means[key] for key, title in means.items()},
            }
            for row in rows
        ]
    )


def run_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """All runs for people: names, state, what was trained on what, accuracy with n and interval, times, size.

    Columns for own names and tags are there once a run has one.
    """
    table = pd.DataFrame(
        [
            {
                "Name": row.get("name") or "",
                "Run": row["title"],
                "State": wording.STATES.get(row["state"], row["state"]),
                "Tags": ", ".join(row.get("tags") or ()),
                "Data set": short_dataset(row["dataset"]),
                "Form": wording.FORMS.get(row["form"], row["form"]),
                "Labelled": _or_nothing(wording.percent(row.get("labelled_rate"), 1)),
                "Accuracy": _or_nothing(wording.accuracy(row)),
                "n": _or_nothing(wording.count(row.get("n_scored"))),
                "Created": wording.moment(row.get("created")),
                "Took": _took(row),
                "Size": wording.size(row.get("bytes") or 0),
            }
            for row in rows
        ]
    )
    unused = [column for column in ("Name", "Tags") if not any(map(len, table[column]))] if len(table) else []
    return table.drop(columns=unused)


def run_export(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """All runs as plain values, for a file."""
    rows = [{**row, "tags": " ".join(row.get("tags") or ())} for row in rows]
    plain = [{key: value for key, value in row.items() if not isinstance(value, (dict, list))} for row in rows]
    return pd.DataFrame(plain)


def _or_nothing(text: str) -> str:
    return "" if text == wording.UNDEFINED else text


def _took(row: Mapping[str, Any]) -> str:
    if row["state"] == keys.QUEUED or not (row.get("started") and row.get("finished")):
        return ""
    return wording.duration(row["finished"] - row["started"])
