"""The record of a run's training, as its folder has it. Axes: F frames, n cells of a sample, L latent dimensions."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from semafo import keys
from semafo.runs.folder import checked_files
from semafo.runs.folder.run_record import RunRecord


@dataclass(frozen=True)
class ReplayFrame:
    """A moment of training: a stage, the epoch (0 is its start), and how many epochs the stage has."""

    stage: str
    epoch: int
    n_epochs: int

    @property
    def fraction(self) -> float:
        """How much of the stage is over, 0 to 1."""
        return self.epoch / max(self.n_epochs, 1)


@dataclass(frozen=True, eq=False)
class Replay:
    """Where a sample of a run's cells lay in the latent space while it was trained.

    Attributes
    ----------
    z
        (F, n, L) float16 posterior means; NaN while the model does not know a cell (a query's, before its stage).
    rows
        (n,) rows of the run's per-cell table.
    frames
        The moment of each frame.
    scvi_stage
        Name of the scVI stage that the run began with: runs that share it began in the same latent space.
    """

    z: np.ndarray
    rows: np.ndarray
    frames: tuple[ReplayFrame, ...]
    scvi_stage: str

    @classmethod
    def of(cls, record: RunRecord) -> Self | None:
        """A run's record; None where it has none."""
        folder = record.folder
        noted = checked_files.read_object(folder, keys.REPLAY_FRAMES_FILE)
        if noted is None:
            return None
        with (
            checked_files.reading(folder, keys.REPLAY_FILE) as path,
            path.open("rb") as file,  # numpy leaves it open where it is no zip
            np.load(file, allow_pickle=False) as arrays,
        ):
            z, rows = arrays["z"], arrays["rows"]
        shape = len(noted["frames"]), len(rows)
        fits = (
            z.ndim == 3 and rows.ndim == 1 and z.shape[:2] == shape and z.dtype.kind == "f" and rows.dtype.kind in "iu"
        )
        checked_files.require(fits, folder, keys.REPLAY_FILE, "it does not hold the frames that the run noted")
        n_epochs = noted["n_epochs"]
        frames = tuple(
            ReplayFrame(frame["stage"], frame["epoch"], n_epochs[frame["stage"]]) for frame in noted["frames"]
        )
        return cls(z, rows, frames, noted["scvi_stage"])


def timeline(replays: list[Replay]) -> list[ReplayFrame]:
    """Moments to show for several runs: of each stage, those of the run that has most of them."""
    stages = [
        stage
        for stage in (keys.PRETRAIN, keys.SEMI_SUPERVISED, keys.QUERY_STAGE)
        if any(frame.stage == stage for replay in replays for frame in replay.frames)
    ]
    of_stage = ([[f for f in replay.frames if f.stage == stage] for replay in replays] for stage in stages)
    return [frame for frames in of_stage for frame in max(frames, key=len)]


def places(replay: Replay, moments: list[ReplayFrame]) -> np.ndarray:
    """Which of a run's frames is shown at each moment: the nearest of that stage by the share of it that is over.

    Where the run has not that stage, its last frame before it; -1 where there is none yet.
    """
    stages = list(dict.fromkeys(moment.stage for moment in moments))
    found = []
    for moment in moments:
        mine = [(abs(f.fraction - moment.fraction), i) for i, f in enumerate(replay.frames) if f.stage == moment.stage]
        earlier = [i for i, f in enumerate(replay.frames) if stages.index(f.stage) < stages.index(moment.stage)]
        found.append(min(mine)[1] if mine else max(earlier, default=-1))
    return np.array(found)


def plane(replays: list[Replay]) -> tuple[list[np.ndarray], float]:
    """Positions of the cells of runs that began in the same latent space, by one linear map for all frames and runs.

    The map is onto the first two principal components of all positions together; it turns and projects, and keeps
    lengths in the plane, so that distances are in latent units and 0 is the middle of the prior.

    Returns
    -------
    tuple
        (F, n, 2) float32 of each run, and the share of the variance that the plane has, 0 to 1.
    """
    points = np.concatenate([replay.z.reshape(-1, replay.z.shape[2]) for replay in replays]).astype(np.float64)
    points = points[np.isfinite(points).all(axis=1)]
    variances, axes = np.linalg.eigh(np.cov(points.T))
    axes = axes[:, ::-1][:, :2]  # (L, 2), largest variance first
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    share = float(variances[::-1][:2].sum() / max(variances.sum(), 1e-12))
    return [replay.z.astype(np.float32) @ axes.astype(np.float32) for replay in replays], share


def spread_of(replay: Replay) -> np.ndarray:
    """Latent scale of the sample in each frame, (F,): see `semafo.evaluation.latent.diagnostics.latent_scale`."""
    variances = np.nanvar(replay.z.astype(np.float64), axis=1)  # (F, L)
    scales: np.ndarray = np.sqrt(variances.mean(axis=1))
    return scales
