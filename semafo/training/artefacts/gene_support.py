"""What predictions may rest on: the genes that the query has, and the counts of each cell in the genes that count.

A model that lacks most of its genes still gives probabilities near 1. What its names are worth then can be seen on
cells whose types are known: the reference's labelled cells are predicted once more with the genes that the query lacks
set to zero. A type's support is what is left of the precision of its name, above what the name would reach by chance:

    support = (precision with the query's genes - share) / (precision with all genes - share), cut to 0 and 1

where share is that of the type among these cells. The query's confidence is the model's times the support of the
predicted type. Cells with hardly a count in the model's genes have a confidence of 0.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from semafo import keys
from semafo.data.genes import MIN_MODEL_COUNTS
from semafo.data.reading.gene_overlap import IN_QUERY
from semafo.models.mixture_head import hybrid_probabilities
from semafo.models.semafovi import SemafoVI
from semafo.settings.run_config import RunConfig
from semafo.training.artefacts.predictions import Outcome
from semafo.training.stages.prepared_data import Prepared

MOST_CELLS = 5000  # of the reference, drawn by the seed of the evaluation


@dataclass(frozen=True)
class GeneSupport:
    """What the reference's own cells lose without the genes that the query lacks.

    Parameters
    ----------
    by_type
        Support of each predicted type, 0 to 1.
    right, right_with_all
        Share of the cells that are named as they should be with the query's genes, and with all; 0 to 1.
    n_cells, n_missing
        Cells that were predicted, and genes of the model that the query lacks.
    """

    by_type: dict[str, float]
    right: float
    right_with_all: float
    n_cells: int
    n_missing: int


def limited(
    outcome: Outcome, model: SemafoVI, prepared: Prepared, config: RunConfig, z: np.ndarray, soft: pd.DataFrame
) -> tuple[Outcome, dict[str, Any]]:
    """The outcome with confidences that the genes support, and `support` for predictions.json, None where none lacks.

    Parameters
    ----------
    z, soft
        Latent representation of all cells, and the classifier's probabilities.
    """
    counts = np.asarray(prepared.cells.X.sum(axis=1, dtype=np.float64)).ravel()
    table = outcome.table.assign(**{keys.MODEL_COUNTS: counts})
    support = _measure(outcome, model, prepared, config, z, soft)
    factor = np.where(counts < MIN_MODEL_COUNTS, np.float32(0), np.float32(1))
    if support is not None:
        of_type = table[keys.PREDICTED].map(support.by_type).to_numpy(np.float32)
        factor *= np.where(table[keys.ROLE] == keys.QUERY, of_type, np.float32(1))
    for name in {keys.CONFIDENCE, keys.SCALED_CONFIDENCE} & set(table):
        table[name] = table[name].to_numpy() * factor
    return replace(outcome, table=table), {"support": None if support is None else asdict(support)}


def support_of_names(
    true: np.ndarray, with_all: np.ndarray, with_fewer: np.ndarray, types: list[str]
) -> dict[str, float]:
    """Support of each type, see the module.

    Parameters
    ----------
    true, with_all, with_fewer
        (n,) true types, and those predicted with all genes and with fewer.
    """
    found = {}
    for name in types:
        share = float((true == name).mean())
        gains = [_precision(true, predicted, name) - share for predicted in (with_fewer, with_all)]
        found[name] = float(np.clip(gains[0] / gains[1], 0, 1)) if gains[1] > 0 else 0.0
    return found


def _precision(true: np.ndarray, predicted: np.ndarray, name: str) -> float:
    """Share of the cells of a name that are of the type; 0 where no cell has the name."""
    named = predicted == name
    return float((true[named] == name).mean()) if named.any() else 0.0


def _measure(
    outcome: Outcome, model: SemafoVI, prepared: Prepared, config: RunConfig, z: np.ndarray, soft: pd.DataFrame
) -> GeneSupport | None:
    """The rehearsal on the reference's labelled cells; None where the query has every gene of the model."""
    cells = prepared.cells
    in_query = cells.var.get(IN_QUERY)
    if in_query is None or in_query.all():
        return None
    table, kept = outcome.table, in_query.to_numpy(dtype=bool)
    is_known = (table[keys.ROLE] == keys.REFERENCE) & (table[keys.PART] == keys.LABELLED)
    rows = np.random.default_rng(config.evaluation.seed).permutation(np.flatnonzero(is_known))[:MOST_CELLS]
    rows.sort()
    masked = cells[rows].copy()
    masked.X = sparse.csr_matrix(masked.X @ sparse.diags(kept.astype(np.float32)))
    true, with_all = (table[name].to_numpy(dtype=object)[rows] for name in (keys.TRUE, keys.PREDICTED))
    probabilities = _probabilities(model, masked, config, z, soft, cells.obs[keys.LABEL])
    with_fewer = np.array(outcome.probability_types, dtype=object)[probabilities.argmax(1)]
    return GeneSupport(
        by_type=support_of_names(true, with_all, with_fewer, outcome.probability_types),
        right=float((with_fewer == true).mean()),
        right_with_all=float((with_all == true).mean()),
        n_cells=len(rows),
        n_missing=int((~kept).sum()),
    )


def _probabilities(
    model: SemafoVI, masked: AnnData, config: RunConfig, z: np.ndarray, soft: pd.DataFrame, labels: pd.Series
) -> np.ndarray:
    """The head's probabilities of the masked cells, (n, C): the mixture is fitted to all cells, and to these without
    their labels.
    """
    own: np.ndarray = model.predict(masked, soft=True).to_numpy(np.float32)
    if config.mix.head == "classifier":
        return own
    codes = pd.Index(soft.columns.astype(str)).get_indexer(labels.astype(str))
    both = np.concatenate([z, model.get_latent_representation(masked)])
    everything = np.concatenate([soft.to_numpy(np.float32), own])
    return hybrid_probabilities(both, everything, np.append(codes, np.full(len(own), -1)))[len(z) :]
