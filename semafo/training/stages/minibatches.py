"""Which cells a step sees: as scvi-tools draws them, without its data loaders.

Every epoch takes all cells once, in a new order, in minibatches of which the last may be smaller. Beside each stands a
minibatch of labelled cells: up to `n_samples_per_label` of each type drawn anew for the epoch, in a new order, gone
through again and again while the epoch lasts.
"""

from collections.abc import Iterator
from itertools import cycle

import torch
from torch import Tensor


class Minibatches:
    """Indices of the minibatches of an epoch, drawn from torch's own generator.

    Parameters
    ----------
    labels
        (n,) codes; a cell whose code is `n_labels` or more has no label.
    n_labels
        Number of types C; 0 where no labels are wanted.
    batch_size
        Cells of a minibatch.
    n_samples_per_label
        Labelled cells drawn for each type and epoch; None takes all.
    """

    def __init__(self, labels: Tensor, n_labels: int, batch_size: int, n_samples_per_label: int | None) -> None:
        self.n_cells = len(labels)
        self._batch_size = batch_size
        self._n_samples = n_samples_per_label
        of_types = [torch.nonzero(labels == code).view(-1) for code in range(n_labels)]
        self._labelled = [cells for cells in of_types if len(cells)]

    def __len__(self) -> int:
        """Steps of an epoch."""
        return -(-self.n_cells // self._batch_size)

    def epoch(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Cells of every step, and its labelled cells; each (B,) int64. None where no cell has a label."""
        drawn = [self._draw(cells) for cells in self._labelled]
        parts = self._in_new_order(torch.arange(self.n_cells))
        labelled = cycle(self._in_new_order(torch.cat(drawn))) if drawn else cycle([None])
        return zip(parts, labelled, strict=False)

    def _draw(self, cells: Tensor) -> Tensor:
        if self._n_samples is None or len(cells) <= self._n_samples:
            return cells
        return cells[torch.randperm(len(cells))[: self._n_samples]]

    def _in_new_order(self, cells: Tensor) -> list[Tensor]:
        order = torch.randperm(len(cells))
        return list(cells[order].split(self._batch_size))
