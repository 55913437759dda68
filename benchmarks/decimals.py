"""What decimals in the counts do to accuracy: `python -m benchmarks.decimals kang_pbmc.h5ad`.

Ambient RNA is subtracted as SoupX does by default, a tenth of each cell's counts in the shares that the genes have over
all cells, which leaves nearly every count with decimals. scANVI in one stage, a fifth of the cells labelled, default
schedule; the same splits and seeds for the counts as they were and with decimals.
"""

import argparse
import logging
import os
import tempfile
import warnings
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
    columns = (options.label_key, options.batch_key, "X")
    with tempfile.TemporaryDirectory() as folder:
        cells = ad.read_h5ad(options.file)
        cells.X = without_ambient(cells.X)
        corrected = str(Path(folder) / "corrected.h5ad")
        cells.write_h5ad(corrected)
        found = []
        for seed in options.seeds:
            found.append([accuracy(DatasetSpec(path, *columns), seed) for path in (options.file, corrected)])
            print("seed {}: {:.3f} whole, {:.3f} with decimals".format(seed, *found[-1]), flush=True)
    points = mean_interval(100 * np.diff(found).ravel())
    if points is not None:
        print(f"with decimals minus whole: {points.mean:+.1f} [{points.low:+.1f}, {points.high:+.1f}] points")


if __name__ == "__main__":
    main()
