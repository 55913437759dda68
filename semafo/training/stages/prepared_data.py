"""From a data set to what the models may see: genes chosen, labels hidden, reference and query apart."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from semafo import keys, wording
from semafo.data import catalogue
from semafo.data.genes import MIN_MODEL_COUNTS, choose_genes
from semafo.data.reading.gene_names import symbols_of
from semafo.data.reading.gene_overlap import IN_QUERY
from semafo.data.reading.preflight import preflight
from semafo.data.splitting.split import Split, hide_labels, make_split
from semafo.errors import DataError
from semafo.evaluation.latent.cell_cycle import cell_cycle_phase
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings

_EXAMPLES = 5


@dataclass(frozen=True)
class Prepared:
    """A data set ready for training.

    Attributes
    ----------
    cells
        Cells that take part × chosen genes; obs has batch and label, hidden labels replaced. Models see nothing else.
        var[`IN_QUERY`] says which genes a query from a file of its own has.
    split
        Part and role of every cell, with the true labels: for evaluation only.
    facts
        The split's counts, the data's report, the genes' note and all warnings, as plain values.
    obs
        The data's own columns, rows as the cells, and `keys.N_COUNTS`, `keys.N_GENES` and `keys.PHASE` of all genes:
        for views only.
    """

    cells: AnnData
    split: Split
    facts: dict[str, Any]
    obs: pd.DataFrame

    def training_cells(self) -> AnnData:
        """Cells of the first stages: the reference in surgery, all cells in one stage."""
        role = self.split.cells[keys.ROLE]
        in_first_stage = role == keys.REFERENCE if self.facts["form"] == keys.SURGERY else np.ones(len(role), bool)
        return self.cells[np.asarray(in_first_stage)].copy()

    def query_cells(self) -> AnnData:
        """Cells of the query stage (surgery)."""
        return self.cells[(self.split.cells[keys.ROLE] == keys.QUERY).to_numpy()].copy()


def prepare(config: RunConfig, context: dict[str, Any]) -> Prepared:
    """Load, check, split, hide labels and choose genes.

    Raises
    ------
    DataError
        The data cannot be used, or are no longer those that the run was started with.
    """
    if catalogue.content_fingerprint(config.dataset) != context["data"]:
        raise DataError(f"{config.dataset.name} has changed since this run was queued. Start the run again.")
    found = _prepare(config.dataset, config.split, context["data"])
    return replace(found, cells=AnnData(found.cells.X, obs=found.cells.obs.copy(), var=found.cells.var.copy()))


@lru_cache(maxsize=1)
def _prepare(dataset: DatasetSpec, settings: SplitSettings, _fingerprint: str) -> Prepared:
    """Kept for what comes next: the runs of a comparison, and the two halves of each, prepare the same cells.

    Whoever takes part gets an obs of its own, in which scvi-tools writes, and shares the counts.
    """
    adata, report = preflight(dataset)
    split = make_split(adata.obs[keys.TRUE], adata.obs[keys.BATCH_COLUMN], settings)
    found = prepare_split(adata, split, dataset.n_hvg)
    warnings = [*report.warnings, *found.facts["warnings"]]
    return replace(found, facts={**found.facts, "report": report.to_dict(), "warnings": warnings})


def prepare_split(adata: AnnData, split: Split, n_hvg: int) -> Prepared:
    """Hide labels as a split says, and choose genes: on the reference alone where there is one.

    Parameters
    ----------
    adata
        Cells as `semafo.data.load.load` gives them, the split's among them.
    n_hvg
        Highly variable genes to choose.
    """
    if len(split.cells) < adata.n_obs:  # the reference alone
        adata = adata[split.cells.index].copy()
    masked = hide_labels(adata, split)
    is_reference = (split.cells[keys.ROLE] == keys.REFERENCE).to_numpy()
    in_first_stage = is_reference if split.settings.form == keys.SURGERY else np.ones(adata.n_obs, dtype=bool)
    chosen, note = choose_genes(adata, in_first_stage, n_hvg)
    cells = masked[:, chosen].copy()
    if IN_QUERY in adata.var:
        cells.var[IN_QUERY] = adata.var[IN_QUERY].to_numpy(dtype=bool)[chosen]
    found = split.summary()
    warnings = [*found["warnings"], *_nearly_empty(cells)]
    facts = {**found, "n_genes": int(chosen.sum()), "genes_note": note, "warnings": warnings}
    return Prepared(cells, split, facts, _own_columns(adata))


def _nearly_empty(cells: AnnData) -> list[str]:
    """A sentence about cells in which nothing tells the type, named."""
    names = cells.obs_names[np.asarray(cells.X.sum(axis=1)).ravel() < MIN_MODEL_COUNTS]
    if not len(names):
        return []
    examples = f"{', '.join(names[:_EXAMPLES])}{', …' if len(names) > _EXAMPLES else ''}"
    return [
        f"{wording.cells(len(names))} with fewer than {MIN_MODEL_COUNTS} counts in the genes that the model reads: "
        f"{examples}. {wording.numbered(len(names), 'It is', 'They are')} unknown, at a confidence of 0."
    ]


def _own_columns(adata: AnnData) -> pd.DataFrame:
    """The data's own columns, and library size, number of genes and phase where they have no such columns."""
    program = (keys.TRUE, keys.BATCH_COLUMN, keys.ROLE, keys.ROW)
    obs = adata.obs.drop(columns=[name for name in program if name in adata.obs])
    counted = {
        keys.N_COUNTS: np.asarray(adata.X.sum(axis=1, dtype=np.float64)).ravel(),
        keys.N_GENES: np.diff(adata.X.indptr),
    }
    phase = None if keys.PHASE in obs else cell_cycle_phase(adata.X, symbols_of(adata.var))
    if phase is not None:
        counted[keys.PHASE] = phase
    return obs.assign(**{name: values for name, values in counted.items() if name not in obs})
