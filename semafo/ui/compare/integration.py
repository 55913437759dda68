"""The scib table below the comparison: a row a column (mean over its seeds), and scVI and PCA beside them."""

from collections.abc import Sequence

from semafo import wording
from semafo.settings.run_config import PAPER_WEIGHTS
from semafo.ui import charts
from semafo.ui.session.tray import ChosenColumn
from semafo.ui.widgets import score_tables
from semafo.ui.widgets.figure import show_figure


def show(columns: Sequence[ChosenColumn], narrow: bool) -> None:
    """The table as a picture; nothing where no run has scores yet."""
    rows = score_tables.column_rows(columns, PAPER_WEIGHTS)
    if not rows:
        return
    show_figure(
        charts.score_table(rows, narrow=narrow),
        "compare-scores",
        alt=f"Integration scores of {wording.listed([row.name for row in rows])}: five of biology kept, six of batches "
        "mixed, and their means; sorted by total.",
        caption="scib scores on the test cells, 0 to 1, higher is better; the total is half biology, half batches. "
        "scVI sees no labels; PCA sees neither labels nor batches.",
        runs=[run for column in columns for run in column.runs],
    )
