"""Run folders as the engine writes them, filled with small random data that look real."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.data import catalogue
from semafo.data.splitting.split import make_split
from semafo.evaluation.integration.columns import METRICS
from semafo.files import append_json_line, write_atomically, write_json
from semafo.runs.background.preflight import CELLS_FILE, REPORT_FILE, folder_of
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.training.artefacts.mapping import add_mapping_score
from semafo.training.artefacts.predictions import Outcome
from tests.support.fake_factors import write_factors
from tests.support.fake_outcomes import guesses, write_baselines, write_markers
from tests.support.fake_views import write_genes, write_replay

PBMC_TYPES = {
    "CD14+ Monocyte": 129,
    "CD19+ B": 95,
    "CD34+": 13,
    "CD4+/CD25 T Reg": 68,
    "CD4+/CD45RA+/CD25- Naive T": 8,
    "CD4+/CD45RO+ Memory": 19,
    "CD56+ NK": 31,
    "CD8+ Cytotoxic T": 54,
    "CD8+/CD45RA+ Naive Cytotoxic": 43,
    "Dendritic": 240,
}
PANCREAS_TYPES = {
    f"Pancreas {name}": n
    for name, n in {"Alpha": 520, "Beta": 680, "Ductal": 260, "Acinar": 200, "Delta": 120, "Gamma": 60}.items()
}
STUDIES = ("Pancreas CelSeq", "Pancreas CelSeq2", "Pancreas Fluidigm C1", "Pancreas SS2", "Pancreas inDrop")
REFERENCE = ("Pancreas CelSeq", "Pancreas Fluidigm C1")

REAL = RunConfig(DatasetSpec("pbmc68k", "bulk_labels"))
MAPPED = RunConfig(
    DatasetSpec("simulated", "cell_type", "study"), SplitSettings(reference=REFERENCE), train=TrainSettings(seed=0)
)
CALIBRATED = replace(REAL, split=SplitSettings(calibration_share=0.3))
ANNOTATED = replace(MAPPED, dataset=replace(MAPPED.dataset, query="simulated:cells=1400,genes=1000"))
MIXES = (Mix(1, 0), Mix(0, 1), Mix(1, 1))


def data_cells(config: RunConfig) -> pd.DataFrame:
    """True label and batch of each cell of one of the two data sets."""
    simulated = config.dataset.name.startswith("simulated")
    types = PANCREAS_TYPES if simulated else PBMC_TYPES
    labels = np.repeat(list(types), list(types.values()))
    rng = np.random.default_rng(5)
    batches = rng.choice(STUDIES, len(labels), p=[0.08, 0.16, 0.04, 0.19, 0.53]) if simulated else "all"
    index = pd.Index([f"cell_{i:05d}" for i in range(len(labels))], name=keys.CELL)
    cells = pd.DataFrame({keys.TRUE: labels, keys.BATCH_COLUMN: batches}, index=index)
    if config.dataset.query:  # a query that is annotated has no labels
        cells[keys.TRUE] = cells[keys.TRUE].astype(object).where(cells[keys.BATCH_COLUMN].isin(REFERENCE))
    return cells


def write_inspection(home: Home, config: RunConfig) -> None:
    """The report of a preflight where `runs.background.preflight` looks for it, so no process is started."""
    cells = data_cells(config)
    spec = catalogue.resolve(replace(config.dataset, n_hvg=DatasetSpec.n_hvg))
    folder = folder_of(home, spec)
    table = pd.crosstab(cells[keys.TRUE], cells[keys.BATCH_COLUMN])
    one_batch = table.shape[1] == 1
    report = {
        "dataset": spec.name,
        "n_cells": len(cells),
        "n_genes": 765 if one_batch else 1000,
        "counts_source": "raw" if one_batch else "X",
        "label_key": spec.label_key,
        "batch_key": spec.batch_key,
        "composition": {str(k): {str(b): int(n) for b, n in row.items()} for k, row in table.iterrows()},
        "rare_types": {"CD4+/CD45RA+/CD25- Naive T": 8} if one_batch else {},
        "no_types": {},
        "n_empty_cells": 0,
        "n_empty_genes": 0,
        "n_missing_labels": 0,
        "n_duplicate_cell_names": 0,
        "n_duplicate_gene_names": 0,
        "unused_categories": {},
        "columns": [{"name": spec.label_key, "n_values": len(table), "n_missing": 0}],
        "expected_bytes": 1_210_000_000,
        "expected_seconds": 31.0,
        "warnings": ["All cells are one batch: batch scores are undefined and left out of the total."] * one_batch,
    }
    if spec.batch_key:
        report["columns"].append({"name": spec.batch_key, "n_values": table.shape[1], "n_missing": 0})
    folder.mkdir(parents=True)
    write_atomically(folder / CELLS_FILE, lambda handle: cells.to_parquet(handle))
    write_json(folder / REPORT_FILE, report)


def comparison(home: Home, config: RunConfig = REAL, batch: str = "aaaa", **options: Any) -> list[RunRecord]:
    """scANVI, SemafoVAE and Both, finished."""
    return [finished(home, replace(config, mix=mix), batch=batch, **options) for mix in MIXES]


def finished(home: Home, config: RunConfig = REAL, *, scores: bool = True, **options: Any) -> RunRecord:
    """A run with everything; `scores=False` leaves it running with its maps done."""
    record = _begin(home, config, keys.DONE if scores else keys.RUNNING, **options)
    _write_maps(record, config)
    for stage, n_epochs in ((keys.PRETRAIN, 40), (keys.SEMI_SUPERVISED, 20)):
        _write_history(record, stage, n_epochs)
    if not scores:
        _write_progress(record, keys.SCORES, None, None, 0.93, {})
        return record
    _write_scores(record, config)
    write_json(record.folder / keys.MANIFEST_FILE, {"files": {}})
    return record


def running(
    home: Home, config: RunConfig = REAL, stage: str = keys.SEMI_SUPERVISED, epoch: int = 12, **options: Any
) -> RunRecord:
    """A run in the middle of a stage."""
    record = _begin(home, config, keys.RUNNING, **options)
    n_epochs = 200 if stage == keys.PRETRAIN else 20
    _write_history(record, stage, epoch)
    terms = {"reconstruction": 912.4, "loss": 925.2}
    _write_progress(record, stage, epoch, n_epochs, 0.1 + 0.5 * epoch / n_epochs, terms)
    return record


def queued(home: Home, config: RunConfig = REAL, *, waits_for: str | None = None, **options: Any) -> RunRecord:
    """A run that waits."""
    record = _begin(home, config, keys.QUEUED, **options)
    queue = json.loads(home.queue_file.read_text()) if home.queue_file.exists() else {}
    queue[record.run_id] = {"position": len(queue) + 1, "waits_for": waits_for}
    write_json(home.queue_file, queue)
    return record


def failed(home: Home, config: RunConfig = REAL, **options: Any) -> RunRecord:
    """A run that ended with a reason."""
    reason = "The worker process ended (signal 9) while it trained: the machine may have run out of memory."
    return _begin(home, config, keys.FAILED, reason=reason, **options)


def cancelled(home: Home, config: RunConfig = REAL, **options: Any) -> RunRecord:
    """A run that was stopped."""
    return _begin(home, config, keys.CANCELLED, reason="Cancelled on request.", **options)


def _begin(
    home: Home, config: RunConfig, state: str, *, batch: str = "aaaa", age: float = 600.0, reason: str | None = None
) -> RunRecord:
    run_id = f"{config.mix.slug}-{config.fingerprint()[:12]}"
    folder = home.runs / run_id
    folder.mkdir()
    created = time.time() - age
    settings = {"config": config.to_dict(), "context": {"data": "d", "versions": {"semafo": "0.1.0"}}, "batch": batch}
    write_json(folder / keys.CONFIG_FILE, settings)
    status: dict[str, Any] = {"state": state, "created": created, "reason": reason}
    if state != keys.QUEUED:
        status |= {"started": created + 2, "seconds": {keys.PRETRAIN: 18.2, keys.SEMI_SUPERVISED: 9.1, keys.MAPS: 6.0}}
    if state not in keys.ACTIVE_STATES:
        status["finished"] = created + 41
    write_json(folder / keys.STATUS_FILE, status)
    (folder / keys.LOG_FILE).write_text("training on 700 cells and 765 genes\n")
    record = RunRecord(folder)
    _write_split(record, config)
    return record


def _split(config: RunConfig) -> Any:
    cells = data_cells(config)
    return make_split(cells[keys.TRUE], cells[keys.BATCH_COLUMN], config.split)


def _write_split(record: RunRecord, config: RunConfig) -> None:
    split = _split(config)
    one_batch = "All cells are one batch: batch scores are undefined and left out of the total."
    warnings = [] if config.split.reference else [one_batch]
    write_json(record.folder / keys.SPLIT_FILE, {**split.summary(), "report": {}, "warnings": warnings})


def _write_history(record: RunRecord, stage: str, n_epochs: int) -> None:
    rng = np.random.default_rng(len(stage))
    pretrain = {"reconstruction": (900, 300), "kl": (18, -9), "loss": (905, 300)}
    later = {
        "reconstruction": (890, 40),
        "scanvi_regulariser": (2.1, 3),
        "semafo_regulariser": (-14, 60),
        "kl_u": (4, 3),
        "kl_y": (1.4, 0.5),
        "classification": (0.3, 2),
        "loss": (905, 80),
    }
    for epoch in range(1, n_epochs + 1):
        terms = {
            name: end + extra * float(np.exp(-epoch / 5)) + float(rng.normal(0, abs(end) * 0.002))
            for name, (end, extra) in (pretrain if stage == keys.PRETRAIN else later).items()
        }
        append_json_line(record.folder / keys.HISTORY_FILE, {"stage": stage, "epoch": epoch, **terms})


def _write_progress(
    record: RunRecord, stage: str, epoch: int | None, n_epochs: int | None, fraction: float, terms: dict[str, float]
) -> None:
    stages = [keys.PRETRAIN, keys.SEMI_SUPERVISED, keys.MAPS, keys.SCORES]
    progress = {
        "stage": stage,
        "stages": stages,
        "epoch": epoch,
        "n_epochs": n_epochs,
        "fraction": fraction,
        "seconds_left": 60 * (1 - fraction),
        "elapsed_seconds": 60 * fraction,
        "terms": terms,
        "note": None,
    }
    write_json(record.folder / keys.PROGRESS_FILE, progress)


def _write_maps(record: RunRecord, config: RunConfig) -> None:
    split = _split(config)
    rng = np.random.default_rng(int(10 * config.mix.w_scanvi + 3 * config.mix.w_semafo) + config.train.seed)
    cells = split.cells.copy()
    types = sorted(cells[keys.TRUE].dropna().unique())
    code = pd.Index(types).get_indexer(cells[keys.TRUE])
    code = np.where(code < 0, rng.integers(0, len(types), len(code)), code)  # without a label: anything
    wrong = rng.random(len(cells)) < 0.15
    predicted = np.where(wrong, (code + rng.integers(1, 3, len(cells))) % len(types), code)
    confidence = np.where(wrong, rng.uniform(0.3, 0.9, len(cells)), rng.beta(8, 1.4, len(cells)))
    centre = rng.normal(0, 6, (len(types), 2))
    umap = centre[np.where(wrong, predicted, code)] + rng.normal(0, 1.0, (len(cells), 2))
    others = (1 - confidence) / (len(types) - 1)
    probabilities = np.repeat(np.minimum(others, 0.9 * confidence)[:, None], len(types), axis=1)
    probabilities[np.arange(len(cells)), predicted] = confidence
    probabilities = (probabilities / probabilities.sum(1, keepdims=True)).astype("float32")
    for name, array in ((keys.X_UMAP, umap), (config.mix.obsm_key, rng.normal(0, 1, (len(cells), 10)))):
        np.save(record.folder / keys.array_file(name), array.astype("float32"))
    np.save(record.folder / keys.PROBABILITIES_FILE, probabilities)
    is_query = (cells[keys.ROLE] == keys.QUERY).to_numpy()
    before = None
    if config.form == keys.SURGERY and is_query.any():
        guess = guesses(rng, code[is_query], len(types), 0.2)
        before = pd.Series(np.array(types, dtype=object)[guess], index=cells.index[is_query])
    outcome = Outcome.of(cells, probabilities, types, split.summary()["seen_types"], before)
    mapping = add_mapping_score(outcome.table, umap, config)
    outcome.table.to_parquet(record.folder / keys.CELLS_FILE)
    write_genes(record)
    write_replay(record, config)
    published = config.mix.w_semafo and config.mix.label_weighting == "published"
    diagnostics = {"latent_scale": 0.07 if published else 1.02, "label_gap": 3.2}
    write_json(record.folder / keys.PREDICTIONS_FILE, {**outcome.to_dict(), **diagnostics, **mapping})


def _write_scores(record: RunRecord, config: RunConfig) -> None:
    one_batch = not config.split.reference
    rows = {}
    for name, seed in (("model", int(record.run_id[-4:], 16)), ("scVI", 1), ("PCA", 2)):
        rng = np.random.default_rng(seed)
        scores = {metric.key: float(rng.uniform(0.4, 0.95)) for metric in METRICS}
        if one_batch:
            scores |= {metric.key: None for metric in METRICS if metric.group == "batch"}
        rows[name] = scores
    split = json.loads((record.folder / keys.SPLIT_FILE).read_text())
    values = {"population": "test cells", "n_cells": split["n_test"], "n_batches": 1 if one_batch else 3, "rows": rows}
    write_json(record.folder / keys.INTEGRATION_FILE, values)
    write_baselines(record)
    write_factors(record)
    if config.dataset.query:
        write_markers(record)


def full_home(path: str | Path) -> Home:
    """Two finished comparisons, one run at work, one that waits, one failed, one cancelled."""
    home = Home.at(path)
    write_inspection(home, REAL)
    write_inspection(home, MAPPED)
    comparison(home, REAL, batch="aaaa", age=9000)
    comparison(home, MAPPED, batch="bbbb", age=600)
    seeds = [replace(REAL, train=TrainSettings(seed=seed)) for seed in range(1, 5)]
    failed(home, seeds[0], batch="cccc", age=5000)
    cancelled(home, seeds[1], batch="cccc", age=4900)
    running(home, seeds[2], batch="dddd", age=4000)
    queued(home, seeds[3], batch="dddd", age=4000, waits_for="the scVI stage that scANVI · 20 % · seed 3 is training")
    return home
