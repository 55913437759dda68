"""What a worker process does with a run. Loaded in workers only; the heavy libraries come with the first call.

Nothing raises out of here: a worker answers with an `HalfOutcome`, in words that a user can read.
"""

import logging
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semafo import keys
from semafo.errors import RunCancelled, RunSuperseded, SemafoError
from semafo.files import sha256, write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.workers.memory import limit_memory, shortage_reason
from semafo.runs.workers.processes import ENGINE_VARIABLE, give_way, imports_are_no_garbage
from semafo.runs.workers.progress_files import FolderProgress
from semafo.runs.workers.tickets import Attempt
from semafo.shortages import disk_sentence, is_disk_shortage, is_memory_shortage

_logger = logging.getLogger(__name__)

TRAIN = "train"
SCORE = "score"
SUPERSEDED = "superseded"  # how a run ends whose ticket is gone, besides done, failed and cancelled
_FOLDER_SECONDS = 5.0  # until a folder that the engine made must be seen on a shared disk
_one_run = threading.Lock()  # a run whose ticket is gone works until it looks; the next one waits for it


@dataclass(frozen=True)
class HalfOutcome:
    """How a run ended.

    `state` is done, failed, cancelled or `SUPERSEDED`; `seconds` by stage; `reused_seconds` of a shared stage.
    """

    state: str
    reason: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    reused_seconds: float | None = None


def dask_setup(worker: Any) -> None:
    """Run by `dask worker --preload` in the engine's own workers.

    Those of a cluster have `semafo.runs.workers.cluster_worker`. A worker gives way to the processes that serve pages.
    One whose engine is gone ends itself, whatever it is doing.
    """
    give_way()
    limit_memory()
    engine_pid = int(os.environ[ENGINE_VARIABLE])
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


def prepare() -> None:
    """`import_libraries`, once a run that was taken away from this worker has stopped."""
    with _one_run:
        import_libraries()


def compile_kernels() -> None:
    """Have numba compile what UMAP needs, or load it where an earlier worker compiled it."""
    _quieten()
    from semafo.evaluation.latent.embedding import warm_up

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


def work(run_folder: str, cache_folder: str, half: str, token: str | None = None) -> HalfOutcome:
    """Do one half of a run: `TRAIN` (training and maps) or `SCORE` (the scib table, then the manifest).

    token: the ticket of this attempt (`semafo.runs.workers.tickets`); None where nobody else can be given the run.
    """
    folder = Path(run_folder)
    if not _sees(folder / keys.CONFIG_FILE):
        return HalfOutcome(
            keys.FAILED,
            f"The worker on {socket.gethostname()} does not see the run's folder {folder}. The home must lie on a disk "
            "that all workers share, at the same path.",
        )
    attempt = Attempt(folder, token) if token else None
    with _one_run:
        try:
            with _logging_to(folder / keys.LOG_FILE):
                return _attempted(folder, Path(cache_folder), half, attempt)
        except OSError as error:  # no log where the disk is full
            return HalfOutcome(keys.FAILED, reason_of(error, folder))


def _attempted(folder: Path, cache: Path, half: str, attempt: Attempt | None) -> HalfOutcome:
    try:
        with attempt.held() if attempt else nullcontext():
            _logger.info("Begins on %s, process %s: %s.", socket.gethostname(), os.getpid(), half)
            outcome = _HALVES[half](folder, cache, FolderProgress(folder, attempt))
        _logger.info("Done: %s.", half)
        return outcome
    except RunSuperseded as error:
        _logger.warning("Superseded: %s", error)
        return HalfOutcome(SUPERSEDED, str(error))
    except RunCancelled:
        return HalfOutcome(keys.CANCELLED, "Stopped on request.")
    except Exception as error:
        _logger.exception("The run stopped.")
        return HalfOutcome(keys.FAILED, reason_of(error, folder))


def _sees(path: Path) -> bool:
    """Whether the file is there; a shared disk may need a moment to show what another machine wrote."""
    deadline = time.monotonic() + _FOLDER_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _train(folder: Path, cache: Path, progress: FolderProgress) -> HalfOutcome:
    from semafo.training.pipeline import train_and_map

    found = train_and_map(_job(folder, cache, progress))
    return HalfOutcome(keys.DONE, seconds=progress.seconds(), reused_seconds=found["reused_seconds"])


def _score(folder: Path, cache: Path, progress: FolderProgress) -> HalfOutcome:
    """Scores that cannot be computed must not cost the trained model: they are left out with a reason."""
    from semafo.training.artefacts.annotation_markers import write_markers
    from semafo.training.artefacts.latent_factors import write_factors
    from semafo.training.pipeline import score, score_classifiers

    run = _job(folder, cache, progress)
    progress.begin(keys.SCORES)
    parts = {write_markers: keys.MARKERS_FILE, score_classifiers: keys.BASELINES_FILE, score: keys.INTEGRATION_FILE}
    parts[write_factors] = keys.FACTORS_FILE
    for write, name in parts.items():
        try:
            write(run)
        except (RunCancelled, OSError):
            raise
        except Exception as error:
            if is_disk_shortage(error):
                raise
            _logger.exception("%s could not be computed.", name)
            write_json(folder / name, {"rows": {}, "error": reason_of(error, folder)})
    progress.end()
    write_manifest(folder, progress.commit)
    return HalfOutcome(keys.DONE, seconds=progress.seconds())


_HALVES = {TRAIN: _train, SCORE: _score}


def _job(folder: Path, cache: Path, progress: FolderProgress) -> Any:
    from semafo.training.run_context import RunContext
    from semafo.training.stage_cache import StageCache

    record = RunRecord(folder)
    return RunContext(folder, record.config, record.settings["context"], StageCache(cache), progress)


def write_manifest(folder: Path, commit: Callable[[dict[str, Any]], None]) -> None:
    """Commit a run: list its files with size and hash. What changes later (status, log) is not listed."""
    changing = {keys.STATUS_FILE, keys.LOG_FILE, keys.MANIFEST_FILE, keys.PROGRESS_FILE, keys.ABOUT_FILE}
    visible = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    files = sorted(path for path in visible if path.name not in changing)
    listed = {path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in files}
    commit({"run_id": folder.name, "committed": time.time(), "files": listed})


def reason_of(error: BaseException, folder: Path) -> str:
    """Why the run in a folder failed, for the person who started it."""
    if isinstance(error, SemafoError):
        return str(error)
    if is_disk_shortage(error):
        return disk_sentence(folder.parent.parent)  # the home
    if is_memory_shortage(error):
        return shortage_reason()
    return (
        f"Training stopped with an unexpected error ({type(error).__name__}: {error}). The run's log has the details."
    )


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    logging.getLogger("semafo").setLevel(logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def _quieten() -> None:
    """Libraries that greet and warn at import have no reader in a worker; the preflight warns of decimals."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", "adata.X does not contain unnormalized count data", UserWarning)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
