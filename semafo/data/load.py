"""From a spec to cells that are ready to use."""

from typing import TYPE_CHECKING

from semafo.data.check import preflight
from semafo.settings import DatasetSpec

if TYPE_CHECKING:
    from anndata import AnnData


def load(spec: DatasetSpec) -> "AnnData":
    """Read and check a data set.

    Returns
    -------
    AnnData
        X: CSR float32 counts. obs: the data's own columns, and `keys.BATCH_COLUMN` and `keys.TRUE` as categoricals of
        strings, the latter missing where the data have no label; a column of theirs that had one of these names is kept
        with "_in_file" after it. Cell and gene names are unique.

    Raises
    ------
    DataError
        Where training could not work, see `semafo.data.check`.
    """
    return preflight(spec)[0]
