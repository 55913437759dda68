"""What the paper reports for its lung atlas (Gong et al. 2024, Figure 4 and Table 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The atlas as scIB publishes it
N_CELLS, N_BATCHES, N_TYPES = 32_472, 16, 17
# Columns of the scib table, in the order of Figure 4
COLUMNS = (
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


def is_lung_atlas(report: Mapping[str, Any]) -> bool:
    """Whether a preflight found as many cells, batches and types as the atlas has.

    report: `semafo.data.reading.preflight.Report` as plain values.
    """
    composition: Mapping[str, Mapping[str, int]] = report.get("composition") or {}
    batches = {batch for by_batch in composition.values() for batch, n in by_batch.items() if n}
    return (report.get("n_cells"), len(batches), len(composition)) == (N_CELLS, N_BATCHES, N_TYPES)
