"""A light record of a stage's training: where a fixed sample of cells lies in the latent space, at chosen epochs.

Cells are encoded at the mean of q(z|x, s), with dropout and batch statistics off, and nothing is drawn from torch's
generator: training is bit for bit what it is without. Axes: n cells of the sample, L latent dimensions.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypedDict

import numpy as np
import torch

from semafo import keys
from semafo.evaluation.neighbours.sampling import proportional_sample
from semafo.files import read_json, write_atomically, write_json
from semafo.models.fast.minibatch import CellStore
from semafo.models.fast.passes import Pass
from semafo.training.stages.latent_watch import evaluating

MOST_CELLS, FEWEST_CELLS = 2000, 1000  # of a sample of one cell in ONE_IN: so recording takes under 3 % of training
ONE_IN = 5
MOST_FRAMES = 24  # of a stage, beside its start
SEED = 0


def spread(n_epochs: int, n_frames: int = MOST_FRAMES) -> list[int]:
    """Epochs to record, from 0 (the start) to the last: all of a short stage, else more of the early ones.

    The latent space moves most at first, so the distance from frame to frame grows in proportion to the frame's number.
    """
    if n_epochs <= n_frames:
        return list(range(n_epochs + 1))
    places = np.ceil(n_epochs * (np.arange(1, n_frames + 1) / n_frames) ** 2).astype(int)
    return [0, *np.unique(places).tolist()]


def sample_size(n_cells: int) -> int:
    """Cells to record at most, of a run of so many cells."""
    return min(MOST_CELLS, max(FEWEST_CELLS, n_cells // ONE_IN))


def draw(types: np.ndarray, n_most: int) -> np.ndarray:
    """Rows of a sample of cells in which each type has its share, and at least one cell.

    Parameters
    ----------
    types
        (n,) names; missing ones count as a type. The same types always give the same rows.
    n_most
        Not below the number of types.

    Returns
    -------
    np.ndarray
        Ascending rows, at most `n_most` of them.
    """
    if len(types) <= n_most:
        return np.arange(len(types))
    names, codes = np.unique(types.astype(str), return_inverse=True)
    return proportional_sample(codes, np.zeros_like(codes), n_most - len(names), SEED)


class _StageNote(TypedDict):
    epochs: list[int]
    n_epochs: int
    seconds: float


@dataclass(eq=False)
class StageRecord:
    """Frames of one stage.

    Attributes
    ----------
    rows
        (n,) rows of the sample among the stage's cells.
    epochs, frames
        Epoch of each frame, and (n, L) float16 posterior means of z.
    n_epochs
        Epochs of the stage.
    seconds
        What recording took, with what is done on each frame.
    on_frame
        Called with the record after each of its frames, while the stage trains.
    """

    rows: np.ndarray
    epochs: list[int] = field(default_factory=list)
    frames: list[np.ndarray] = field(default_factory=list)
    n_epochs: int = 0
    seconds: float = 0.0
    on_frame: "Callable[[StageRecord], None] | None" = None

    def begin(self, networks: Pass, store: CellStore, n_epochs: int) -> None:
        """Record the start of a stage that is about to be trained."""
        start = time.perf_counter()
        self._networks = networks
        self._cells = store.take(torch.as_tensor(self.rows))
        self.n_epochs, self._wanted = n_epochs, frozenset(spread(n_epochs))
        self.seconds += time.perf_counter() - start
        self.see(0)

    @torch.no_grad()
    def see(self, epoch: int) -> None:
        """Record an epoch, counted from 1, if it is one of the chosen."""
        if epoch not in self._wanted:
            return
        start = time.perf_counter()
        with evaluating(self._networks.module):
            z = self._networks.q_z(self._cells).loc
        self.epochs.append(epoch)
        self.frames.append(z.cpu().numpy().astype(np.float16))
        if self.on_frame is not None:
            self.on_frame(self)
        self.seconds += time.perf_counter() - start

    def end(self) -> None:
        """The stage is trained: let go of its cells and networks."""
        del self._networks, self._cells

    def write(self, folder: Path) -> None:
        """Keep the record beside a shared stage."""
        z = np.stack(self.frames)
        write_atomically(folder / keys.REPLAY_FILE, lambda handle: np.savez(handle, z=z, rows=self.rows))
        noted = {"epochs": self.epochs, "n_epochs": self.n_epochs, "seconds": self.seconds}
        write_json(folder / keys.REPLAY_FRAMES_FILE, noted)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The record of a shared stage; None where it was trained before there were records."""
        noted = read_json(folder / keys.REPLAY_FRAMES_FILE, kind=_StageNote)
        if noted is None:
            return None
        with np.load(folder / keys.REPLAY_FILE, allow_pickle=False) as arrays:
            return cls(arrays["rows"], noted["epochs"], list(arrays["z"]), noted["n_epochs"], noted["seconds"])
