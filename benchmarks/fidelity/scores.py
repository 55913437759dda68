"""What was measured as a table: one row for each case and mix, its columns the scores that people look at."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmarks.fidelity.cases import Case, counterpart
from benchmarks.fidelity.neighbours import share_kept
from semafo.evaluation.integration.columns import METRICS, aggregate

TESTED = ("accuracy", "balanced_accuracy", "bio", "batch")
SHOWN = (
    *(metric.key for metric in METRICS),
    *("calibration_error", "latent_scale", "label_gap", "elbo_test", "neighbours_kept"),
)
OF_SCVI = ("elbo", "kl", "n_active", "latent_scale", "bio", "batch")

Found = Mapping[Case, dict[str, Any]]


def table(found: Found, beside: Found) -> pd.DataFrame:
    """Scores of a schedule, indexed by case's name, division and mix: means over training seeds.

    beside: the stock's. Of a cell's neighbours in its counterpart there those that the schedule keeps are counted.
    """
    rows = []
    for case, measured in found.items():
        for mix, scores in measured["mixes"].items():
            other = beside[counterpart(case)]["mixes"][mix]
            named = {"name": case.name, "seed": case.seed, "mix": mix}
            kept = share_kept(other["neighbours"], scores["neighbours"])
            rows.append({**named, **_plain(scores), "neighbours_kept": kept})
    return _means_over_seeds(rows, ["name", "seed", "mix"])


def scvi_table(found: Found) -> pd.DataFrame:
    """The same of scVI alone, before any label: indexed by case's name and division."""
    rows = [{"name": case.name, "seed": case.seed, **_plain(measured["scvi"])} for case, measured in found.items()]
    return _means_over_seeds(rows, ["name", "seed"])[list(OF_SCVI)]


def _means_over_seeds(rows: list[dict[str, Any]], of: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows).set_index(of).astype(float).groupby(level=of, sort=False).mean()


def _plain(scores: dict[str, Any]) -> dict[str, Any]:
    scib = {metric.key: scores["scib"][metric.key] for metric in METRICS}
    means = aggregate(scores["scib"])
    plain = {key: value for key, value in scores.items() if not isinstance(value, dict | str)}
    return {**plain, **scib, "bio": means["bio"], "batch": means["batch"]}
