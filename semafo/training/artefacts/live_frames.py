"""Frames of the replay while they are made: `live/` in the run's folder, for those who watch a run train.

The folder has a description of the sample of cells, written once, and a file a frame. It begins empty and goes when the
run has its maps: what lasts is the replay. `semafo.runs.folder.live_positions` reads it.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from semafo import keys
from semafo.files import make_folder, remove_folder, write_atomically, write_json

_logger = logging.getLogger(__name__)


class LiveFrames:
    """Writes the frames of one run, under the guard that all its files are written under.

    A frame is a courtesy: where a disk is full or the folder is gone, it is left out and training goes on.

    Parameters
    ----------
    folder
        The run's.
    describe
        Gives true label and batch of each cell of the sample by column name, None where missing. Called before the
        first frame is written, because the scVI stage brings the sample with it.
    """

    def __init__(self, folder: Path, describe: Callable[[], dict[str, list[str | None]]]) -> None:
        self._describe = describe
        self._folder = folder / keys.LIVE_FOLDER
        self._n_frames = 0
        self._has_sample = self._has_failed = False
        remove_live(folder)  # of an earlier attempt at this run

    def add(self, stage: str, epoch: int, n_epochs: int, z: np.ndarray) -> None:
        """Write a frame: (n, L) float16 positions of the first n cells of the sample, in latent units.

        Raises RunSuperseded where the run was given to another worker.
        """
        path = self._folder / keys.live_frame_file(self._n_frames, stage, epoch, n_epochs)
        try:
            if not self._has_sample:
                self._begin()
            write_atomically(path, lambda handle: np.save(handle, z, allow_pickle=False), synced=False)
        except OSError as error:
            if not self._has_failed:
                _logger.warning("Frames to watch are left out: %s", error)
            self._has_failed = True
        else:
            self._n_frames += 1

    def _begin(self) -> None:
        remove_folder(self._folder)
        make_folder(self._folder)
        write_json(self._folder / keys.LIVE_SAMPLE_FILE, self._describe())
        self._has_sample = True


def remove_live(folder: Path) -> None:
    """Take a run's live frames away, if there are any; its folder is given."""
    with suppress(OSError):
        remove_folder(folder / keys.LIVE_FOLDER)
