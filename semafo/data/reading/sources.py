"""Opening data: the obs table at once, matrices only when they are asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd

from semafo import inert
from semafo.data import catalogue
from semafo.data.hdf5.matrices import Matrix, in_order, loaded_matrix, require_valid, stored_matrices
from semafo.data.hdf5.opening import opened, troubles_reported
from semafo.data.hdf5.other_formats import require_h5ad
from semafo.data.hdf5.tables import read_table
from semafo.data.simulation.simulate import simulate
from semafo.errors import DataError
from semafo.settings.run_config import DatasetSpec

if TYPE_CHECKING:
    from anndata import AnnData

_TARGET_SUM = 1e4  # pbmc68k was normalised to this many counts a cell


@dataclass(frozen=True)
class Source:
    """Data that have been opened.

    Parameters
    ----------
    title
        What messages call it.
    matrices
        By name (`layers/counts`, `X`, `raw`, `layers/...`), in the order in which they are listed.
    unread
        What cannot be read and was left out, such as `obs/visit`, with the reason in words that follow upon its name.
        Columns of var come to it when var is read.
    """

    title: str
    obs: pd.DataFrame
    matrices: dict[str, Matrix]
    unread: dict[str, str] = field(default_factory=dict)

    def require(self, name: str) -> None:
        """Raise DataError where a part that is needed, such as `obs/visit`, cannot be read."""
        if name in self.unread:
            raise DataError(
                f"{inert.visible(name)[:80]} in {self.title} {self.unread[name]}. Choose another one, or write the "
                "file again with AnnData's write_h5ad, with text or numbers there."
            )

    def doubts(self) -> list[str]:
        """What was left out, for people to know."""
        return [f"Passed over: {inert.visible(name)[:80]} {reason}." for name, reason in self.unread.items()]


@contextmanager
def open_source(spec: DatasetSpec) -> Iterator[Source]:
    """Open a resolved spec; matrices can be read until the context ends."""
    if catalogue.is_simulation(spec):
        yield _from_anndata(spec.name, simulate(catalogue.parse_simulation(spec.name)))
    elif spec.name == catalogue.PBMC68K:
        yield _from_anndata(spec.name, _pbmc68k())
    else:
        path = Path(spec.name)
        with troubles_reported(path), _from_file(path) as source:
            yield source


def _from_anndata(title: str, adata: "AnnData") -> Source:
    matrices = {f"layers/{name}": loaded_matrix(layer, adata.var) for name, layer in adata.layers.items()}
    if adata.X is not None:
        matrices["X"] = loaded_matrix(adata.X, adata.var)
    if adata.raw is not None:
        matrices["raw"] = loaded_matrix(adata.raw.X, adata.raw.var)
    return Source(title, adata.obs.copy(), in_order(matrices))


@contextmanager
def _from_file(path: Path) -> Iterator[Source]:
    with opened(path) as file:
        require_h5ad(file, path)
        is_old = not hasattr(file["obs"], "keys")  # a table of records, as AnnData before 0.7 wrote it
        if not is_old:
            unread: dict[str, str] = {}
            obs = read_table(file["obs"], unread)
            yield Source(str(path), obs, in_order(stored_matrices(file, len(obs), unread)), unread)
    if is_old:
        yield _from_anndata(str(path), _read_whole(path))


def _pbmc68k() -> "AnnData":
    """The packaged cells with their UMI counts as `raw`.

    The file has log-normalised values of all 765 genes in `raw` and each cell's total before genes were left out, so
    counts come back exactly: round(expm1(value) · total / 10⁴).
    """
    import anndata as ad

    path = catalogue.pbmc68k_path()
    with troubles_reported(path):
        packaged = _read_whole(path)
    counts = packaged.raw.X.tocsr().astype(np.float64)
    totals = packaged.obs["n_counts"].to_numpy(dtype=np.float64)
    values = np.expm1(counts.data) * np.repeat(totals, np.diff(counts.indptr)) / _TARGET_SUM
    counts.data = np.rint(values)
    smallest = np.minimum.reduceat(counts.data, counts.indptr[:-1])  # of each cell's non-zero counts
    if np.abs(values - counts.data).max() > 0.1 or (smallest != 1).any():
        raise DataError(
            f"The file {path} holds other values than expected: no whole counts come back from them. Reinstall scanpy "
            "1.11, or choose another data set."
        )
    recovered = ad.AnnData(counts, obs=packaged.obs, var=packaged.raw.var)
    bare = ad.AnnData(obs=packaged.obs, var=packaged.var)
    bare.raw = recovered
    return bare


def read_file(path: Path) -> "AnnData":
    """A whole .h5ad file, in memory. Raises DataError where it is damaged."""
    with troubles_reported(path):
        return _read_whole(path)


def _read_whole(path: Path) -> "AnnData":
    import anndata as ad

    with opened(path), catch_warnings():
        simplefilter("ignore")  # about the old layout of the file, which nobody here can change
        adata = ad.read_h5ad(path)
    for values in (adata.X, adata.raw and adata.raw.X, *adata.layers.values(), *_aligned(adata)):
        require_valid(values)
    return adata


def _aligned(adata: "AnnData") -> Iterator[Any]:
    for found in (adata.obsm, adata.varm, adata.obsp, adata.varp):
        yield from found.values()
