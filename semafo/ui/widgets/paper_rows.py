"""What the paper reports for its lung atlas (Gong et al. 2024, Figure 4 and Table 6), as rows to compare with.

Shown only where a run's data set has the atlas's cells, batches and types: numbers of other data compare with nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from semafo.evaluation.integration.columns import BATCH, BIO, aggregate
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import PAPER_WEIGHTS
from semafo.ui.charts import ScoreRow, colours
from semafo.ui.session.tray import ChosenRun

# The atlas as scIB publishes it
N_CELLS, N_BATCHES, N_TYPES = 32_472, 16, 17

_COLUMNS = (
    *("isolated_labels", "kmeans_nmi", "kmeans_ari", "silhouette_label", "clisi"),
    *("silhouette_batch", "ilisi", "kbet", "graph_connectivity", "pcr_comparison"),
)


@dataclass(frozen=True)
class PaperRow:
    """One embedding: Figure 4's ten scores in the order of its columns, and Table 6's batch, bio and total.

    All to two digits, 0 to 1, higher is better; the total is with weights of ½.
    """

    name: str
    scores: tuple[float, ...]
    batch: float
    bio: float
    total: float


PAPER_ROWS = (
    PaperRow("scANVI", (0.71, 0.77, 0.66, 0.62, 1.00, 0.89, 0.09, 0.34, 0.94, 0.72), 0.59, 0.75, 0.67),
    PaperRow("semafoVI", (0.69, 0.71, 0.55, 0.64, 1.00, 0.84, 0.09, 0.46, 0.97, 0.75), 0.62, 0.72, 0.67),
    PaperRow("scVI", (0.61, 0.61, 0.44, 0.54, 0.99, 0.90, 0.12, 0.32, 0.89, 0.88), 0.62, 0.64, 0.63),
    PaperRow("PCA", (0.64, 0.68, 0.47, 0.56, 1.00, 0.88, 0.00, 0.23, 0.73, 0.00), 0.37, 0.67, 0.52),
)
NOTE = (
    "Grey rings: the paper's Figure 4, to two digits. They are one run each, scored on the whole atlas, labelled cells "
    "among it; the other rows are on the cells named above, so only large differences mean anything. Their means at "
    "equal weights are those of its Table 6."
)


def rows(runs: Sequence[ChosenRun], bio_weight: float) -> list[ScoreRow]:
    """The paper's rows with their means at this weight; none unless every chosen run is of the paper's lung atlas."""
    if not runs or not all(is_lung_atlas(run.record) for run in runs):
        return []
    return [score_row(row, bio_weight) for row in PAPER_ROWS]


def score_row(row: PaperRow, bio_weight: float) -> ScoreRow:
    """A row of the picture. At the paper's weights the means are those that it prints."""
    scores = dict(zip(_COLUMNS, row.scores, strict=True))
    means: Mapping[str, Any] = {BIO: row.bio, BATCH: row.batch, "total": row.total}
    if bio_weight != PAPER_WEIGHTS:
        means = {**means, "total": aggregate(scores, bio_weight)["total"]}
    return ScoreRow(f"{row.name} · paper", colours.NEUTRAL, scores, means, is_reference=True)


def is_lung_atlas(record: RunRecord) -> bool:
    """Whether the run's data set has as many cells, batches and types as the atlas."""
    report = (record.split() or {}).get("report") or {}
    composition: Mapping[str, Mapping[str, int]] = report.get("composition") or {}
    batches = {batch for by_batch in composition.values() for batch, n in by_batch.items() if n}
    return (report.get("n_cells"), len(batches), len(composition)) == (N_CELLS, N_BATCHES, N_TYPES)
