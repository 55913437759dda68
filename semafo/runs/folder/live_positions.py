"""Where a sample of a run's cells lies in the latent space while the run trains, as its folder has it.

Written by `semafo.training.artefacts.live_frames`. A page looks while a worker writes and while the engine clears a run
away, and a folder may come from elsewhere: what is missing or damaged is not there, and nothing raises. Axes: n cells
of the sample, L latent dimensions.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np

from semafo import keys
from semafo.files import parsed_json
from semafo.runs.folder.run_record import RunRecord
from semafo.training.stage_cache import pretrain_key

_STAGES = "|".join((keys.PRETRAIN, keys.SEMI_SUPERVISED, keys.QUERY_STAGE))
_FRAME_NAME = re.compile(rf"(\d{{4,8}})_({_STAGES})_(\d{{1,8}})_of_(\d{{1,8}})\.npy", re.ASCII)
_MOST_BYTES = 20_000_000  # of one file; a frame of 2000 cells and 30 dimensions has 120 kB


@dataclass(frozen=True, order=True)
class _LiveFrame:
    """A frame's file, and what its name says."""

    number: int
    stage: str
    epoch: int
    n_epochs: int
    path: Path


@dataclass(frozen=True, eq=False)
class LivePositions:
    """The newest frame of a run that trains.

    Attributes
    ----------
    stage, epoch, n_epochs
        The moment: epoch 0 is the stage's start, `n_epochs` its end.
    positions
        (n, L) float32 posterior means, in latent units. The same cells in the same order in all frames of a stage; in
        surgery the query's cells come behind the others in the query stage.
    types
        (n,) true labels as `keys.TRUE` has them, None where the data have none.
    batches
        (n,) names of the batches.
    stamp
        Differs from frame to frame, see `stamp_of`.
    axes
        (L, 2) orthonormal: the first two principal components of the stage's first frame.
    """

    stage: str
    epoch: int
    n_epochs: int
    positions: np.ndarray
    types: np.ndarray
    batches: np.ndarray
    stamp: str
    axes: np.ndarray

    @classmethod
    def of(cls, record: RunRecord) -> Self | None:
        """What a run shows now; None where it does not train, has no frame yet, or one that cannot be read."""
        try:
            return cls._read(_frames(record))
        except Exception:  # what damage looks like has no common class: numpy alone has five
            return None

    @classmethod
    def _read(cls, frames: list[_LiveFrame]) -> Self | None:
        if not frames:
            return None
        newest = frames[-1]
        stamp = _stamp(newest)
        first = next(frame for frame in frames if frame.stage == newest.stage)
        z, (n_cells, axes) = _positions(newest.path), _start(first.path, first.path.stat().st_mtime_ns)
        types, batches = _sample(newest.path.with_name(keys.LIVE_SAMPLE_FILE))
        if z.shape != (n_cells, len(axes)) or n_cells > len(types) or newest.epoch > newest.n_epochs:
            return None
        moment = newest.stage, newest.epoch, newest.n_epochs
        return cls(*moment, z, types[:n_cells], batches[:n_cells], stamp, axes)

    def plane(self, axes: np.ndarray | None = None) -> np.ndarray:
        """Two coordinates of each cell, (n, 2) float32 in latent units, by a linear map that a stage keeps.

        The map turns and projects: distances in the plane are true, and 0 is the prior's mean.

        Parameters
        ----------
        axes
            (L, 2) orthonormal axes of another plane (see `principal_axes`); None is the stage's own.
        """
        coordinates: np.ndarray = self.positions @ (self.axes if axes is None else axes)
        return coordinates

    def plane_share(self, axes: np.ndarray | None = None) -> float:
        """Share of the positions' variance that lies in a plane (axes as in `plane`), 0 to 1; 0 if none varies."""
        total = float(self.positions.var(axis=0, dtype=np.float64).sum())
        return float(self.plane(axes).var(axis=0, dtype=np.float64).sum()) / total if total > 0 else 0.0


