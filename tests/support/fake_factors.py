"""What latent dimensions carry, and a traversal, of a run folder, from its own small random latent means."""

import numpy as np
import pandas as pd

from semafo import keys
from semafo.evaluation.latent.disentanglement import disentanglement_scores
from semafo.evaluation.latent.information import Factor, bins_of, information
from semafo.files import write_json
from semafo.runs.folder.run_record import RunRecord

GENES = [f"GENE{i}" for i in range(30)]
STEPS = [-2.0, -1.0, 0.0, 1.0, 2.0]


def write_factors(record: RunRecord) -> None:
    """Both files, as the worker writes them."""
    cells, z = record.cells(), record.array(record.config.mix.obsm_key)
    library = pd.Series(np.random.default_rng(0).normal(size=len(cells)))
    columns = {"Cell type": cells[keys.TRUE], "Batch": cells[keys.BATCH_COLUMN], "Library size": library}
    found = [Factor.of(name, column.reset_index(drop=True)) for name, column in columns.items()]
    factors, bins = [factor for factor in found if factor is not None], bins_of(z)
    values = {
        "n_cells": len(z),
        "n_used": len(z),
        "sd": z.std(0).tolist(),
        "factors": [_row(factor, information(z, factor, bins)) for factor in factors],
        "left_out": ["Cell-cycle phase: fewer than 5 of its genes are in the data."],
        "scores": {
            "of": "annotated",
            **disentanglement_scores(z[:200], [f.take(np.arange(200)) for f in factors[:1]]).to_dict(),
        },
        "traversal": _write_traversal(record, cells, z.shape[1]),
    }
    write_json(record.folder / keys.FACTORS_FILE, values)


def _row(factor: Factor, values: np.ndarray) -> dict[str, object]:
    n = int(factor.present.sum())
    return {"name": factor.name, "kind": factor.kind, "n": n, "n_values": None, "information": values.tolist()}


def _write_traversal(record: RunRecord, cells: pd.DataFrame, n_dimensions: int) -> dict[str, object]:
    """Every gene moves in a straight line, in each dimension another way."""
    sizes = cells[keys.TRUE].value_counts()
    types = sorted(str(name) for name in sizes.index[sizes >= 5])
    slope = np.random.default_rng(len(types)).normal(0, 0.3, (len(types), n_dimensions, 1, len(GENES)))
    moved = np.maximum(3 + slope * np.array(STEPS)[:, None], 0)
    np.save(record.folder / keys.TRAVERSAL_FILE, moved.astype(np.float16))
    names = {"types": types, "n_cells": [int(sizes[name]) for name in types], "batches": ["all"] * len(types)}
    return {**names, "steps": STEPS, "genes": GENES, "kept": None, "reach": [0.01, *[0.6] * (n_dimensions - 1)]}
