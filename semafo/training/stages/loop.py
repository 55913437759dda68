"""The loop of training: one for scVI, the semi-supervised stage and query surgery.

Not Lightning's, through which scvi-tools trains: a step of a small model is a few milliseconds, and a trainer with data
loaders, callbacks and a logger spends more than that on itself. docs/performance.md has the measured ratios
(`python -m benchmarks.training`).
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from semafo.models.fast.losses import Loss
from semafo.models.fast.minibatch import CellStore
from semafo.models.networks import batch_norm_keeping_up
from semafo.settings.schedule import Course
from semafo.training.stages.minibatches import Minibatches

_KEPT_MINIBATCHES = 64  # 66 MB at 128 cells and 2000 genes


def fit(
    loss: Loss,
    store: CellStore,
    minibatches: Minibatches,
    course: Course,
    on_epoch: Callable[[int, dict[str, float]], None],
    checkpoint: Callable[[], None],
) -> None:
    """Train the weights of `loss.networks`.

    Parameters
    ----------
    on_epoch
        Called with the epoch, counted from 1, and its loss terms: means over its cells, in nats a cell.
    checkpoint
        Called at every step; what it raises ends the training.
    """
    optimizer = torch.optim.Adam(
        loss.networks.parameters(),
        lr=course.learning_rate,
        eps=course.adam_eps,
        weight_decay=course.weight_decay,
        fused=True,
    )
    schedule = _schedule(optimizer, course, len(minibatches))

    take_again = lru_cache(_KEPT_MINIBATCHES)(store.take)  # an epoch goes through its labelled cells several times

    def step(index: Tensor, labelled_index: Tensor | None, kl_weight: float) -> dict[str, Tensor]:
        labelled = None if labelled_index is None else take_again(labelled_index)
        value, terms = loss(store.take(index), labelled, kl_weight)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        checkpoint()
        return {**terms, "loss": value}

    with _batch_norm(loss.networks.module, course, len(minibatches)), _old_objects_left_alone():
        for epoch in range(course.n_epochs):
            kl_weight, sums = course.kl_weight(epoch), _Means()
            for index, labelled_index in minibatches.epoch():
                sums.add(step(index, labelled_index, kl_weight), len(index))
            on_epoch(epoch + 1, {**sums.means(), "kl_weight": kl_weight})
    loss.networks.finish()


def _batch_norm(module: nn.Module, course: Course, n_steps: int) -> AbstractContextManager[None]:
    return batch_norm_keeping_up(module, course.n_epochs * n_steps) if course.batch_norm_keeps_up else nullcontext()


@contextmanager
def _old_objects_left_alone() -> Iterator[None]:
    """Keep the garbage collector off what was there before: going through all libraries' objects took 6 % of a step."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _schedule(optimizer: torch.optim.Adam, course: Course, n_steps: int) -> LRScheduler:
    total = course.n_epochs * n_steps
    if course.one_cycle:
        return OneCycleLR(optimizer, course.learning_rate, total_steps=total + 1)
    return LambdaLR(optimizer, lambda step: course.rate_factor(step / max(total - 1, 1)))


class _Means:
    """Means over an epoch's cells, added up where the values are: reading each step's would stop a GPU every time."""

    def __init__(self) -> None:
        self._sum: Tensor | None = None
        self._n_cells = 0
        self._names: tuple[str, ...] = ()

    def add(self, values: dict[str, Tensor], n_cells: int) -> None:
        """Add the means of a minibatch."""
        weighted = torch.stack([value.detach() for value in values.values()]) * n_cells
        self._sum = weighted if self._sum is None else self._sum + weighted
        self._names, self._n_cells = tuple(values), self._n_cells + n_cells

    def means(self) -> dict[str, float]:
        """The means, by name."""
        assert self._sum is not None  # an epoch has a step
        return dict(zip(self._names, (self._sum / self._n_cells).tolist(), strict=True))