def stamp_of(record: RunRecord) -> str | None:
    """What changes with every frame of a run, from the names of its files alone; None where it shows nothing."""
    try:
        frames = _frames(record)
        return _stamp(frames[-1]) if frames else None
    except Exception:  # as in `LivePositions.of`
        return None


def principal_axes(z: np.ndarray) -> np.ndarray:
    """First two principal components of positions, (n, L) with L of 2 or more: (L, 2) float32, orthonormal.

    The largest loading of each is positive, so that the same positions always give the same axes.
    """
    centred = z.astype(np.float64) - z.mean(axis=0, dtype=np.float64)
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :2]  # largest variance first
    signs = np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1, 1)
    return (axes * signs).astype(np.float32)


def trainer_of_scvi_stage(record: RunRecord, active: Iterable[RunRecord]) -> RunRecord | None:
    """The run among the active ones that trains the scVI stage which a waiting run will begin with; None where none.

    The frames of that stage lie in the folder of the run that trains it. Whoever comes later takes the stage over.
    """
    key = _scvi_stage(record)
    others = (other for other in active if other.run_id != record.run_id and _trains_scvi(other))
    return next((other for other in others if _scvi_stage(other) == key), None) if key is not None else None


def _scvi_stage(record: RunRecord) -> str | None:
    """Name of the scVI stage that a run begins with; None where its settings cannot be read."""
    try:
        return pretrain_key(record.config, record.settings["context"])
    except Exception:  # settings of a newer version, or damaged
        return None


def _trains_scvi(record: RunRecord) -> bool:
    try:
        return record.state == keys.RUNNING and record.progress().get("stage") == keys.PRETRAIN
    except Exception:  # the folder is gone, or its files are damaged
        return False


def _frames(record: RunRecord) -> list[_LiveFrame]:
    """The frames of a run that works, oldest first. One that ended, in whatever way, shows none."""
    if record.state != keys.RUNNING:
        return []
    paths = (record.folder / keys.LIVE_FOLDER).iterdir()
    named = ((_FRAME_NAME.fullmatch(path.name), path) for path in paths)
    frames = [(match.groups(), path) for match, path in named if match is not None]
    return sorted(
        _LiveFrame(int(number), stage, int(epoch), int(n_epochs), path)
        for (number, stage, epoch, n_epochs), path in frames
    )


def _stamp(frame: _LiveFrame) -> str:
    """Name and time: a run that is tried again writes files of the same names."""
    return f"{frame.path.name} {frame.path.stat().st_mtime_ns}"


@lru_cache(maxsize=64)
def _start(path: Path, _written: int) -> tuple[int, np.ndarray]:
    """Cells and principal axes of a stage's first frame; kept, because beside a training the axes take 16 ms."""
    z = _positions(path)
    axes = principal_axes(z)
    axes.setflags(write=False)
    return len(z), axes


def _positions(path: Path) -> np.ndarray:
    """(n, L) float32. Raises ValueError where the file has something else."""
    z: Any = np.load(BytesIO(_content(path)), allow_pickle=False)
    if not isinstance(z, np.ndarray) or z.dtype != np.float16 or z.ndim != 2 or len(z) == 0 or z.shape[1] < 2:
        raise ValueError(f"{path} holds no positions")
    if not np.isfinite(z).all():
        raise ValueError(f"{path} holds positions that are no numbers")
    return z.astype(np.float32)


def _sample(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Types and batches, (n,) each. Raises ValueError where the file has something else."""
    noted = parsed_json(_content(path))
    columns = [noted[name] for name in (keys.TRUE, keys.BATCH_COLUMN)]
    if len({len(column) for column in columns}) != 1 or not all(map(_is_text, columns)):
        raise ValueError(f"{path} describes no cells")
    types, batches = (np.array(column, dtype=object) for column in columns)
    return types, batches


def _is_text(column: Any) -> bool:
    return isinstance(column, list) and all(value is None or isinstance(value, str) for value in column)


def _content(path: Path) -> bytes:
    """The file, or ValueError where it is too large to be what it should be."""
    with path.open("rb") as handle:
        content = handle.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{path} is too large")
    return content
