"""Folders of finished runs of any size, as the engine writes them: what the benchmark of views looks at.

The cells are drawn, not trained: 20 types in a cloud each, 8 batches, a fifth of the predictions wrong.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from semafo import keys
from semafo.files import write_atomically, write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.settings.mix import CORNERS, Mix
from semafo.settings.run_config import DatasetSpec, RunConfig

N_TYPES, N_BATCHES, WRONG = 20, 8, 0.2
PARTS = (keys.LABELLED, keys.HIDDEN, keys.TEST)


@dataclass(frozen=True)
class Cells:
    """Codes of type and batch, (n,) each, and names of the cells: the same in all runs of a home."""

    types: np.ndarray
    batches: np.ndarray
    parts: np.ndarray
    names: pd.Index


MIXES = (*(Mix(*corner) for corner in CORNERS.values()), Mix(1, 0.5))


def write_comparison(home: Home, n_cells: int, n_runs: int = 3) -> list[RunRecord]:
    """scANVI, SemafoVAE, Both and a fourth mix on the same cells, finished; the first `n_runs` of them."""
    rng = np.random.default_rng(0)
    codes = (rng.integers(0, n, n_cells) for n in (N_TYPES, N_BATCHES, len(PARTS)))
    cells = Cells(*codes, pd.Index([f"cell_{i:07d}" for i in range(n_cells)], name=keys.CELL))
    configs = [RunConfig(DatasetSpec(f"simulated:cells={n_cells}"), mix=mix) for mix in MIXES[:n_runs]]
    return [_write_run(home, config, cells, seed) for seed, config in enumerate(configs)]


def _write_run(home: Home, config: RunConfig, cells: Cells, seed: int) -> RunRecord:
    rng = np.random.default_rng(seed)
    folder = home.runs / f"{config.mix.slug}-{config.fingerprint()[:12]}"
    folder.mkdir()
    settings = {"config": config.to_dict(), "context": {"data": "drawn", "versions": {}}, "batch": "one"}
    write_json(folder / keys.CONFIG_FILE, settings)
    write_json(folder / keys.STATUS_FILE, {"state": keys.DONE, "created": 1.0, "order": seed})
    np.save(folder / keys.array_file(keys.X_UMAP), _map(cells.types, rng))
    table = _table(cells, rng)
    write_atomically(folder / keys.CELLS_FILE, lambda handle: table.to_parquet(handle))
    n_test = int((table[keys.PART] == keys.TEST).sum())
    scores = {"accuracy": 1 - WRONG, "n_scored": n_test, "accuracy_low": 0.79, "accuracy_high": 0.81}
    write_json(folder / keys.PREDICTIONS_FILE, {"types": _names("Cell type", N_TYPES).tolist(), "test": scores})
    np.save(folder / keys.PROBABILITIES_FILE, _probabilities(table))
    write_json(folder / keys.MANIFEST_FILE, {"files": {}})
    return RunRecord(folder)


def _probabilities(table: pd.DataFrame) -> np.ndarray:
    """The confidence for the predicted type, and the rest shared by the others. Returns (n, types) float32."""
    confidence = table[keys.CONFIDENCE].to_numpy()
    found = np.repeat((1 - confidence)[:, None] / np.float32(N_TYPES - 1), N_TYPES, axis=1)
    predicted = pd.Index(_names("Cell type", N_TYPES)).get_indexer(table[keys.PREDICTED])
    found[np.arange(len(found)), predicted] = confidence
    return found


def _map(types: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cloud a type; every run has them elsewhere, turned and scaled by chance. Returns (n, 2) float32."""
    centres = np.random.default_rng(7).normal(size=(N_TYPES, 2)) * 8
    angle, scale = rng.uniform(0, 2 * np.pi), rng.uniform(0.6, 1.6)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return ((centres[types] + rng.normal(size=(len(types), 2))) @ turn).astype(np.float32)


def _table(cells: Cells, rng: np.random.Generator) -> pd.DataFrame:
    types, n_cells = _names("Cell type", N_TYPES), len(cells.names)
    predicted = np.where(rng.random(n_cells) < WRONG, rng.integers(0, N_TYPES, n_cells), cells.types)
    columns = {
        keys.TRUE: types[cells.types],
        keys.BATCH_COLUMN: _names("Batch", N_BATCHES)[cells.batches],
        keys.ROLE: keys.QUERY,
        keys.PART: np.array(PARTS, dtype=object)[cells.parts],
        keys.PREDICTED: types[predicted],
        keys.CONFIDENCE: rng.beta(8, 2, n_cells).astype(np.float32),
    }
    return pd.DataFrame(columns, index=cells.names)


def _names(kind: str, n: int) -> np.ndarray:
    return np.array([f"{kind} {i + 1:02d}" for i in range(n)], dtype=object)
