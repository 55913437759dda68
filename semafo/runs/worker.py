"""What a worker process does with a run. Loaded in workers only; the heavy libraries come with the first call.

Nothing raises out of here: a worker answers with an `Outcome`, in words that a user can read.
"""

import errno
import logging
import os
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semafo import keys
from semafo.errors import RunCancelled, SemafoError
from semafo.files import sha256, write_json
from semafo.runs.processes import ENGINE_VARIABLE, give_way, imports_are_no_garbage
from semafo.runs.record import RunRecord
from semafo.runs.reporting import FolderProgress

_logger = logging.getLogger(__name__)

TRAIN = "train"
SCORE = "score"


@dataclass(frozen=True)
class Outcome:
    """How a job ended: `state` is done, failed or cancelled; `seconds` by stage; `reused_seconds` of a shared stage."""

    state: str
    reason: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    reused_seconds: float | None = None


def dask_setup(worker: Any) -> None:
    """Run by `dask worker --preload`.

    A worker gives way to the processes that serve pages. One whose engine is gone ends itself, whatever it is doing.
    """
    give_way()
    engine_pid = int(os.environ.get(ENGINE_VARIABLE, os.getppid()))
    threading.Thread(target=_end_with_engine, args=(engine_pid,), daemon=True).start()


def _end_with_engine(engine_pid: int) -> None:
    while os.getppid() == engine_pid:
        time.sleep(0.5)
    os._exit(1)


def import_libraries() -> None:
    """Import what every run needs, so that the first run does not wait for it."""
    _quieten()
    with imports_are_no_garbage():
        import semafo.training.pipeline  # noqa: F401


def compile_kernels() -> None:
    """Have numba compile what UMAP needs, or load it where an earlier worker compiled it."""
    _quieten()
    from semafo.evaluation.embedding import warm_up

    keep_compiled_layout()
    warm_up()


def keep_compiled_layout() -> None:
    """Have numba keep UMAP's layout on disk, as umap-learn lets it keep its other functions: 0.6 s at each start.

    umap-learn has no public name for it. Where it is called otherwise it is compiled at each start.
    """
    from umap import layouts

    layout = getattr(layouts, "_nb_optimize_layout_euclidean_single_epoch", None)
    if layout is not None:
        with suppress(RuntimeError, OSError):  # no folder to keep it in
            layout.enable_caching()


def work(run_folder: str, cache_folder: str, half: str) -> Outcome:
    """Do one half of a run: `TRAIN` (training and maps) or `SCORE` (the scib table, then the manifest)."""
    folder = Path(run_folder)
    progress = FolderProgress(folder)
    with _logging_to(folder / keys.LOG_FILE):
        try:
            return _HALVES[half](folder, Path(cache_folder), progress)
        except RunCancelled:
            return Outcome(keys.CANCELLED, "Stopped on request.")
        except Exception as error:
            _logger.exception("The run stopped.")
            return Outcome(keys.FAILED, reason_of(error))


def _train(folder: Path, cache: Path, progress: FolderProgress) -> Outcome:
    from semafo.training.pipeline import train_and_map

    found = train_and_map(_job(folder, cache, progress))
    return Outcome(keys.DONE, seconds=progress.seconds(), reused_seconds=found["reused_seconds"])


def _score(folder: Path, cache: Path, progress: FolderProgress) -> Outcome:
    """Scores that cannot be computed must not cost the trained model: they are left out with a reason."""
    from semafo.training.factors import write_factors
    from semafo.training.markers import write_markers
    from semafo.training.pipeline import score, score_classifiers

    job = _job(folder, cache, progress)
    progress.begin(keys.SCORES)
    parts = {write_markers: keys.MARKERS_FILE, score_classifiers: keys.BASELINES_FILE, score: keys.INTEGRATION_FILE}
    parts[write_factors] = keys.FACTORS_FILE
    for write, name in parts.items():
        try:
            write(job)
        except (RunCancelled, OSError):
            raise
        except Exception as error:
            _logger.exception("%s could not be computed.", name)
            write_json(folder / name, {"rows": {}, "error": reason_of(error)})
    progress.end()
    write_manifest(folder)
    return Outcome(keys.DONE, seconds=progress.seconds())


_HALVES = {TRAIN: _train, SCORE: _score}


def _job(folder: Path, cache: Path, progress: FolderProgress) -> Any:
    from semafo.training.cache import StageCache
    from semafo.training.job import Job

    record = RunRecord(folder)
    return Job(folder, record.config, record.settings["context"], StageCache(cache), progress)


def write_manifest(folder: Path) -> None:
    """Commit a run: list its files with size and hash. What changes later (status, log) is not listed."""
    changing = {keys.STATUS_FILE, keys.LOG_FILE, keys.MANIFEST_FILE, keys.PROGRESS_FILE}
    files = sorted(path for path in folder.iterdir() if path.name not in changing and not path.name.startswith("."))
    listed = {path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in files}
    write_json(folder / keys.MANIFEST_FILE, {"run_id": folder.name, "committed": time.time(), "files": listed})


def reason_of(error: BaseException) -> str:
    """Why a run failed, for the person who started it."""
    if isinstance(error, SemafoError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There was not enough memory. Use fewer cells or genes, or a machine with more memory."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Free space where the home lies (delete old runs, or its cache), then start again."
    return (
        f"Training stopped with an unexpected error ({type(error).__name__}: {error}). The run's log has the details."
    )


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def _quieten() -> None:
    """Libraries that greet and warn at import have no reader in a worker."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
