"""What every part of a run's work is given."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from semafo.files import write_atomically
from semafo.settings.run_config import RunConfig
from semafo.training.progress import Progress
from semafo.training.stage_cache import StageCache


@dataclass(frozen=True)
class RunContext:
    """A run to be worked on."""

    folder: Path
    config: RunConfig
    context: dict[str, Any]
    cache: StageCache
    progress: Progress

    def write_array(self, name: str, values: np.ndarray) -> None:
        """Write one array of the run's folder."""
        write_atomically(self.folder / name, lambda handle: np.save(handle, values, allow_pickle=False))
