"""A home in which names of types, batches, genes, columns, files, runs and sweeps, notes and reasons are hostile."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pandas as pd

from semafo import keys
from semafo.files import read_json, write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.sweeps.sweep import SWEEP_FILE
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings
from tests.support import fake_sweeps, fakes
from tests.support.hostile import TEXTS

N_CELLS = 40  # of each type
TYPES = TEXTS[:12] + TEXTS[-9:]
BATCHES = TEXTS[12:18]
DATASET = f"{TEXTS[0]}/{TEXTS[5]}.h5ad"
CONFIG = RunConfig(
    DatasetSpec(DATASET, TEXTS[8], TEXTS[9]), SplitSettings(reference=BATCHES[:2], labelled_rate=0.5, test_share=0.3)
)


def cells(_: RunConfig) -> pd.DataFrame:
    """Cells whose names, types and batches are hostile."""
    labels = np.repeat(np.array(TYPES, dtype=object), N_CELLS)
    batches = np.array(BATCHES, dtype=object)[np.random.default_rng(5).integers(0, len(BATCHES), len(labels))]
    index = pd.Index([f"{TEXTS[i % len(TEXTS)]} {i}" for i in range(len(labels))], name=keys.CELL)
    return pd.DataFrame({keys.TRUE: labels, keys.BATCH_COLUMN: batches}, index=index)


@contextmanager
def hostile_cells() -> Iterator[None]:
    """Runs that are written within have hostile cells."""
    with patch.object(fakes, "data_cells", cells):
        yield


def hostile_home(path) -> Home:
    """Three finished runs, one at work, one that failed, and a sweep."""
    home = Home.at(path)
    with hostile_cells():
        for i, record in enumerate(fakes.comparison(home, CONFIG)):
            _rename(record, i)
        seed = [replace(CONFIG, train=replace(CONFIG.train, seed=seed)) for seed in (1, 2)]
        _rename(fakes.running(home, seed[0]), 3)
        failed = fakes.failed(home, seed[1])
        write_json(failed.folder / keys.STATUS_FILE, {**failed.status, "reason": " ".join(TEXTS)})
        _rename(failed, 4)
        sweep = fake_sweeps.a_sweep(home, points=TEXTS[2:4])
    facts = read_json(sweep.folder / SWEEP_FILE)
    write_json(sweep.folder / SWEEP_FILE, {**facts, "name": TEXTS[3]})
    return home


def _rename(record: RunRecord, i: int) -> None:
    """Name, notes, warnings, genes and own columns of a run."""
    folder = record.folder
    write_json(folder / keys.ABOUT_FILE, {"schema": 1, "name": TEXTS[i], "tags": ["a"], "notes": "\n".join(TEXTS)})
    write_json(folder / keys.SPLIT_FILE, {**(record.split() or {}), "warnings": list(TEXTS)})
    if not (folder / keys.GENES_FILE).exists():
        return
    genes = read_json(folder / keys.GENES_FILE)
    write_json(folder / keys.GENES_FILE, {**genes, "genes": list(TEXTS[: len(genes["genes"])])})
    own = pd.read_parquet(folder / keys.OBS_FILE)
    own.columns = [TEXTS[20], TEXTS[21], *own.columns[2:]]
    own.to_parquet(folder / keys.OBS_FILE)
    if (folder / keys.FACTORS_FILE).exists():
        facts = read_json(folder / keys.FACTORS_FILE)
        facts["factors"][0]["name"] = TEXTS[6]
        facts["left_out"] = [f"{TEXTS[7]}: fewer than 5 of its genes are in the data."]
        facts["traversal"]["genes"] = list(TEXTS[:30])
        write_json(folder / keys.FACTORS_FILE, facts)
