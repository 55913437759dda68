"""Expression of a run's genes, and the data set's own columns, as views read them.

Expression is log-normalised, log(1 + counts per 10 000), of the genes that the run was trained on. It lies gene by
gene, so that one gene of a million cells is one small stretch of a file that is never read as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse

from semafo import keys
from semafo.errors import DamagedRun, DataError
from semafo.runs.folder import checked_files
from semafo.runs.folder.run_record import RunRecord

_BLOCK = 4_000_000  # values that are looked at together: bounds the memory of a comparison
COLUMNS = ("gene", "mean_first", "mean_second", "difference", "d")


@dataclass(frozen=True, eq=False)
class Genes:
    """Expression of G genes in n cells, rows as the run's per-cell table. Arrays stay on disk until they are asked for.

    Attributes
    ----------
    names
        The G genes that the run was trained on.
    starts
        (G + 1,) where each gene's values begin and, at the next place, end.
    cells, expression
        Of every value that is not zero: its cell's row, int32, and the value, float32 above 0.
    n_cells
        n.
    """

    names: tuple[str, ...]
    starts: np.ndarray
    cells: np.ndarray
    expression: np.ndarray
    n_cells: int

    @classmethod
    def of(cls, record: RunRecord) -> Self | None:
        """A run's genes; None where it left none (it was trained before they were kept, or has no maps yet)."""
        folder = record.folder
        listed = checked_files.read_object(folder, keys.GENES_FILE)
        if listed is None:
            return None
        try:
            starts, cells, expression = (
                checked_files.read_array(folder, name, axes=1, mapped=True) for name in keys.EXPRESSION_FILES
            )
        except FileNotFoundError:
            return None
        found = cls(tuple(listed["genes"]), np.asarray(starts), cells, expression, listed["n_cells"])
        checked_files.require(found._is_whole, folder, keys.EXPRESSION_FILES[0], "it does not fit the other files")
        return found

    @property
    def _is_whole(self) -> bool:
        """Whether every gene's stretch lies in the arrays. Cells are looked at with the gene that is asked for."""
        starts, n_values = self.starts, len(self.cells)
        fits = len(starts) == len(self.names) + 1 and len(self.expression) == n_values
        ordered = fits and starts[0] == 0 and starts[-1] == n_values and bool((np.diff(starts) >= 0).all())
        return ordered and starts.dtype.kind in "iu" and self.cells.dtype.kind in "iu"

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def values(self, gene: str) -> np.ndarray:
        """Expression of one gene, (n_cells,) float32. Raises DataError where the run was trained without it."""
        place = self._places.get(gene)
        if place is None:
            raise DataError(
                f"This run was trained without the gene {gene!r}. It has the {len(self.names)} most variable genes of "
                "its data: choose one of those, or train on more genes."
            )
        found = np.zeros(self.n_cells, dtype=np.float32)
        part = slice(self.starts[place], self.starts[place + 1])
        found[self.rows(part)] = self.expression[part]
        return found

    def rows(self, part: slice) -> np.ndarray:
        """The cells' rows of a stretch of the values. Raises DamagedRun where the run has no such cells."""
        rows = np.asarray(self.cells[part])
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < self.n_cells:
            raise DamagedRun(
                f"The expression that a run kept names cells that it has not ({self.n_cells} are there). Delete the "
                "run and train it again."
            )
        return rows

    def telling_apart(self, first: np.ndarray, second: np.ndarray, n: int = 10) -> pd.DataFrame:
        """The genes whose means differ most between two groups of cells, in standard deviations within the groups.

        No p-values: the groups were chosen by looking at the cells, so a test of them would mean nothing.

        Parameters
        ----------
        first, second
            (n_cells,) bool.
        n
            Genes to return at most.

        Returns
        -------
        pd.DataFrame
            `gene`, `mean_first`, `mean_second`, `difference` (first minus second, log-normalised expression) and `d`
            (Cohen's: the difference by the pooled standard deviation; infinite where neither group varies), by
            descending |d|. Empty where a group has no cells.
        """
        sizes = np.array([np.count_nonzero(first), np.count_nonzero(second)])
        if not sizes.all():
            return pd.DataFrame({name: [] for name in COLUMNS})
        sums, squares = self._sums(np.column_stack([first, second]).astype(np.float64))
        means = sums / sizes  # (G, 2)
        scatter = np.maximum(squares - sizes * means**2, 0.0).sum(1)  # within the groups, (G,)
        scatter[scatter < 1e-9 * squares.sum(1)] = 0.0  # what rounding leaves of groups that do not vary
        difference = means[:, 0] - means[:, 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            d = np.where(difference == 0, 0.0, difference / np.sqrt(scatter / max(int(sizes.sum()) - 2, 1)))
        best = np.lexsort((-np.abs(difference), -np.abs(d)))[:n]
        columns = (np.array(self.names, dtype=object), *means.T, difference, d)
        return pd.DataFrame({name: column[best] for name, column in zip(COLUMNS, columns, strict=True)})

    def _sums(self, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums of each gene's values and of their squares over groups of cells; groups: (n, K) 0 or 1. Each (G, K)."""
        sums, squares = (np.zeros((len(self.names), groups.shape[1])) for _ in range(2))
        for genes in self._blocks():
            starts = self.starts[genes.start : genes.stop + 1]
            part = slice(starts[0], starts[-1])
            values, place = self.expression[part].astype(np.float64), (self.rows(part), starts - starts[0])
            shape = len(starts) - 1, self.n_cells
            sums[genes] = sparse.csr_array((values, *place), shape=shape) @ groups
            squares[genes] = sparse.csr_array((values**2, *place), shape=shape) @ groups
        return sums, squares

    def _blocks(self) -> Iterator[slice]:
        """Runs of genes with few enough values together."""
        begin = 0
        while begin < len(self.names):
            end = int(np.searchsorted(self.starts, self.starts[begin] + _BLOCK, side="right")) - 1
            end = min(max(end, begin + 1), len(self.names))
            yield slice(begin, end)
            begin = end


def obs_columns(record: RunRecord) -> pd.DataFrame | None:
    """The data set's own columns, rows as the per-cell table; None where the run left none."""
    try:
        return checked_files.read_cells(record.folder, keys.OBS_FILE)
    except FileNotFoundError:
        return None
