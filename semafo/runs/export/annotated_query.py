"""Annotation: a query without labels mapped onto a labelled reference, and what is handed back.

An annotation is a run like any other: surgery whose reference is one data set, whose query is another, and which labels
nothing of the query. Here is what the command line and the pages share.
"""

import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from semafo import keys, wording
from semafo.data.genes import MIN_MODEL_COUNTS
from semafo.errors import DataError
from semafo.files import write_atomically
from semafo.runs.background.preflight import inspect
from semafo.runs.export.query_file import OVERWRITE, query_file
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.settings.reading_options import reading_options
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings

if TYPE_CHECKING:
    from anndata import AnnData

UNKNOWN = "unknown"  # label of a cell whose confidence is below the threshold, see `unknown_label`
THRESHOLD = 0.5

# obs columns that the annotated file gets
PREDICTION, CONFIDENCE, LABEL = "semafo_prediction", "semafo_confidence", "semafo_label"

# Options of the command that need not be written out; those not named here have no default value
_DEFAULTS = {
    "label-weighting": Mix.label_weighting,
    "head": Mix.head,
    "threshold": THRESHOLD,
    "seed": TrainSettings.seed,
    "threads": TrainSettings.n_threads,
    "accelerator": TrainSettings.accelerator,
}


def configs(home: Home, spec: DatasetSpec, mixes: Sequence[Mix], trains: Sequence[TrainSettings]) -> list[RunConfig]:
    """Runs that annotate `spec.query`: every mix with every training seed.

    Raises
    ------
    DataError
        Reference and query do not fit, or one of them cannot be used.
    """
    if spec.query is None:
        raise DataError("There is no query to annotate. Choose a second data set.")
    joined = inspect(home, spec).report["joined"]
    query_file(spec)  # what cannot be copied is refused before it is trained on
    split = SplitSettings(reference=tuple(joined["reference_batches"]), labelled_rate=0.0)
    return [RunConfig(spec, split, mix, train) for train in trains for mix in mixes]


def query_cells(record: RunRecord, threshold: float = THRESHOLD) -> pd.DataFrame:
    """The query's part of a finished run's per-cell table, with the label that stays at a threshold.

    Returns
    -------
    pd.DataFrame
        Indexed by cell: `keys.BATCH_COLUMN`, `keys.TRUE`, `keys.PREDICTED`, `keys.CONFIDENCE`, `keys.MODEL_COUNTS`
        (runs of earlier versions lack it) and `LABEL`.
    """
    cells = record.cells()
    cells = cells[cells[keys.ROLE] == keys.QUERY]
    columns = [keys.BATCH_COLUMN, keys.TRUE, keys.PREDICTED, keys.CONFIDENCE]
    columns += [keys.MODEL_COUNTS] if keys.MODEL_COUNTS in cells else []
    return cells[columns].assign(**{LABEL: labels_at(cells, threshold, unknown_label(record))})


def unknown_label(record: RunRecord) -> str:
    """`UNKNOWN`, or more words where a type of the data is called that, in upper or lower case."""
    types = {str(name).casefold() for name in record.predictions().get("types", ())}
    label = UNKNOWN
    while label in types:
        label += " (low confidence)"
    return label


def labels_at(cells: pd.DataFrame, threshold: float, unknown: str = UNKNOWN) -> pd.Series:
    """Predicted type, or `unknown` where the confidence is below the threshold (0 to 1).

    Cells with hardly a count in the model's genes are unknown at any threshold.
    """
    predicted = cells[keys.PREDICTED].astype(object)
    kept = cells[keys.CONFIDENCE] >= threshold
    if keys.MODEL_COUNTS in cells:  # runs of earlier versions lack it
        kept &= cells[keys.MODEL_COUNTS] >= MIN_MODEL_COUNTS
    return predicted.where(kept, unknown)


def summary(record: RunRecord, threshold: float = THRESHOLD) -> dict[str, Any]:
    """What came out, as plain values. `scores` is None where the query has no labels of its own.

    `mapping` is None in runs of versions without mapping scores.
    """
    cells, unknown = query_cells(record, threshold), unknown_label(record)
    scores = record.predictions().get("query") or {}
    sizes = {str(name): int(n) for name, n in cells[LABEL].value_counts().items()}
    return {
        "run_id": record.run_id,
        "mix": record.config.mix.name,
        "mix_option": record.config.mix.option,
        "overlap": overlap(record),
        "support": record.predictions().get("support"),
        "n_query": len(cells),
        "threshold": threshold,
        "unknown_label": unknown,
        "n_unknown": int((cells[LABEL] == unknown).sum()),
        "n_by_label": dict(sorted(sizes.items(), key=lambda item: item[0] == unknown)),
        "scores": scores if scores.get("n_scored") else None,
        "mapping": record.predictions().get("mapping"),
        "warnings": record.warnings,
    }


def overlap(record: RunRecord) -> dict[str, Any]:
    """Genes that reference and query share; with the model's own genes among them where the markers are written."""
    found: dict[str, Any] | None = record.markers().get("overlap")
    if not found:
        split = record.split()
        assert split is not None  # it is written before anything is trained
        found = split["report"]["joined"]["overlap"]
    return found


def support_sentence(record: RunRecord) -> str:
    """What the genes that the query lacks cost on the reference's own cells; empty where it lacks none."""
    support = record.predictions().get("support")
    if not support:
        return ""
    return (
        f"With the genes that the query has, the model names {wording.percent(support['right'])} of the reference's "
        f"own cells as it should; with all, {wording.percent(support['right_with_all'])}. Confidence is lowered "
        "accordingly, type by type."
    )


def write_h5ad(adata: "AnnData", out: Path) -> None:
    """Write a file whole or not at all."""
    write_atomically(out, lambda handle: adata.write_h5ad(handle.name))


def in_batches(obs: pd.DataFrame, spec: DatasetSpec, wanted: Collection[str]) -> np.ndarray:
    """Mask of the cells of some batches. Raises DataError where there is no such batch."""
    if spec.batch_key is None:
        raise DataError(f"{spec.name} has no batches to choose from.")
    batches = obs[spec.batch_key].astype(str)
    unknown = sorted(set(wanted) - set(batches))
    if unknown:
        raise DataError(
            f"There is no batch {wording.named(unknown)} in {spec.name}. It has: {wording.named(set(batches))}."
        )
    mask: np.ndarray = batches.isin(wanted).to_numpy()
    return mask


def command_line(config: RunConfig, out: str, threshold: float = THRESHOLD, overwrite: bool = False) -> str:
    """The command that repeats a run, or only writes its file where the home has the run."""
    return f"python -m {shlex.join(arguments(config, out, threshold, overwrite))}"


def arguments(config: RunConfig, out: str, threshold: float = THRESHOLD, overwrite: bool = False) -> list[str]:
    """What follows `python -m` in that command."""
    spec, mix, train = config.dataset, config.mix, config.train
    values = {
        "mix": mix.option,
        "label-weighting": mix.label_weighting,
        "head": mix.head,
        "threshold": threshold,
        "seed": train.seed,
        "threads": train.n_threads,
        "accelerator": train.accelerator,
        "schedule": train.schedule,
        "epochs-pretrain": train.epochs_pretrain,
        "epochs-reference": train.epochs_reference,
        "epochs-query": train.epochs_query,
        "out": out,
    }
    given = {name: value for name, value in values.items() if value != _DEFAULTS.get(name)}
    rest = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    rest += [OVERWRITE] if overwrite else []
    return ["semafo", "annotate", "--reference", spec.name, *reading_options(spec), *rest]
