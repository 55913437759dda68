"""All cells of a training stage in memory, once, and minibatches cut from them.

Axes: n cells, B cells of a minibatch, G genes. Counts stay sparse in the machine's own memory. A minibatch is made
dense when it is looked at, by SciPy, which is quicker at it than torch, and goes to the device as one array.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch
from scipy import sparse
from scipy.special import gammaln
from scvi import REGISTRY_KEYS
from scvi.model.base import BaseModelClass
from torch import Tensor

from semafo.models.fast.likelihood import Counts

_SMALL_COUNTS = 16  # K: larger ones are rare, and for those the gamma function is evaluated


@dataclass(frozen=True, eq=False)
class Minibatch:
    """Some cells: their counts, codes of batch and label, and which cells of the store they are.

    Attributes
    ----------
    rows
        Counts, (B, G) float32.
    library, log_factorials
        As in `Counts`, (B,) float.
    batch, label, index
        (B,) int64.
    """

    rows: sparse.csr_matrix
    library: Tensor
    log_factorials: Tensor
    batch: Tensor
    label: Tensor
    index: Tensor

    def __len__(self) -> int:
        return len(self.batch)

    @cached_property
    def log_counts(self) -> Tensor:
        """log(1 + x), what the encoder sees, (B, G)."""
        return self._dense().log1p_()

    def counts(self) -> Counts:
        """What the likelihood needs."""
        return Counts(self._dense(), self.library, self.log_factorials, *self._summed())

    def _dense(self) -> Tensor:
        return torch.from_numpy(self.rows.toarray()).to(self.batch.device)

    def _summed(self) -> tuple[Tensor, Tensor, Tensor]:
        values, genes = self.rows.data, self.rows.indices
        by_function = (values > _SMALL_COUNTS) | (values != np.rint(values))
        steps = np.where(by_function, _SMALL_COUNTS, values).astype(genes.dtype)
        n_genes = self.rows.shape[1]
        of_size = np.bincount(genes * _SMALL_COUNTS + (steps - 1), minlength=n_genes * _SMALL_COUNTS)
        reached = of_size.reshape(n_genes, _SMALL_COUNTS)[:, ::-1].cumsum(1)[:, ::-1].astype(np.float32)  # (G, K)
        beyond, genes_beyond = values[by_function], genes[by_function].astype(np.int64)
        device = self.batch.device
        return (
            torch.from_numpy(reached).to(device),
            torch.from_numpy(beyond).to(device),
            torch.from_numpy(genes_beyond).to(device),
        )


class CellStore:
    """Counts, batches and labels of n cells.

    Parameters
    ----------
    counts
        (n, G) UMI counts, dense or sparse; they may have decimals.
    batch, label
        (n,) codes from 0.
    device
        Where minibatches are used.

    Attributes
    ----------
    labels
        Codes of the labels, (n,) int64.
    """

    def __init__(
        self, counts: np.ndarray | sparse.spmatrix, batch: np.ndarray, label: np.ndarray, device: torch.device
    ) -> None:
        self._rows = sparse.csr_matrix(counts, dtype=np.float32)
        self._rows.sum_duplicates()
        self._rows.eliminate_zeros()
        self.n_cells: int = self._rows.shape[0]
        self.n_genes: int = self._rows.shape[1]
        self.device = device
        self._library = self._sum_by_cell(self._rows.data)
        self._log_factorials = self._sum_by_cell(gammaln(self._rows.data + 1))
        self._batch = torch.as_tensor(np.asarray(batch).ravel().astype(np.int64))
        self.labels = torch.as_tensor(np.asarray(label).ravel().astype(np.int64))

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
        device, rows = self.device, self._rows[index.numpy()]
        return Minibatch(
            rows,
            self._library[index].to(device),
            self._log_factorials[index].to(device),
            self._batch[index].to(device),
            self.labels[index].to(device),
            index.to(device),
        )

    def _sum_by_cell(self, values: np.ndarray) -> Tensor:
        """(N,) -> (n,), in double precision: a running sum over all cells would lose digits."""
        sums = np.concatenate([[0.0], values.cumsum(dtype=np.float64)])
        return torch.from_numpy((sums[self._rows.indptr[1:]] - sums[self._rows.indptr[:-1]]).astype(np.float32))
