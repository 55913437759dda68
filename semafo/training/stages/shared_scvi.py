"""The scVI stage that several runs share: trained once, read from the cache by the others."""

import logging
from pathlib import Path
from typing import Any

from anndata import AnnData
from scvi.model import SCVI

from semafo import keys
from semafo.files import append_json_line, read_json_lines
from semafo.training.run_context import RunContext
from semafo.training.stage_cache import pretrain_key
from semafo.training.stages import models as stage_models
from semafo.training.stages.replay_frames import StageRecord

_logger = logging.getLogger(__name__)

_WEIGHTS = "scvi.safetensors"


def ensure_scvi(run: RunContext, cells: AnnData, record: StageRecord | None = None) -> float | None:
    """Train the shared scVI stage, or replay its history where it is there. Returns its seconds if it was reused.

    record: kept with the stage, where it is trained now.
    """
    key = pretrain_key(run.config, run.context)
    reused = run.cache.meta(key)
    if reused is None:
        _logger.info("Trains the scVI stage %s.", key)
        run.cache.make(key, lambda folder: _train(run, cells, folder, record))
        return None
    _logger.info("Takes over the scVI stage %s, which was trained in %.1f s.", key, reused["seconds"])
    run.progress.begin(keys.PRETRAIN, reused["n_epochs"])
    for line in read_json_lines(run.cache.path(key) / keys.HISTORY_FILE):
        append_json_line(run.folder / keys.HISTORY_FILE, line)
    seconds: float = reused["seconds"]
    return seconds


def load_scvi(run: RunContext, cells: AnnData) -> SCVI:
    """The trained scVI of a run. `cells` are those it was trained on."""
    weights = run.cache.path(pretrain_key(run.config, run.context)) / _WEIGHTS
    return stage_models.load_scvi(cells, run.config.form, weights)


def _train(run: RunContext, cells: AnnData, folder: Path, record: StageRecord | None) -> dict[str, Any]:
    model = stage_models.pretrain(cells, run.config, run.progress, record)
    stage_models.save_weights(model, folder / _WEIGHTS)
    if record is not None:
        record.write(folder)
    lines = [line for line in read_json_lines(run.folder / keys.HISTORY_FILE) if line["stage"] == keys.PRETRAIN]
    for line in lines:
        append_json_line(folder / keys.HISTORY_FILE, line)
    return {"n_epochs": len(lines)}
