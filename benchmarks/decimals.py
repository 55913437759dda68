"""What decimals in the counts do to accuracy: `python -m benchmarks.decimals kang_pbmc.h5ad`.

Ambient RNA is subtracted as SoupX does by default, a tenth of each cell's counts in the shares that the genes have over
all cells, which leaves nearly every count with decimals. scANVI in one stage, a fifth of the cells labelled, default
schedule; the same splits and seeds for the counts as they were, with decimals, and with the decimals rounded: the first
difference is what correction and decimals do together, the second what the decimals do.
"""

import argparse
import logging
import os
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import anndata as ad
import numpy as np
from scipy import sparse

from benchmarks.shrinkage import Silent
from semafo.evaluation.uncertainty.significance import mean_interval
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.training import steps

AMBIENT = 0.1


def without_ambient(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Counts less each gene's expected share of ambient RNA, at least 0."""
    counts = sparse.csr_matrix(counts, dtype=np.float64, copy=True)
    of_gene = np.asarray(counts.sum(0)).ravel() / counts.sum()
    of_cell = AMBIENT * np.asarray(counts.sum(1)).ravel()
    expected = np.repeat(of_cell, np.diff(counts.indptr)) * of_gene[counts.indices]
    counts.data = np.maximum(counts.data - expected, 0)
    counts.eliminate_zeros()
    return counts.astype(np.float32)


WAYS = ("as they were", "corrected", "corrected and rounded")


def accuracy(spec: DatasetSpec, seed: int) -> float:
    """Of scANVI, on the test cells of the seed's split."""
    split = SplitSettings(labelled_rate=0.2, split_seed=seed)
    config = RunConfig(spec, split, Mix(1, 0), TrainSettings(seed=seed, accelerator="cpu"))
    return steps.train(config, progress=Silent()).scores["test"]["accuracy"]


def main() -> None:
    """Train, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="Cells with whole counts in X, .h5ad.")
    parser.add_argument("--label-key", default="cell_type")
    parser.add_argument("--batch-key", default="batch")
    parser.add_argument("--seeds", type=int, nargs="+", default=range(5))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    columns = {"label_key": options.label_key, "batch_key": options.batch_key, "counts": "X"}
    with tempfile.TemporaryDirectory() as folder:
        cells = ad.read_h5ad(options.file)
        cells.X = without_ambient(cells.X)
        corrected = str(Path(folder) / "corrected.h5ad")
        cells.write_h5ad(corrected)
        found = []
        for seed in options.seeds:
            specs = [DatasetSpec(path, **columns) for path in (options.file, corrected)]
            found.append([accuracy(spec, seed) for spec in (*specs, replace(specs[1], round_counts=True))])
            said = (f"{value:.3f} {way}" for value, way in zip(found[-1], WAYS, strict=True))
            print(f"seed {seed}: {', '.join(said)}", flush=True)
    for a, b in ((0, 1), (2, 1)):
        points = mean_interval([100 * (row[b] - row[a]) for row in found])
        if points is not None:
            interval = f"{points.mean:+.1f} [{points.low:+.1f}, {points.high:+.1f}] points"
            print(f"{WAYS[b]} minus {WAYS[a]}: {interval}")


if __name__ == "__main__":
    main()
