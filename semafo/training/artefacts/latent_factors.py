"""Write what the latent dimensions of a run carry: factors.json and traversal.npy. docs/factors.md says how.

All cells of the run take part, with or without a label: this describes the space, it tests no prediction.
"""

from typing import Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.data import catalogue
from semafo.data.simulation.simulate import FACTORS as SIMULATED_FACTORS
from semafo.evaluation.latent.cell_cycle import FEWEST_GENES
from semafo.evaluation.latent.disentanglement import disentanglement_scores
from semafo.evaluation.latent.information import CATEGORY, MOST_VALUES, Factor, bins_of, information
from semafo.files import read_json, read_table, write_json
from semafo.settings.run_config import DatasetSpec
from semafo.training.artefacts import traversal
from semafo.training.run_context import RunContext

TYPE, BATCH, LIBRARY, PHASE = "Cell type", "Batch", "Library size", "Cell-cycle phase"
MOST_FACTORS = 30
MOST_CELLS = 50_000  # that the numbers are on; with more, as many are drawn by seed
KNOWN, ANNOTATED = "known", "annotated"
_NAMED = {keys.N_COUNTS: LIBRARY, keys.PHASE: PHASE, keys.N_GENES: "Genes with a count"}


def write_factors(run: RunContext) -> None:
    """Write both files of a run whose per-cell table, latent means and weights are there."""
    cells = read_table(run.folder / keys.CELLS_FILE)
    z = np.load(run.folder / keys.array_file(run.config.mix.obsm_key), allow_pickle=False)
    factors, left_out = factors_of(cells, _own_columns(run), run.config.dataset)
    drawn = _drawn(len(z), run.config.evaluation.seed)
    sample, used = z[drawn], [factor.take(drawn) for factor in factors]
    run.progress.checkpoint()
    bins = bins_of(sample)
    rows = [_row(factor, information(sample, factor, bins)) for factor in used]
    run.progress.checkpoint()
    origin, chosen = scored_factors(used, run.config.dataset)
    scores = disentanglement_scores(sample, chosen, run.config.evaluation.seed).to_dict() if chosen else None
    run.progress.checkpoint()
    found = {
        "n_cells": len(z),
        "n_used": len(sample),
        "sd": z.std(0).astype(float).tolist(),
        "factors": rows,
        "left_out": left_out,
        "scores": {"of": origin, **scores} if scores else None,
        "traversal": _traverse(run, z, cells),
    }
    write_json(run.folder / keys.FACTORS_FILE, found)


def factors_of(cells: pd.DataFrame, own: pd.DataFrame, dataset: DatasetSpec) -> tuple[list[Factor], list[str]]:
    """Type, batch and every column of the data that could be a factor; and, in words, what was left out and why.

    Parameters
    ----------
    cells
        The run's per-cell table.
    own
        The data set's own columns, rows as the cells.
    dataset
        Names the columns that are type and batch.

    Returns
    -------
    At most 30 factors of the cells, and sentences.
    """
    other = own.drop(columns=[name for name in (dataset.label_key, dataset.batch_key) if name in own])
    first = [name for name in (keys.N_COUNTS, keys.PHASE) if name in other]
    ordered = [*first, *(name for name in other if name not in first)]
    columns = {TYPE: cells[keys.TRUE], BATCH: cells[keys.BATCH_COLUMN]}
    columns |= {_NAMED.get(name, str(name)): other[name] for name in ordered}
    factors: list[Factor] = []
    left_out = [] if PHASE in columns else [f"{PHASE}: fewer than {FEWEST_GENES} of its genes are in the data."]
    for name, column in columns.items():
        factor = Factor.of(name, column)
        twin = None if factor is None else next((one for one in factors if _is_same(one, factor)), None)
        if factor is None:
            many = column.nunique() > 1
            left_out.append(f"{name}: it has {f'more than {MOST_VALUES} names' if many else 'one value only'}.")
        elif twin is not None:
            left_out.append(f"{name}: it sorts the cells as {twin.name} does.")
        elif len(factors) == MOST_FACTORS:
            left_out.append(f"{name}: {MOST_FACTORS} factors are shown at most.")
        else:
            factors.append(factor)
    return factors, left_out


def scored_factors(factors: list[Factor], dataset: DatasetSpec) -> tuple[str, list[Factor]]:
    """Factors that the disentanglement scores are on, and whether they are `KNOWN` or only `ANNOTATED`.

    Of a simulation the type and the factors that run through all types; the batch is left out, since the decoder is
    given it. Of other cells type and batch.
    """
    by_name = {factor.name: factor for factor in factors}
    if catalogue.is_simulation(dataset) and all(name in by_name for name in SIMULATED_FACTORS):
        return KNOWN, [by_name[name] for name in (TYPE, *SIMULATED_FACTORS) if name in by_name]
    return ANNOTATED, [by_name[name] for name in (TYPE, BATCH) if name in by_name]


def _own_columns(run: RunContext) -> pd.DataFrame:
    return read_table(run.folder / keys.OBS_FILE)


def _traverse(run: RunContext, z: np.ndarray, cells: pd.DataFrame) -> dict[str, Any] | None:
    """Write the array; return the names of its axes, None where no type has enough cells."""
    starts = traversal.Starts.of(z, cells[keys.TRUE], cells[keys.BATCH_COLUMN])
    if not starts.types:
        return None
    model = read_json(run.folder / keys.MODEL_FILE)
    codes = pd.Index(model["batches"]).get_indexer(starts.batches)
    decode = traversal.load_decoder(run.folder / keys.WEIGHTS_FILE, run.config.form)
    found = traversal.traverse(decode, starts.z, codes, z.std(0))
    run.write_array(keys.TRAVERSAL_FILE, found.expression)
    return traversal.described(starts, model["genes"], found)


def _row(factor: Factor, values: np.ndarray) -> dict[str, Any]:
    n_values = int(factor.codes.max()) + 1 if factor.kind == CATEGORY else None
    numbers = [round(float(value), 4) if np.isfinite(value) else None for value in values]
    n = int(factor.present.sum())
    return {"name": factor.name, "kind": factor.kind, "n": n, "n_values": n_values, "information": numbers}


def _is_same(first: Factor, second: Factor) -> bool:
    """Whether both put the cells into the same groups, whatever these are called."""
    return np.array_equal(*(pd.factorize(factor.codes, use_na_sentinel=False)[0] for factor in (first, second)))


def _drawn(n_cells: int, seed: int) -> np.ndarray:
    if n_cells <= MOST_CELLS:
        return np.arange(n_cells)
    return np.sort(np.random.default_rng(seed).choice(n_cells, MOST_CELLS, replace=False))
