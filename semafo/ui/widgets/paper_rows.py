"""What the paper reports for its lung atlas (Gong et al. 2024, Figure 4 and Table 6), as rows to compare with.

Shown only where a run's data set has the atlas's cells, batches and types: numbers of other data compare with nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from semafo.data.paper import lung_atlas
from semafo.evaluation.integration.columns import BATCH, BIO, aggregate
from semafo.settings.run_config import PAPER_WEIGHTS
from semafo.ui.charts import ScoreRow, colours
from semafo.ui.session.tray import ChosenRun

NOTE = (
    "Grey rings: the paper's Figure 4, to two digits. They are one run each, scored on the whole atlas, labelled cells "
    "among it; the other rows are on the cells named above, so only large differences mean anything. Their means at "
    "equal weights are those of its Table 6."
)


def rows(runs: Sequence[ChosenRun], bio_weight: float) -> list[ScoreRow]:
    """The paper's rows with their means at this weight; none unless every chosen run is of the paper's lung atlas."""
    if not runs or not all(lung_atlas.is_lung_atlas(run.record.data_report()) for run in runs):
        return []
    return [score_row(row, bio_weight) for row in lung_atlas.PAPER_ROWS]


def score_row(row: lung_atlas.PaperRow, bio_weight: float) -> ScoreRow:
    """A row of the picture. At the paper's weights the means are those that it prints."""
    scores = dict(zip(lung_atlas.COLUMNS, row.scores, strict=True))
    means: Mapping[str, Any] = {BIO: row.bio, BATCH: row.batch, "total": row.total}
    if bio_weight != PAPER_WEIGHTS:
        means = {**means, "total": aggregate(scores, bio_weight)["total"]}
    return ScoreRow(f"{row.name} · paper", colours.NEUTRAL, scores, means, is_reference=True)
