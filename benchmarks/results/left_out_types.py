"""Cells of a type that the reference lacks: does the mapping score find them, and better than the confidence does?

`python -m benchmarks.results.left_out_types --kang FILE`: half of the donors are the reference, the others the query.
One type at a time is taken out of the reference's file, which then annotates the query as `semafo annotate` does.
Trainings that are finished in the folder are not repeated.
"""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd

from benchmarks.results.__main__ import DOCUMENT, write_tables
from benchmarks.results.left_out_scores import Mapped, scores_of, table
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings

TABLE = "left-out types"
LABEL, BATCH, DONOR = "cell_type", "batch", "donor"
# The score was chosen on other types and divisions than those reported on: there, all others of 80 cells or more.
TYPES = {
    "choose": ("CD4 Naive T", "CD8 T", "DC", "Mk"),
    "report": ("B", "CD14 Mono", "CD16 Mono", "CD4 Memory T", "NK", "T activated"),
}
SEEDS = {"choose": (100, 101), "report": (0, 1, 2, 3, 4)}


@dataclass(frozen=True)
class Case:
    """One training: a type that the reference lacks; the seed divides the donors and is the training's."""

    left_out: str
    seed: int

    @property
    def name(self) -> str:
        """For files."""
        return f"without-{self.left_out.replace(' ', '-')}-{self.seed}"


def cases(part: str) -> list[Case]:
    """All trainings of a part."""
    return [Case(left_out, seed) for seed in SEEDS[part] for left_out in TYPES[part]]


def mapped(folder: Path, kang: str, case: Case) -> Mapped:
    """Train, or read what an earlier call left."""
    path = folder / f"{case.name}.npz"
    if not path.exists():
        draft = path.with_suffix(".draft.npz")
        np.savez(draft, **vars(_train(folder, kang, case)))
        draft.rename(path)
    with np.load(path, allow_pickle=False) as stored:
        return Mapped(**stored)


def _train(folder: Path, kang: str, case: Case) -> Mapped:
    """With default settings, from two files: a reference without the type, a query without labels."""
    import anndata as ad

    from benchmarks.results.training import Silent
    from semafo import keys
    from semafo.training.steps import train

    adata = ad.read_h5ad(kang)
    donors = sorted(set(adata.obs[DONOR]))
    chosen = np.random.default_rng(case.seed).choice(donors, len(donors) // 2, replace=False)
    in_reference = adata.obs[DONOR].isin(chosen)
    reference = adata[in_reference & (adata.obs[LABEL] != case.left_out)].copy()
    query = adata[~in_reference].copy()
    true = query.obs.pop(LABEL)
    files = [folder / f"{case.name}-{role}.h5ad" for role in (keys.REFERENCE, keys.QUERY)]
    for cells, file in zip((reference, query), files, strict=True):
        cells.write_h5ad(file)
    spec = DatasetSpec(str(files[0]), LABEL, BATCH, query=str(files[1]))
    split = SplitSettings(tuple(sorted(set(map(str, reference.obs[BATCH])))), labelled_rate=0.0)
    result = train(RunConfig(spec, split, train=TrainSettings(seed=case.seed)), progress=Silent())
    for file in files:
        file.unlink()
    table = result.cells
    is_query = (table[keys.ROLE] == keys.QUERY).to_numpy()
    true = np.where(is_query, true.astype(object).reindex(table.index), table[keys.TRUE].astype(object))
    named = (values.astype(str) for values in (table[keys.PREDICTED].to_numpy(), true))
    return Mapped(result.latent, is_query, table[keys.CONFIDENCE].to_numpy(), *named)


def make(folder: Path, kang: str, todo: list[Case], jobs: int) -> None:
    """These trainings, several at a time, one thread each."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = "1"  # before the workers import anything
    folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        made = [pool.submit(_make, folder, kang, case) for case in todo]
        for n_done, future in enumerate(as_completed(made), 1):
            future.result()
            minutes = (time.monotonic() - start) / 60
            print(f"left out: {n_done} of {len(todo)} trainings, {minutes:.1f} min", file=sys.stderr, flush=True)


def _make(folder: Path, kang: str, case: Case) -> None:
    import logging
    import warnings

    warnings.filterwarnings("ignore")  # libraries' greetings
    logging.disable(logging.WARNING)
    mapped(folder, kang, case)


@click.command()
@click.option("--kang", type=click.Path(exists=True), required=True, help="Kang et al. 2018, .h5ad.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path(".results/left-out"), show_default=True)
@click.option("--jobs", default=2, show_default=True, help="Trainings at a time, one thread each.")
@click.option("--part", type=click.Choice(list(TYPES)), default="report", show_default=True)
@click.option("--document", type=click.Path(path_type=Path), default=DOCUMENT, help="Where the table goes.")
def main(kang: str, folder: Path, jobs: int, part: str, document: Path) -> None:
    """Repeat the table of docs/results.md about types that the reference lacks; print that of the other types."""
    todo = cases(part)
    make(folder, kang, todo, jobs)
    rows = [
        {"type": case.left_out, "seed": case.seed, **scores_of(mapped(folder, kang, case), case.left_out)}
        for case in todo
    ]
    text = table(pd.DataFrame(rows))
    click.echo(text)
    if part == "report":
        write_tables(document, {TABLE: text})


if __name__ == "__main__":
    main()
