"""All cells of a training stage in memory, once, and minibatches cut from them.

Axes: n cells, B cells of a minibatch, G genes, N non-zero counts. Counts stay sparse: a minibatch is a few gathers,
where a data loader copies, converts and validates each time. Everything lies on one device.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy import sparse
from scvi import REGISTRY_KEYS
from scvi.model.base import BaseModelClass
from torch import Tensor

from semafo.models.likelihood import Counts


@dataclass(frozen=True)
class Minibatch:
    """Some cells: their counts, codes of batch and label, and which cells of the store they are; each (B,) int64."""

    counts: Counts
    batch: Tensor
    label: Tensor
    index: Tensor

    def __len__(self) -> int:
        return len(self.batch)


class CellStore:
    """Counts, batches and labels of n cells.

    Parameters
    ----------
    counts
        (n, G) UMI counts, dense or sparse.
    batch, label
        (n,) codes from 0.
    device
        Where minibatches are made.

    Attributes
    ----------
    labels
        Codes of the labels, (n,) int64.
    """

    def __init__(
        self, counts: np.ndarray | sparse.spmatrix, batch: np.ndarray, label: np.ndarray, device: torch.device
    ) -> None:
        rows = sparse.csr_matrix(counts, dtype=np.float32)
        rows.eliminate_zeros()
        self.n_cells, self.n_genes = rows.shape
        self.device = device
        self._starts = torch.as_tensor(rows.indptr.astype(np.int64), device=device)
        self._genes = torch.as_tensor(rows.indices, device=device)
        self._values = torch.as_tensor(rows.data, device=device)
        self._library = self._sum_by_cell(self._values)
        self._log_factorials = self._sum_by_cell(torch.lgamma(self._values + 1))
        self._batch = torch.as_tensor(np.asarray(batch).ravel().astype(np.int64), device=device)
        self.labels = torch.as_tensor(np.asarray(label).ravel().astype(np.int64), device=device)

    @classmethod
    def of(cls, model: BaseModelClass, device: torch.device) -> Self:
        """The cells that a scvi-tools model is registered with."""
        counts, batch, label = (
            model.adata_manager.get_from_registry(key)
            for key in (REGISTRY_KEYS.X_KEY, REGISTRY_KEYS.BATCH_KEY, REGISTRY_KEYS.LABELS_KEY)
        )
        return cls(counts, batch, label, device)

    def __len__(self) -> int:
        return self.n_cells

    def take(self, index: Tensor) -> Minibatch:
        """Minibatch of the listed cells, (B,) int64."""
        starts = self._starts[index]
        sizes = self._starts[index + 1] - starts  # (B,)
        cells = torch.repeat_interleave(torch.arange(len(index), device=self.device), sizes)  # (N,)
        first = sizes.cumsum(0) - sizes
        where = torch.arange(len(cells), device=self.device) + (starts - first)[cells]
        counts = Counts(
            self._values[where], cells, self._genes[where].long(), self._library[index], self._log_factorials[index]
        )
        return Minibatch(counts, self._batch[index], self.labels[index], index)

    def _sum_by_cell(self, values: Tensor) -> Tensor:
        """(N,) -> (n,), in double precision: a running sum over all cells would lose digits."""
        sums = torch.nn.functional.pad(values.double().cumsum(0), (1, 0))
        return (sums[self._starts[1:]] - sums[self._starts[:-1]]).float()
