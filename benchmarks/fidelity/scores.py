"""What was measured as a table: one row for each case and mix, its columns the scores that people look at."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmarks.fidelity.cases import Case
from benchmarks.fidelity.neighbours import share_kept
from semafo.evaluation.integration.columns import METRICS, aggregate

TESTED = ("accuracy", "balanced_accuracy", "bio", "batch")
SHOWN = (
    *(metric.key for metric in METRICS),
    *("calibration_error", "latent_scale", "label_gap", "elbo_test", "neighbours_kept"),
)
OF_SCVI = ("elbo", "kl", "n_active", "latent_scale", "bio", "batch")

Found = Mapping[str, dict[str, Any]]  # by a case's slug


def table(found: Found, cases: tuple[Case, ...], beside: Found) -> pd.DataFrame:
    """Scores of a schedule, indexed by case's name, seed and mix.

    beside: the stock's, among whose neighbours of a cell those that the schedule keeps are counted.
    """
    rows = []
    for case in cases:
        for mix, scores in found[case.slug]["mixes"].items():
            other = beside[case.slug]["mixes"][mix]
            named = {"name": case.name, "seed": case.seed, "mix": mix}
            kept = share_kept(other["neighbours"], scores["neighbours"])
            rows.append({**named, **_plain(scores), "neighbours_kept": kept})
    return pd.DataFrame(rows).set_index(["name", "seed", "mix"]).astype(float)


def scvi_table(found: Found, cases: tuple[Case, ...]) -> pd.DataFrame:
    """The same of scVI alone, before any label: indexed by case's name and seed."""
    rows = [{"name": case.name, "seed": case.seed, **_plain(found[case.slug]["scvi"])} for case in cases]
    return pd.DataFrame(rows).set_index(["name", "seed"]).astype(float)[list(OF_SCVI)]


def _plain(scores: dict[str, Any]) -> dict[str, Any]:
    scib = {metric.key: scores["scib"][metric.key] for metric in METRICS}
    means = aggregate(scores["scib"])
    plain = {key: value for key, value in scores.items() if not isinstance(value, dict | str)}
    return {**plain, **scib, "bio": means["bio"], "batch": means["batch"]}
