"""Progress of a run, written into its folder for whoever looks."""

import math
import time
from pathlib import Path
from typing import Any

from semafo import keys
from semafo.errors import RunCancelled
from semafo.files import append_json_line, write_json
from semafo.runs.workers.tickets import Attempt

_SECONDS_BETWEEN_WRITES = 0.25


class FolderProgress:
    """The worker's `Progress`: progress.json for the moment, history.jsonl for the curves, a file that asks to stop.

    attempt: the ticket without which nothing more is written; None where nobody else can be given the run.
    """

    def __init__(self, folder: Path, attempt: Attempt | None = None) -> None:
        self._folder = folder
        self._attempt = attempt
        self._cancel_file = folder / keys.CANCEL_FILE
        self._expected: dict[str, float] = {}
        self._begun: list[tuple[str, float]] = []
        self._n_epochs = self._epoch = 0
        self._terms: dict[str, float] = {}
        self._written = 0.0

    def plan(self, expected: dict[str, float]) -> None:
        """Stages to come, in their order, with the seconds that each is expected to take."""
        self._expected = expected
        self._write()

    def begin(self, stage: str, n_epochs: int = 0) -> None:
        """A stage starts."""
        self._begun.append((stage, time.monotonic()))
        self._n_epochs, self._epoch, self._terms = n_epochs, 0, {}
        self._write()
        self.checkpoint()

    def epoch(self, epoch: int, terms: dict[str, float]) -> None:
        """An epoch is over. A term that is not a finite number ends the run: its weights are lost already."""
        stage = self._begun[-1][0]
        broken = [name for name, value in terms.items() if not math.isfinite(value)]
        if broken:
            raise FloatingPointError(f"{', '.join(broken)} became infinite or NaN in epoch {epoch} of {stage}")
        if self._attempt is not None:
            self._attempt.check()
        append_json_line(self._folder / keys.HISTORY_FILE, {"stage": stage, "epoch": epoch, **terms})
        self._epoch, self._terms = epoch, terms
        if time.monotonic() - self._written > _SECONDS_BETWEEN_WRITES or epoch == self._n_epochs:
            self._write()

    def checkpoint(self) -> None:
        """Raise RunCancelled where somebody asked for it, RunSuperseded where another worker has the run."""
        if self._attempt is not None:
            self._attempt.tick()
        if self._cancel_file.exists():
            raise RunCancelled("Stopped on request.")

    def end(self) -> None:
        """The last stage is over."""
        self._begun.append(("", time.monotonic()))

    def commit(self, manifest: dict[str, Any]) -> None:
        """Write the manifest, which makes the run a finished one. Raises RunSuperseded."""
        if self._attempt is None:
            write_json(self._folder / keys.MANIFEST_FILE, manifest)
        else:
            self._attempt.commit(manifest)

    def seconds(self) -> dict[str, float]:
        """Seconds by stage so far."""
        ends = [start for _, start in self._begun[1:]] + [time.monotonic()]
        return {stage: round(end - start, 3) for (stage, start), end in zip(self._begun, ends, strict=True) if stage}

    def _write(self) -> None:
        self._written = time.monotonic()
        stage, start = self._begun[-1] if self._begun else (None, self._written)
        elapsed = self._written - (self._begun[0][1] if self._begun else self._written)
        left = self._seconds_left(stage, self._written - start)
        values: dict[str, Any] = {
            "stage": stage,
            "stages": list(self._expected) or [stage],
            "epoch": self._epoch,
            "n_epochs": self._n_epochs,
            "elapsed_seconds": round(elapsed, 1),
            "seconds_left": None if left is None else round(left, 1),
            "fraction": None if left is None else round(elapsed / max(elapsed + left, 1e-9), 4),
            "terms": self._terms,
        }
        write_json(self._folder / keys.PROGRESS_FILE, values)

    def _seconds_left(self, stage: str | None, in_stage: float) -> float | None:
        """The stage's own pace, once it has one, scales what was expected of it and of the stages after it."""
        if stage not in self._expected:
            return None
        done = self._epoch / self._n_epochs if self._n_epochs else 0.0
        names = list(self._expected)
        later = sum(self._expected[name] for name in names[names.index(stage) + 1 :])
        pace = in_stage / (done * self._expected[stage]) if done else 1.0
        return pace * ((1 - done) * self._expected[stage] + later)
