"""From a spec to cells that are ready to use, or to everything that a file holds."""

from pathlib import Path
from typing import TYPE_CHECKING

from semafo.data import catalogue
from semafo.data.genes import forget_choice
from semafo.data.reading.preflight import preflight
from semafo.data.reading.raw_cells import read_raw
from semafo.data.reading.sources import read_file
from semafo.settings.run_config import DatasetSpec

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
        Where training could not work, see `semafo.data.reading.preflight`.
    """
    adata, _ = preflight(spec)
    forget_choice(adata)
    return adata


def read_whole(spec: DatasetSpec) -> "AnnData":
    """All that a resolved data set holds, as it is: nothing is left out, renamed or put right.

    Built-in data have their counts in X.
    """
    if catalogue.is_file(spec):
        return read_file(Path(spec.name))
    import anndata as ad

    raw = read_raw(spec)
    return ad.AnnData(raw.counts, obs=raw.obs, var=raw.var)
