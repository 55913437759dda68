"""A run step by step, in Python and without a home: what the program's workers do, as functions to call.

Exported scripts and notebooks are made of these. `train` does all steps in one call.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scvi.model import SCVI

from semafo import keys
from semafo.data import catalogue
from semafo.data.load import load
from semafo.data.splitting.label_mask import LabelMask
from semafo.data.splitting.split import make_split
from semafo.errors import DataError
from semafo.evaluation.latent import embedding
from semafo.evaluation.neighbours.neighbours import nearest
from semafo.models.semafovi import SemafoVI
from semafo.settings.run_config import DatasetSpec, RunConfig
from semafo.training import pipeline
from semafo.training.artefacts.gene_support import limited
from semafo.training.artefacts.mapping import add_mapping_score
from semafo.training.artefacts.predictions import Outcome
from semafo.training.progress import PrintedProgress, Progress
from semafo.training.stages import models as stage_models
from semafo.training.stages.prepared_data import Prepared, prepare_split


@dataclass(frozen=True, eq=False)
class Result:
    """What came out of a run.

    Attributes
    ----------
    config, prepared, model
        Settings, the cells as the models saw them, and the trained model.
    cells
        One row a cell: true label, batch, role, part, predicted label, confidence, counts in the model's genes and
        mapping score, see `semafo.keys`.
    scores
        Label scores of the `test` cells, of the `query` and of the labelled `reference` cells; by type and batch;
        confusion counts; calibration; `latent_scale` and `label_gap`; `support` of a query that lacks genes; `mapping`
        (surgery), see `semafo.evaluation.latent.mapping_score.mapping_facts`.
    latent
        (n_cells, n_latent) float32, mean of q(z|x, s).
    """

    config: RunConfig
    prepared: Prepared
    model: SemafoVI
    cells: pd.DataFrame
    scores: dict[str, Any]
    latent: np.ndarray
    pretrained: SCVI

    @cached_property
    def umap(self) -> np.ndarray:
        """(n_cells, 2) float32, the map that the program shows."""
        settings = self.config.evaluation
        one_stage = self.config.form == keys.ONE_STAGE
        start = pipeline.scvi_plane(self.pretrained, self.prepared.cells) if one_stage else None
        return embedding.umap(self.latent, nearest(self.latent, settings.umap_neighbours), settings, start)

    def to_anndata(self) -> AnnData:
        """Counts of the chosen genes with predictions in obs, latent representation and UMAP in obsm."""
        columns = {name: _categories(values) for name, values in self.cells.items()}
        obs = self.prepared.cells.obs.assign(**columns)
        maps = {self.config.mix.obsm_key: self.latent, keys.X_UMAP: self.umap}
        return AnnData(self.prepared.cells.X.copy(), obs=obs, var=self.prepared.cells.var.copy(), obsm=maps)


def load_data(dataset: DatasetSpec, fingerprint: str | None = None) -> AnnData:
    """Read and check a data set.

    Parameters
    ----------
    dataset
        Which one, and which of its columns.
    fingerprint
        Hash that its content must have; None takes any.

    Returns
    -------
    AnnData
        Counts in X; obs has the data's own columns, `keys.TRUE` and `keys.BATCH_COLUMN`.

    Raises
    ------
    DataError
        Training could not work with these cells, or they are not those of the fingerprint.
    """
    dataset = catalogue.resolve(dataset)
    if fingerprint is not None and catalogue.content_fingerprint(dataset) != fingerprint:
        raise DataError(
            f"{dataset.name} is not the data set that the run was trained on: its content differs. Give the path of "
            "the file as it was then."
        )
    return load(dataset)


def prepare(adata: AnnData, config: RunConfig, mask: LabelMask | None = None) -> Prepared:
    """Divide the cells, hide labels, and choose genes.

    Parameters
    ----------
    adata
        As `load_data` gives it.
    mask
        Which cells are reference, labelled, hidden and test; None draws them by `config.split`.
    """
    if mask is None:
        split = make_split(adata.obs[keys.TRUE], adata.obs[keys.BATCH_COLUMN], config.split)
    else:
        split = mask.split(adata, config.split)
    return prepare_split(adata, split, config.dataset.n_hvg)


def pretrain(prepared: Prepared, config: RunConfig, progress: Progress | None = None) -> SCVI:
    """Stage 1: scVI, which sees no label, on the reference (surgery) or on all cells (one stage)."""
    return stage_models.pretrain(prepared.training_cells(), config, progress or PrintedProgress())


def semi_supervise(pretrained: SCVI, config: RunConfig, progress: Progress | None = None) -> SemafoVI:
    """Stage 2: scANVI / SemafoVAE from scVI's weights, on the same cells with the labels that may be seen."""
    return stage_models.semi_supervise(pretrained, config, progress or PrintedProgress())


def map_query(model: SemafoVI, prepared: Prepared, config: RunConfig, progress: Progress | None = None) -> SemafoVI:
    """Stage 3 (surgery): the query mapped onto the frozen reference. Without a query the model is given back."""
    if config.form != keys.SURGERY or not prepared.facts["n_query"]:
        return model
    return stage_models.map_query(model, prepared.query_cells(), config, progress or PrintedProgress())


def evaluate(model: SemafoVI, pretrained: SCVI, prepared: Prepared, config: RunConfig) -> Result:
    """Predict the type of every cell, and score that on the cells whose labels no model saw."""
    cells = prepared.cells
    latent = model.get_latent_representation(cells).astype(np.float32)
    soft = model.predict(cells, soft=True)
    probabilities = pipeline.head_probabilities(config.mix, soft, latent, cells)
    outcome = Outcome.of(prepared.split.cells, probabilities, list(soft.columns), prepared.facts["seen_types"])
    outcome, support = limited(outcome, model, prepared, config, latent, soft)
    mapping = add_mapping_score(outcome.table, latent, config)
    scores = {**outcome.to_dict(), **pipeline.diagnose(model, cells, latent, outcome), **support, **mapping}
    return Result(config, prepared, model, outcome.table, scores, latent, pretrained)


def train(config: RunConfig, mask: LabelMask | None = None, progress: Progress | None = None) -> Result:
    """All steps in one call: load, hide labels, train every stage, predict and score."""
    prepared = prepare(load_data(config.dataset), config, mask)
    pretrained = pretrain(prepared, config, progress)
    model = semi_supervise(pretrained, config, progress)
    model = map_query(model, prepared, config, progress)
    return evaluate(model, pretrained, prepared, config)


def _categories(values: pd.Series) -> pd.Series:
    return values.astype("category") if values.dtype == object else values
