"""What pages and commands ask of a home: submit, watch, cancel, delete, restore. The engine does the work."""

import shutil
import time
import uuid
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, TypedDict

import semafo
from semafo import keys
from semafo.data import catalogue
from semafo.errors import RunNotFound
from semafo.files import read_json, remove_folder, write_json
from semafo.runs import requests
from semafo.runs.folder import older_layouts
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import trash
from semafo.runs.library.index import read_rows
from semafo.runs.library.rows import names_of
from semafo.settings.run_config import RunConfig

_DELETE = "delete"  # request
# Packages whose version can change a number
_PACKAGES = ("torch", "scvi-tools", "scanpy", "umap-learn", "scikit-learn", "numpy", "scipy", "anndata")


def submit(home: Home, configs: Sequence[RunConfig], batch: str | None = None) -> list[str]:
    """Queue runs as one comparison. Work that is finished, queued or under way is not done again.

    Parameters
    ----------
    batch
        Name of what they were asked for together: a sweep's id. None is a comparison with a name of its own.

    Returns
    -------
    list of str
        Run ids in the order of `configs`. A run's id says what it computes: equal settings, data and versions give
        equal ids.

    Raises
    ------
    DataError
        The data set is not known or cannot be read.
    """
    batch, created = batch or uuid.uuid4().hex[:12], time.time()
    run_ids = []
    for order, config in enumerate(configs):
        config, context = in_context(config)
        run_id = run_id_of(config, context)
        if run_id not in run_ids:
            settings = {"config": config.to_dict(), "context": context, "batch": batch, "schema": older_layouts.SCHEMA}
            _queue(home, run_id, settings, {"state": keys.QUEUED, "created": created, "order": order})
            run_ids.append(run_id)
    requests.send(home, {"action": "queue", "run_ids": run_ids})
    return run_ids


def run_id_of(config: RunConfig, context: dict[str, Any]) -> str:
    """Id of the run with these settings, as `in_context` completes them: what it computes, and nothing else."""
    return f"{config.mix.slug}-{config.fingerprint(**context)[:12]}"


def in_context(config: RunConfig) -> tuple[RunConfig, dict[str, Any]]:
    """The config with the data set's defaults filled in, and what else decides its numbers."""
    spec = catalogue.resolve(config.dataset)
    context = {"data": catalogue.content_fingerprint(spec), "versions": versions()}
    return RunConfig(spec, config.split, config.mix, config.train, config.evaluation), context


def versions() -> dict[str, str]:
    """Installed versions of the packages whose version can change a number."""
    return {"semafo": semafo.__version__, **{package: metadata.version(package) for package in _PACKAGES}}


def _queue(home: Home, run_id: str, settings: dict[str, Any], status: dict[str, Any]) -> None:
    """Make the run's folder appear at once and whole, unless it holds work that is finished or under way."""
    folder = home.run(run_id)
    record = RunRecord(folder)
    if record.is_committed:
        return
    if (folder / keys.CONFIG_FILE).exists():
        if not record.is_active:
            _queue_again(folder, settings, status)
        return
    remove_folder(folder)  # remains of a run that somebody began to delete
    draft = home.runs / f".{run_id}-{uuid.uuid4().hex[:8]}"
    draft.mkdir()
    write_json(draft / keys.CONFIG_FILE, settings)
    write_json(draft / keys.STATUS_FILE, status)
    try:
        draft.rename(folder)
    except OSError:  # another app queued the same run in this moment
        shutil.rmtree(draft)


def _queue_again(folder: Path, settings: dict[str, Any], status: dict[str, Any]) -> None:
    """Have a run that did not finish wait again. Until the last step it has failed or was cancelled, as before.

    In its own folder: what people wrote about the run stays, and whoever is killed here leaves a run.
    """
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in (keys.CONFIG_FILE, keys.STATUS_FILE, keys.ABOUT_FILE):
            path.unlink(missing_ok=True)
    write_json(folder / keys.CONFIG_FILE, settings)
    write_json(folder / keys.STATUS_FILE, status)


def cancel(home: Home, run_id: str) -> None:
    """Stop a run that waits or works. Raises RunNotFound."""
    requests.send(home, {"action": "cancel", "run_id": get(home, run_id).run_id})


def delete(home: Home, run_id: str) -> None:
    """Move a run to the trash, stopping it first where it works. Raises RunNotFound."""
    requests.send(home, {"action": _DELETE, "run_id": get(home, run_id).run_id})


def restore(home: Home, run_id: str) -> str:
    """Take back a deletion, also one that no engine has carried out yet; returns the run's whole id.

    Raises
    ------
    RunNotFound
        The run is not in the trash (any more), or was started again since.
    """
    if requests.withdraw(home, {"action": _DELETE, "run_id": run_id}) and home.run(run_id).exists():
        return run_id
    whole = trash.restore(home, run_id)
    announce(home, whole)
    return whole


def announce(home: Home, run_id: str) -> None:
    """Have the engine read a run's folder into the index again, after something but a worker wrote there."""
    requests.send(home, {"action": "index", "run_id": run_id})


def get(home: Home, run_id: str) -> RunRecord:
    """The run of that id, or of the only id that begins so. Raises RunNotFound."""
    found = [name for name in names_of(home) if run_id and name.startswith(run_id)]
    match [name for name in found if name == run_id] or found:
        case [name]:
            return RunRecord(home.run(name))
        case []:
            hint = _hint(home, run_id)
            raise RunNotFound(f"There is no run {run_id!r}. `semafo runs` lists the runs of this home.{hint}")
        case several:
            names = ", ".join(several)
            raise RunNotFound(f"{run_id!r} fits {len(several)} runs ({names}). Write more of the id.")


def _hint(home: Home, run_id: str) -> str:
    in_trash = run_id and any(trashed.run_id.startswith(run_id) for trashed in trash.contents(home))
    return f" A deleted one is in the trash: `semafo restore {run_id}` brings it back." if in_trash else ""


def rows(home: Home) -> list[dict[str, Any]]:
    """All runs, newest first, one flat dictionary each (see `RunRecord.summary`)."""
    return read_rows(home)


def queue(home: Home) -> dict[str, dict[str, Any]]:
    """Waiting runs by id: `position` (1 is next) and `waits_for`, a sentence or None."""
    waiting: dict[str, dict[str, Any]] = read_json(home.queue_file, {}, dict[str, _Place])
    return waiting


class _Place(TypedDict):
    """A place in the queue, as the engine writes it."""

    position: int
    waits_for: str | None
