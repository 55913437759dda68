"""How far a query lies from its reference: a column of the per-cell table, and what predictions.json states of it."""

from typing import Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.evaluation.latent.mapping_score import mapping_facts, mapping_scores
from semafo.settings.run_config import RunConfig


def add_mapping_score(table: pd.DataFrame, z: np.ndarray, config: RunConfig) -> dict[str, Any]:
    """Give the per-cell table `keys.MAPPING_SCORE` where reference cells and query cells took part; else nothing.

    Parameters
    ----------
    table
        With roles and predicted types; gets the column, NaN for reference cells.
    z
        (n_cells, n_latent) latent representation, rows as the table.

    Returns
    -------
    dict
        `mapping`, for predictions.json; empty where there is no such column.
    """
    is_reference = (table[keys.ROLE] == keys.REFERENCE).to_numpy()
    if config.form != keys.SURGERY or is_reference.all():
        return {}
    scores = mapping_scores(z, is_reference, table[keys.PREDICTED].to_numpy(), config.evaluation.seed)
    table[keys.MAPPING_SCORE] = scores.astype(np.float32)
    return {"mapping": mapping_facts(scores, int(is_reference.sum()))}
