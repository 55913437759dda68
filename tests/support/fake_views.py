"""Expression, own columns and the record of training of a run folder, filled with small random data."""

import numpy as np
import pandas as pd
from scipy import sparse

from semafo import keys
from semafo.files import write_json
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import RunConfig

N_GENES = 12
N_RECORDED = 60
EPOCHS = {keys.PRETRAIN: (0, 4, 40), keys.SEMI_SUPERVISED: (0, 20), keys.QUERY_STAGE: (0, 10)}


def write_genes(record: RunRecord) -> None:
    """Twelve genes, each high in one type, and own columns: two of text, two of numbers."""
    cells = record.cells()
    rng = np.random.default_rng(41)
    codes = pd.factorize(cells[keys.TRUE])[0]
    high = (codes[:, None] % N_GENES) == np.arange(N_GENES)
    values = np.log1p(rng.poisson(np.where(high, 4.0, 0.3)) * 10.0).astype(np.float32)
    by_gene = sparse.csc_array(values)
    arrays = (by_gene.indptr.astype(np.int64), by_gene.indices.astype(np.int32), by_gene.data)
    for name, array in zip(keys.EXPRESSION_FILES, arrays, strict=True):
        np.save(record.folder / name, array)
    names = [f"GENE{i}" for i in range(N_GENES)]
    write_json(record.folder / keys.GENES_FILE, {"genes": names, "n_cells": len(cells)})
    own = {
        "phase": pd.Categorical(rng.choice(["G1", "G2M", "S"], len(cells))),
        "sample_site": pd.Categorical(rng.choice(["left", "right"], len(cells))),
        keys.N_COUNTS: rng.integers(500, 5000, len(cells)).astype(float),
        keys.N_GENES: rng.integers(200, 900, len(cells)),
    }
    pd.DataFrame(own, index=cells.index).to_parquet(record.folder / keys.OBS_FILE)


def write_replay(record: RunRecord, config: RunConfig) -> None:
    """A few frames of sixty cells that move apart; in surgery the query's join at their stage."""
    is_query = (record.cells()[keys.ROLE] == keys.QUERY).to_numpy()
    in_surgery = config.form == keys.SURGERY and is_query.any()
    stages = [keys.PRETRAIN, keys.SEMI_SUPERVISED, *([keys.QUERY_STAGE] if in_surgery else [])]
    frames = [(stage, epoch) for stage in stages for epoch in EPOCHS[stage]]
    rows = np.linspace(0, len(is_query) - 1, N_RECORDED).astype(np.int32)
    rng = np.random.default_rng(7)
    z = rng.normal(0, 1, (N_RECORDED, 10)) * np.linspace(0.2, 1.2, len(frames))[:, None, None]
    if in_surgery:
        joined = [stage == keys.QUERY_STAGE for stage, _ in frames]
        z[np.ix_(np.logical_not(joined), is_query[rows])] = np.nan
    np.savez(record.folder / keys.REPLAY_FILE, z=z.astype(np.float16), rows=rows)
    noted = {
        "frames": [{"stage": stage, "epoch": epoch} for stage, epoch in frames],
        "n_epochs": {stage: EPOCHS[stage][-1] for stage in stages},
        "seconds": dict.fromkeys(stages, 0.1),
        "scvi_stage": f"scvi-{config.train.seed}",
    }
    write_json(record.folder / keys.REPLAY_FRAMES_FILE, noted)
