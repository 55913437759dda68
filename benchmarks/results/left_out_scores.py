"""How well a score finds the query's cells of a type that the reference lacks, and whether one does better."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.results.tables import markdown
from semafo.evaluation.latent.mapping_score import BEYOND, mapping_scores
from semafo.evaluation.uncertainty.significance import mean_interval

FLAGGED = 0.05  # share of the query's cells of known types that a threshold flags
MAPPING, CONFIDENCE = "mapping score", "confidence"
ALL = "mean over types"
HEADER = (
    "left out",
    "cells",
    *("AUC, mapping score", "AUC, confidence", "difference"),
    *("found, mapping score", "found, confidence", "difference, points"),
    f"below {BEYOND:g}: left out / known types",
)


@dataclass(frozen=True, eq=False)
class Mapped:
    """What a training left. Axes: n cells, L dimensions.

    z: (n, L); is_query: (n,) bool; confidence: (n,) 0 to 1; predicted, true: (n,) types.
    """

    z: np.ndarray
    is_query: np.ndarray
    confidence: np.ndarray
    predicted: np.ndarray
    true: np.ndarray


def scores_of(mapped: Mapped, left_out: str) -> dict[str, float]:
    """What one training says, on the query's cells of the left-out type and of types that the reference has.

    Returns
    -------
    dict
        `cells` of the left-out type; for either score its AUC, 0 to 1, 0.5 is chance, and `found`, the share of these
        cells that a threshold flags which flags 5 % of the others; `beyond` and `known beyond`, the shares below 0.05.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    known = np.isin(mapped.true, mapped.true[~mapped.is_query])
    is_left_out = mapped.true == left_out
    chosen = mapped.is_query & (known | is_left_out)
    mapping = mapping_scores(mapped.z, ~mapped.is_query, mapped.predicted)[chosen]
    wanted = is_left_out[chosen]
    found: dict[str, float] = {"cells": int(wanted.sum())}
    for name, score in ((MAPPING, mapping), (CONFIDENCE, mapped.confidence[chosen])):
        found[f"AUC {name}"] = float(roc_auc_score(wanted, -score))
        others, left = roc_curve(wanted, -score)[:2]  # flagged shares, as the threshold rises
        found[f"found {name}"] = float(np.interp(FLAGGED, others, left))
    beyond = mapping < BEYOND
    return {**found, "beyond": float(beyond[wanted].mean()), "known beyond": float(beyond[~wanted].mean())}


def table(scores: pd.DataFrame) -> str:
    """A row a type and one over all, as Markdown.

    Parameters
    ----------
    scores
        `scores_of` of each training, with `type` and `seed`. Intervals are by Student's t: of a type over its seeds, of
        all over the types' means.
    """
    by_type = scores.drop(columns="seed").groupby("type").mean()
    rows = [_row(name, own) for name, own in scores.groupby("type")]
    return markdown([*rows, _row(ALL, by_type)], HEADER)


def _row(name: str, own: pd.DataFrame) -> Sequence[str]:
    auc, found = ([own[f"{what} {score}"] for score in (MAPPING, CONFIDENCE)] for what in ("AUC", "found"))
    return (
        name,
        f"{own['cells'].mean():.0f}",
        *(f"{values.mean():.3f}" for values in auc),
        difference(auc[0] - auc[1], 1, ".3f"),
        *(_percent(values.mean()) for values in found),
        difference(found[0] - found[1], 100, ".1f"),
        f"{_percent(own['beyond'].mean())} / {_percent(own['known beyond'].mean())}",
    )


def difference(values: pd.Series, unit: float, places: str) -> str:
    """Mean and 95 % interval of differences, and in words where it leaves the direction open."""
    interval = mean_interval(unit * values.to_numpy())
    if interval is None:
        return f"{unit * values.mean():+{places}}"
    text = f"{interval.mean:+{places}} [{interval.low:+{places}}, {interval.high:+{places}}]"
    return text if interval.low > 0 or interval.high < 0 else f"{text} no clear difference"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
