"""Tables of scores: label scores, integration scores, runs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from semafo import keys
from semafo.evaluation.metrics import METRICS, aggregate
from semafo.ui import colours, state, words
from semafo.ui.charts import ScoreRow
from semafo.ui.state import ChosenRun

LABEL_SCORES = {
    "accuracy": ("Accuracy", "Share of the scored cells whose predicted type is right."),
    "accuracy_low": (
        "Low",
        "Lower end of the 95 % interval of the accuracy (Wilson): chance in which cells were drawn.",
    ),
    "accuracy_high": ("High", "Upper end of the 95 % interval of the accuracy (Wilson)."),
    "accuracy_majority": ("Majority", "Baseline: accuracy of always naming the most frequent labelled type."),
    "balanced_accuracy": ("Balanced", "Mean over types of the share found: rare types count as much as common ones."),
    "f1_weighted": ("F1 weighted", "F1 of each type, weighted by its cells."),
    "f1_macro": ("F1 macro", "F1 of each type, all types alike."),
    "cohen_kappa": ("Kappa", "Cohen's kappa: agreement beyond chance, 1 is full agreement, 0 is chance."),
    "accuracy_with_unseen": (
        "With unseen",
        "Accuracy when cells of types that no label showed are counted as wrong.",
    ),
}


def label_scores(runs: Sequence[ChosenRun], population: str) -> pd.DataFrame:
    """One row a run with predictions: n, accuracy with interval and baseline, and the other scores."""
    rows = []
    for run in runs:
        if not run.record.has_maps:
            continue
        scores = state.artefacts(run.record).predictions.get(population, {})
        row: dict[str, Any] = {"Run": run.name, "n": scores.get("n_scored"), "Unseen": scores.get("n_unseen")}
        rows.append({**row, **{title: scores.get(key) for key, (title, _) in LABEL_SCORES.items()}})
    order = ["Run", "n", *(title for title, _ in LABEL_SCORES.values()), "Unseen"]
    return pd.DataFrame(rows, columns=order)


def score_rows(runs: Sequence[ChosenRun], bio_weight: float) -> list[ScoreRow]:
    """Integration scores of the runs and, once for each different set of values, of scVI and PCA; best total first."""
    found: dict[tuple, ScoreRow] = {}
    baselines: dict[str, int] = {}
    for run in runs:
        rows = run.record.integration().get("rows", {})
        for key, scores in rows.items():
            own = key == "model"
            identity = (run.run_id,) if own else (key, *(_rounded(scores.get(metric.key)) for metric in METRICS))
            if identity in found:
                continue
            if not own:
                baselines[key] = baselines.get(key, 0) + 1
            name = run.name if own else key if baselines[key] == 1 else f"{key} · {_origin(run)}"
            colour = run.colour if own else colours.NEUTRAL
            found[identity] = ScoreRow(name, colour, dict(scores), aggregate(scores, bio_weight))
    return sorted(found.values(), key=lambda row: (row.means["total"] is None, -(row.means["total"] or 0)))


def _rounded(value: Any) -> float | None:
    return round(value, 6) if words.is_number(value) else None


def _origin(run: ChosenRun) -> str:
    config = run.record.config
    return f"{state.short_dataset(config.dataset.name)}, split {config.split.split_seed}, seed {config.train.seed}"


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
    """All runs for people: state, what was trained on what, accuracy with n and interval, times."""
    return pd.DataFrame(
        [
            {
                "Run": row["title"],
                "State": words.STATES.get(row["state"], row["state"]),
                "Data set": state.short_dataset(row["dataset"]),
                "Form": words.FORMS.get(row["form"], row["form"]),
                "Labelled": _or_nothing(words.percent(row.get("labelled_rate"), 1)),
                "Accuracy": _or_nothing(words.accuracy(row)),
                "n": _or_nothing(words.count(row.get("n_scored"))),
                "Created": _time(row.get("created")),
                "Took": _took(row),
            }
            for row in rows
        ]
    )


def run_export(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """All runs as plain values, for a file."""
    plain = [{key: value for key, value in row.items() if not isinstance(value, (dict, list))} for row in rows]
    return pd.DataFrame(plain)


def _or_nothing(text: str) -> str:
    return "" if text == words.UNDEFINED else text


def _time(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if words.is_number(seconds) else None


def _took(row: Mapping[str, Any]) -> str:
    if row["state"] == keys.QUEUED or not (row.get("started") and row.get("finished")):
        return ""
    return words.duration(row["finished"] - row["started"])
