"""A run's folder, as those read it who did not train it.

A folder holds what `semafo.keys` names: config, status, progress, history, split, per-cell table, embeddings, scores,
weights, environment and log. While the run works the files appear one by one, each of them whole. `manifest.json` comes
last and makes the run a finished one.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from semafo import keys, wording
from semafo.errors import RunNotFound, SemafoError
from semafo.evaluation.labels.scores import LabelScores
from semafo.runs.folder import checked_files, older_layouts, status_file
from semafo.runs.folder.name_tags_notes import About
from semafo.settings.run_config import RunConfig

_COLUMNS = (keys.TRUE, keys.BATCH_COLUMN, keys.ROLE, keys.PART, keys.PREDICTED, keys.CONFIDENCE)
_LABEL_SCORES = {score.name for score in fields(LabelScores)}  # what a file may add to a run's row


@dataclass(frozen=True)
class RunRecord:
    """A run, read from its folder: settings once, all else at each call. A file that is damaged raises DamagedRun."""

    folder: Path

    @property
    def run_id(self) -> str:
        """Name of the run and of its folder."""
        return self.folder.name

    @cached_property
    def settings(self) -> dict[str, Any]:
        """`config`, `context` (data fingerprint and versions) and `batch` (which comparison it was started with).

        Those of earlier versions are read as if this one had written them, see `semafo.runs.folder.older_layouts`.
        """
        found = checked_files.read_object(self.folder, keys.CONFIG_FILE)
        if found is None:
            raise RunNotFound(f"There is no run {self.run_id}. `semafo runs` lists the runs of this home.")
        return older_layouts.upgraded(found)

    @cached_property
    def config(self) -> RunConfig:
        """Settings of the run."""
        return RunConfig.from_dict(self.settings["config"])

    @property
    def refusal(self) -> str | None:
        """Why this version cannot read the settings (from a newer one, or damaged), in words; None where it can."""
        try:
            _ = self.config
        except SemafoError as error:
            return str(error)
        return None

    @property
    def is_readable(self) -> bool:
        """Whether this version can read the run's settings."""
        return self.refusal is None

    @property
    def title(self) -> str:
        """Short name for people: their own where they gave one, else what the settings say, with its marks."""
        return wording.marked_title(self.config, self.about.name)

    @property
    def default_title(self) -> str:
        """What the settings say in short: mix · rate · seed."""
        return self.config.title

    @property
    def about(self) -> About:
        """Name, tags and notes that people gave the run."""
        return About.of(self.folder)

    @property
    def status(self) -> dict[str, Any]:
        """`state`, `reason` (of a failure), and the times `created`, `started`, `finished` in seconds since 1970.

        Whatever the file says or lacks, a run with a manifest is done: the manifest comes last.
        """
        return status_file.read(self.folder)

    @property
    def state(self) -> str:
        """One of the states of `semafo.keys`; done when, and only when, the manifest is there."""
        state: str = self.status["state"]
        return state

    @property
    def is_committed(self) -> bool:
        """Whether the manifest is there: it comes last."""
        return (self.folder / keys.MANIFEST_FILE).exists()

    @property
    def is_active(self) -> bool:
        """Whether the run waits or works."""
        return self.state in keys.ACTIVE_STATES

    def progress(self) -> dict[str, Any]:
        """`stage`, `epoch`, `n_epochs`, `fraction` (0 to 1), `seconds_left`, `terms`; empty before the start."""
        return self._read(keys.PROGRESS_FILE)

    def history(self) -> pd.DataFrame:
        """Loss terms by name, one row an epoch: `stage`, `epoch`, then the terms in nats a cell."""
        return pd.DataFrame(checked_files.read_history(self.folder))

    def split(self) -> dict[str, Any] | None:
        """Counts of the split, the data's report, and the warnings that stay with the run; None while unknown."""
        return checked_files.read_object(self.folder, keys.SPLIT_FILE)

    @property
    def warnings(self) -> list[str]:
        """What a reader of the numbers must know about the data and the split."""
        return list((self.split() or {}).get("warnings", ()))

    @property
    def has_maps(self) -> bool:
        """Whether predictions, latent representation and UMAP can be read (written last of these: predictions)."""
        return (self.folder / keys.PREDICTIONS_FILE).exists()

    @property
    def has_scores(self) -> bool:
        """Whether the scib table can be read."""
        return (self.folder / keys.INTEGRATION_FILE).exists()

    def cells(self) -> pd.DataFrame:
        """Per-cell table, indexed by cell: true label, batch, role, part, predicted label, confidence.

        Where they exist also the counts in the model's genes (runs of earlier versions lack them), the confidence after
        temperature scaling and the label predicted before the query stage.
        """
        cells = checked_files.read_cells(self.folder, keys.CELLS_FILE)
        missing = [name for name in _COLUMNS if name not in cells]
        checked_files.require(not missing, self.folder, keys.CELLS_FILE, f"it lacks the columns {missing}")
        return cells

    def array(self, name: str) -> np.ndarray:
        """An embedding by its obsm key, one row a cell in the order of `cells`."""
        return checked_files.read_needed_array(self.folder, keys.array_file(name), axes=2)

    def probabilities(self) -> np.ndarray:
        """Probability of each type, cells × types, in the order of `predictions()["types"]`."""
        return checked_files.read_needed_array(self.folder, keys.PROBABILITIES_FILE, axes=2)

    def predictions(self) -> dict[str, Any]:
        """Label scores and what they are made of.

        `types`, `probability_types`; label scores `test`, `query`, `reference` (labelled reference cells, which were
        trained on) and `before_query` (`test` and `query` of the model before its query stage), the last two None where
        there are none; `confusion`, `per_type` and `by_batch` of test and query; `calibration` and `coverage` of the
        test cells; `latent_scale` and `label_gap`; `support` of an annotation whose query lacks genes of the model.
        """
        return self._read(keys.PREDICTIONS_FILE)

    def baselines(self) -> dict[str, dict[str, Any]]:
        """Label scores `test` and `query` of each of `keys.BASELINES`; empty where they are not there (yet)."""
        return dict(self._read(keys.BASELINES_FILE).get("rows", {}))

    def baselines_error(self) -> str | None:
        """Why the baselines could not be computed; None where they could, or are not there yet."""
        reason: str | None = self._read(keys.BASELINES_FILE).get("error")
        return reason

    def baseline_cells(self) -> pd.DataFrame:
        """Predicted type of each cell, one column a baseline, rows as in `cells`; empty where they are not there."""
        try:
            return checked_files.read_cells(self.folder, keys.BASELINE_CELLS_FILE)
        except FileNotFoundError:
            return pd.DataFrame(index=pd.Index([], name=keys.CELL))

    def markers(self) -> dict[str, Any]:
        """Annotation runs: mean expression of marker genes by predicted type, and the overlap of genes; else empty."""
        return self._read(keys.MARKERS_FILE)

    def integration(self) -> dict[str, Any]:
        """`population`, `n_cells` and `rows`: scib scores by embedding (the model, scVI, PCA), undefined ones null."""
        return self._read(keys.INTEGRATION_FILE)

    def factors(self) -> dict[str, Any]:
        """What each latent dimension carries, see `training.artefacts.latent_factors`; empty where none."""
        return self._read(keys.FACTORS_FILE)

    def traversal(self) -> np.ndarray:
        """Expression along each dimension, (types, dimensions, steps, genes) float16, left on the disk.

        log(1 + counts per 10 000); names in `factors()["traversal"]`.
        """
        return checked_files.read_needed_array(self.folder, keys.TRAVERSAL_FILE, axes=4, mapped=True)

    def model_genes(self) -> list[str]:
        """Names of the genes that the model reads, in its order; empty where the run left no model."""
        return list(self._read(keys.MODEL_FILE).get("genes", ()))

    def log(self) -> str:
        """What the workers wrote while they trained."""
        path = self.folder / keys.LOG_FILE
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _read(self, name: str) -> dict[str, Any]:
        """A JSON object of the folder; empty while the file is not there."""
        return checked_files.read_object(self.folder, name) or {}

    def data_report(self) -> dict[str, Any]:
        """What the preflight found in the run's data; empty where the run has none."""
        return dict((self.split() or {}).get("report") or {})

    def summary(self) -> dict[str, Any]:
        """The run as one flat line: what `compare --json` prints."""
        split, predictions = self.split() or {}, self.predictions()
        test, query = predictions.get("test", {}), predictions.get("query", {})
        calibration = predictions.get("calibration") or {}
        config = self.config
        return {
            **{name: value for name, value in test.items() if name in _LABEL_SCORES},
            "kind": "run",
            "run_id": self.run_id,
            "state": self.state,
            "dataset": config.dataset.name,
            "query": config.dataset.query,
            "form": config.form,
            "mix": config.mix.name,
            "mix_option": config.mix.option,
            "w_scanvi": config.mix.w_scanvi,
            "w_semafo": config.mix.w_semafo,
            "label_weighting": config.mix.label_weighting,
            "head": config.mix.head,
            "leak": config.split.leak,
            "schedule": config.train.schedule,
            "seed": config.train.seed,
            "split_seed": config.split.split_seed,
            **{name: split.get(name) for name in ("labelled_rate", "labelled_rate_requested", "n_query")},
            "accuracy_query": query.get("accuracy_with_unseen"),
            "accuracy_reference": (predictions.get("reference") or {}).get("accuracy"),
            "accuracy_before_query": (predictions.get("before_query") or {}).get("test", {}).get("accuracy"),
            "ece": calibration.get("test", {}).get("ece"),
            "temperature": calibration.get("temperature"),
            "latent_scale": predictions.get("latent_scale"),
            "label_gap": predictions.get("label_gap"),
            "scib": self.integration().get("rows", {}).get("model"),
            "seconds": self.status.get("seconds", {}),
            "warnings": self.warnings,
        }
