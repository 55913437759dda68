"""A half of a run as the queue sees it: its place in the order, the shared stages that it needs, how it ends."""

import contextlib
import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from semafo import keys, wording
from semafo.errors import SemafoError
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.sweeps.sweep import is_of_sweep
from semafo.runs.workers.base import LostRun, Worker
from semafo.runs.workers.work import SCORE, TRAIN, HalfOutcome
from semafo.training.stage_cache import pretrain_key, scoring_keys

_DRAFT_SECONDS = 3600  # after which a draft is nobody's


@dataclass
class HalfRun:
    """One half of a run, waiting or given to a worker."""

    record: RunRecord
    half: str
    created: float
    order: int
    worker: Worker | None = None
    cancelled_at: float | None = None

    @cached_property
    def batch(self) -> str | None:
        """What the run was asked for with."""
        return self.record.settings.get("batch")

    @property
    def rank(self) -> tuple[bool, float, int, int]:
        """Earlier comparisons first; within one, all maps before the first score. Sweeps last, run by run."""
        if is_of_sweep(self.batch):
            return True, self.created, self.order, self.half == TRAIN
        return False, self.created, self.half == SCORE, self.order

    @cached_property
    def stage_keys(self) -> tuple[str, ...]:
        """The shared stages that this half needs, and makes where they are missing."""
        config, context = self.record.config, self.record.settings["context"]
        return (pretrain_key(config, context),) if self.half == TRAIN else scoring_keys(config, context)


def outcome_of_loss(job: HalfRun, loss: LostRun) -> HalfOutcome:
    """What to say of a run whose worker ended under it."""
    if job.cancelled_at is not None:
        return HalfOutcome(keys.CANCELLED, "Stopped on request.")
    return HalfOutcome(keys.FAILED, f"{loss.reason} {_doing(job.record)}".rstrip())


def _doing(record: RunRecord) -> str:
    """What a run was at when it was last heard of; empty where nothing was heard."""
    progress = record.progress()
    stage = wording.STAGES.get(progress.get("stage") or "")
    if stage is None:
        return ""
    epoch, n_epochs = progress.get("epoch"), progress.get("n_epochs")
    at = f", epoch {epoch} of {n_epochs}" if n_epochs else ""
    return f"It was at: {stage}{at}."


def is_run_of_sweep(record: RunRecord) -> bool:
    """Whether a run was asked for by a sweep."""
    try:
        return is_of_sweep(record.settings.get("batch"))
    except SemafoError:  # a folder without a config
        return False


def keep(folder: Path, names: set[str]) -> None:
    """Delete all that a run's folder holds but these files, and but what people wrote about it."""
    for path in folder.iterdir():
        if path.name in {*names, keys.ABOUT_FILE}:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)  # a worker that is to stop may be writing there
        else:
            path.unlink(missing_ok=True)


def clear_draft(folder: Path) -> None:
    """Delete a draft that nobody finished; a young one may be somebody's who is writing it now."""
    with contextlib.suppress(FileNotFoundError):
        if time.time() - folder.stat().st_mtime > _DRAFT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
