"""Baselines and markers of a run folder, filled with small random data that look real."""

from typing import Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.evaluation.labels.scores import score_labels
from semafo.files import write_atomically, write_json
from semafo.runs.folder.run_record import RunRecord

ERROR_RATES = {keys.MAJORITY: None, keys.LOGISTIC_GENES: 0.13, keys.LOGISTIC_LATENT: 0.16, keys.KNN: 0.21}


def guesses(rng: np.random.Generator, code: np.ndarray, n_types: int, error_rate: float) -> np.ndarray:
    """Predicted codes that are wrong at a rate."""
    wrong = rng.random(len(code)) < error_rate
    return np.where(wrong, (code + rng.integers(1, 3, len(code))) % n_types, code)


def write_baselines(record: RunRecord) -> None:
    """Baselines of the run's split: the same for all runs of that split."""
    cells, seen = record.cells(), record.split()["seen_types"]
    types = np.array(record.predictions()["types"], dtype=object)
    code = np.maximum(pd.Index(types).get_indexer(cells[keys.TRUE]), 0)
    rng = np.random.default_rng(record.config.split.split_seed + 17)
    columns = {}
    for name, rate in ERROR_RATES.items():
        most_frequent = np.bincount(code, minlength=len(types)).argmax()
        guess = np.full(len(code), most_frequent) if rate is None else guesses(rng, code, len(types), rate)
        columns[name] = types[guess]
    table = pd.DataFrame(columns, index=cells.index)
    parts = {"test": cells[keys.PART] == keys.TEST, "query": cells[keys.ROLE] == keys.QUERY}
    rows = {
        name: {
            part: score_labels(cells.loc[mask, keys.TRUE], table.loc[mask, name], seen).to_dict()
            for part, mask in parts.items()
        }
        for name in table
    }
    write_atomically(record.folder / keys.BASELINE_CELLS_FILE, lambda handle: table.to_parquet(handle))
    write_json(record.folder / keys.BASELINES_FILE, {"rows": rows})


def write_markers(record: RunRecord) -> None:
    """Marker genes of the predicted types, and how the query's genes overlap with the reference's."""
    rng = np.random.default_rng(23)
    types = record.predictions()["probability_types"]
    predicted = record.cells()[keys.PREDICTED]
    genes = [f"GENE{i}" for i in range(3 * len(types))]
    is_own = np.repeat(np.eye(len(types)), 3, axis=1)  # three markers for each type
    overlap: dict[str, Any] = {"n_reference_genes": 1000, "n_shared": 930, "share": 0.93, "n_hvg": 800}
    overlap |= {"n_hvg_shared": 760, "missing_examples": ["GENE901", "GENE907", "GENE944"]}
    values = {
        "types": types,
        "genes": genes,
        "mean": (2.5 * is_own + rng.uniform(0, 0.5, is_own.shape)).round(3).tolist(),
        "share": (0.7 * is_own + rng.uniform(0, 0.25, is_own.shape)).round(3).tolist(),
        "n": [int((predicted == name).sum()) for name in types],
        "overlap": overlap,
    }
    write_json(record.folder / keys.MARKERS_FILE, values)
