"""The columns of the scib table in words, and their averages. Imports nothing heavy: the web pages read it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from semafo.settings.run_config import PAPER_WEIGHTS

BIO = "bio"
BATCH = "batch"

_ONE_TYPE = "Undefined with a single type."
_ONE_BATCH = "Undefined with a single batch."


@dataclass(frozen=True)
class Metric:
    """A column of the scib table.

    Attributes
    ----------
    key
        Its name in `IntegrationScores` and in the scores file.
    title
        Its name in the paper's Figure 4 (BRAS is not in it).
    group
        `BIO`, biology kept, or `BATCH`, batches removed.
    meaning
        What it says, in one sentence.
    undefined
        Why the column can be empty.
    averaged
        Whether it takes part in its group's mean.
    low, high, higher_is_better
        Range and direction.
    """

    key: str
    title: str
    group: str
    meaning: str
    undefined: str
    averaged: bool = True
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True


METRICS = (
    Metric(
        "isolated_labels",
        "Isolated labels",
        BIO,
        "How well the types that occur in the fewest batches stand apart from all others (silhouette).",
        _ONE_TYPE,
    ),
    Metric(
        "kmeans_nmi",
        "KMeans NMI",
        BIO,
        "How much KMeans clusters tell about the types: normalised mutual information, as many clusters as types.",
        _ONE_TYPE,
    ),
    Metric(
        "kmeans_ari",
        "KMeans ARI",
        BIO,
        "How many pairs of cells KMeans clusters and types group alike, corrected for chance; 0 is chance.",
        _ONE_TYPE,
        low=-0.5,
    ),
    Metric(
        "silhouette_label",
        "Silhouette label",
        BIO,
        "How much closer cells are to their own type than to the nearest other type; 0.5 is no difference.",
        _ONE_TYPE,
    ),
    Metric(
        "clisi",
        "cLISI",
        BIO,
        "How pure a cell's 90 nearest neighbours are in type; 1 is a single type around the median cell.",
        _ONE_TYPE,
    ),
    Metric(
        "silhouette_batch",
        "Silhouette batch",
        BATCH,
        "How little the nearest other batch differs from a cell's own batch, within each type.",
        f"{_ONE_BATCH} Undefined where no type has two batches.",
    ),
    Metric(
        "ilisi",
        "iLISI",
        BATCH,
        "How many batches mix among a cell's 90 nearest neighbours; 0 is one batch, 1 is all alike.",
        _ONE_BATCH,
    ),
    Metric(
        "kbet",
        "kBET",
        BATCH,
        "In how many neighbourhoods the batches have the shares that they have in the whole type (a 5 % test).",
        f"{_ONE_BATCH} Undefined where no type has at least 10 cells and two batches.",
    ),
    Metric(
        "graph_connectivity",
        "Graph connectivity",
        BATCH,
        "How much of each type hangs together in the graph of 15 neighbours.",
        _ONE_BATCH,
    ),
    Metric(
        "pcr_comparison",
        "PCR comparison",
        BATCH,
        "By which share the batch's part of the variance fell, against the PCA of the same cells; 0 is not at all.",
        f"{_ONE_BATCH} Undefined without that PCA, or where the batch explains none of its variance.",
    ),
    Metric(
        "bras",
        "BRAS",
        BATCH,
        "As Silhouette batch, against all other batches and by angle: one close batch cannot flatter it.",
        f"{_ONE_BATCH} Undefined where no type has two batches.",
        averaged=False,
    ),
)


def aggregate(scores: Mapping[str, Any] | Any, bio_weight: float = PAPER_WEIGHTS) -> dict[str, float | None]:
    """Means of the bio and of the batch columns, and their weighted total; 0 to 1, higher is better.

    Parameters
    ----------
    scores
        `IntegrationScores`, or the dictionary made of it.
    bio_weight
        Weight of the bio mean in the total, 0 to 1: the paper's 0.5 (default), scIB's 0.6.

    Returns
    -------
    "bio", "batch" and "total". Undefined columns are left out of the means. A group without a defined column is None,
    as "batch" is with a single batch; the total is then the other group's mean alone.
    """
    values = scores if isinstance(scores, Mapping) else scores.to_dict()
    bio, batch = (
        _mean(values.get(metric.key) for metric in METRICS if _counts(metric, group)) for group in (BIO, BATCH)
    )
    if bio is None or batch is None:
        total = batch if bio is None else bio
    else:
        total = bio_weight * bio + (1 - bio_weight) * batch
    return {BIO: bio, BATCH: batch, "total": total}


def _counts(metric: Metric, group: str) -> bool:
    return metric.averaged and metric.group == group


def _mean(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None
