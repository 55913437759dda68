"""A run's model as scvi-tools saves models, beside the cells that it reads: `SemafoVI.load(folder)` opens it.

The run's own folder has the weights as safetensors. scvi-tools' format is a pickle, which only those should open who
trust where it came from: it is written on export alone. Loads torch: for commands and processes of their own.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from semafo import keys
from semafo.data import catalogue
from semafo.errors import DataError, SemafoError
from semafo.runs.export.h5ad import annotated, write_h5ad
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home

CELLS_FILE, README_FILE = "adata.h5ad", "README.txt"
_CLOSE = 1e-3  # largest difference of a latent position from the run's: threads and machines change the last digits

_README = """\
{title}
The model of the run {run_id}, as scvi-tools saves models, and the cells that it reads.

    from semafo import SemafoVI

    model = SemafoVI.load("{folder}")                   # with the cells in adata.h5ad
    model.get_latent_representation()                   # the run's own: adata.obsm["{latent_key}"]
    model.predict()                                     # of every cell, labelled ones too
    model.predict(soft=True)

Needs semafo and scvi-tools {scvi}. To map other cells onto the model: SemafoVI.load_query_data(adata, model).
In adata.h5ad X holds counts of the model's genes; obs["{batch}"] and obs["{label}"] are what the model was given,
hidden labels as "{unlabelled}". Everything else is as in an exported .h5ad file.{head}
model.pt is a pickle: open it only where you trust who gave it to you.
"""


def write_model_folder(home: Home, record: RunRecord, folder: Path) -> None:
    """Write the model, its cells and a note on how to load them into an empty folder.

    Raises
    ------
    DataError
        The data set is gone or has changed since the run was trained.
    SemafoError
        The model that was put together does not give the run's own latent positions.
    """
    _require_same_data(record)  # before seconds of imports
    from semafo.training.stages.models import load_semafovi
    from semafo.training.stages.prepared_data import prepare

    with _quietly():  # only now: importing the libraries sets how much they say
        prepared = prepare(record.config, record.settings["context"])
        has_query_stage = record.config.form == keys.SURGERY and prepared.facts["n_query"]
        query = prepared.query_cells() if has_query_stage else None
        weights = record.folder / keys.WEIGHTS_FILE
        model = load_semafovi(prepared.training_cells(), query, record.config, weights)
        _require_same_positions(record, model.get_latent_representation(prepared.cells.copy()))
        model.save(str(folder), overwrite=True, save_anndata=False)
    genes = record.model_genes()
    cells = annotated(home, [record])[prepared.cells.obs_names, genes].copy()
    write_h5ad(cells, folder / CELLS_FILE)
    (folder / README_FILE).write_text(_readme(record, folder), encoding="utf-8")


def _require_same_data(record: RunRecord) -> None:
    dataset = record.config.dataset
    if catalogue.content_fingerprint(dataset) != record.settings["context"]["data"]:
        raise DataError(
            f"{dataset.name} has changed since {record.run_id} was trained, and the model is saved with its cells. "
            "Put the data set back as it was, or train again."
        )


@contextmanager
def _quietly() -> Iterator[None]:
    """Libraries that report how a model is set up have no reader here."""
    loggers = [logging.getLogger(name) for name in ("scvi", "lightning.fabric", "lightning.pytorch")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _require_same_positions(record: RunRecord, found: np.ndarray) -> None:
    own = record.array(record.config.mix.obsm_key)
    away = float(np.abs(found - own).max(initial=0)) if found.shape == own.shape else np.inf
    if not away <= _CLOSE:
        raise SemafoError(
            f"The model put together from the weights of {record.run_id} gives other latent positions than the run "
            f"(largest difference {away:.3g}), so it was not exported. Were the libraries updated since? Train the run "
            "again."
        )


def _readme(record: RunRecord, folder: Path) -> str:
    mixture = (
        " The run's own predictions are those of the\nmixture head (obs['predicted_label']), which the model's "
        "predict() does not use."
    )
    return _README.format(
        title=record.title,
        run_id=record.run_id,
        folder=folder.name,
        latent_key=record.config.mix.obsm_key,
        scvi=record.settings["context"].get("versions", {}).get("scvi-tools", ""),
        batch=keys.BATCH,
        label=keys.LABEL,
        unlabelled=keys.UNLABELLED,
        head=mixture if record.config.mix.head == "mixture" else "",
    )
