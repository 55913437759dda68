"""Reference, query, and which labels a model may see. Labels are hidden here, once, before any model sees the data.

How cells are drawn: the labelled cells of each type get a seeded random order, and the cell of rank k among n gets the
key (k + ½)/n, so that any prefix by key is stratified. The test part is such a prefix; its size does not depend on the
labelled rate. Of the rest, the labelled cells are another prefix, with one cell of each type first. A higher rate is a
longer prefix: labelled cells are nested.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.data.draw import draw_share, take_batches
from semafo.errors import DataError
from semafo.settings import SplitSettings

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True, eq=False)
class Split:
    """One role and one part for each cell.

    Parameters
    ----------
    cells
        One row a cell, indexed by its name: `keys.TRUE`, `keys.BATCH_COLUMN`, `keys.ROLE` and `keys.PART`.
    warnings
        Sentences for people; they stay with the run.
    """

    cells: pd.DataFrame
    settings: SplitSettings
    warnings: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """Counts, rates, seen and unseen types, and the parts of each batch, in plain values."""
        cells, part = self.cells, self.cells[keys.PART]
        is_query = cells[keys.ROLE] == keys.QUERY
        seen = set(cells.loc[part == keys.LABELLED, keys.TRUE])
        unseen = sorted(set(cells[keys.TRUE].dropna()) - seen)
        n_labelled = int((is_query & (part == keys.LABELLED)).sum())
        n_rated = int(self._rated_cells().sum())
        study_wise = self.settings.labelled_batches is not None
        return {
            "form": self.settings.form,
            "n_cells": len(cells),
            "n_reference": int((~is_query).sum()),
            "n_query": int(is_query.sum()),
            "n_labelled": n_labelled,
            "n_hidden": int((part == keys.HIDDEN).sum()),
            "n_test": int((part == keys.TEST).sum()),
            "n_missing": int((part == keys.MISSING).sum()),
            "labelled_rate": n_labelled / n_rated if n_rated else 0.0,
            "labelled_rate_requested": None if study_wise else self.settings.labelled_rate,
            "seen_types": sorted(seen),
            "unseen_types": unseen,
            "n_unseen": int(((part == keys.TEST) & cells[keys.TRUE].isin(unseen)).sum()),
            "warnings": list(self.warnings),
            "by_batch": self._by_batch(),
        }

    def _rated_cells(self) -> pd.Series:
        """The cells that a labelled rate is a share of.

        Query cells that have a label; in one stage with a test part drawn from all batches, only those outside it.
        """
        part = self.cells[keys.PART]
        rated = (self.cells[keys.ROLE] == keys.QUERY) & (part != keys.MISSING)
        if self.settings.form == keys.ONE_STAGE and self.settings.labelled_batches is None:
            rated &= part != keys.TEST
        return rated

    def _by_batch(self) -> list[dict[str, Any]]:
        names = (keys.LABELLED, keys.HIDDEN, keys.TEST, keys.MISSING)
        groups = self.cells.groupby([keys.BATCH_COLUMN, keys.ROLE])[keys.PART]
        return [
            {"batch": batch, "role": role, **{name: int((parts == name).sum()) for name in names}}
            for (batch, role), parts in groups
        ]


def make_split(labels: pd.Series, batches: pd.Series, settings: SplitSettings) -> Split:
    """Divide cells into reference and query, and into labelled, hidden and test.

    Parameters
    ----------
    labels
        True label of each cell, missing where there is none; indexed by cell name.
    batches
        Batch of each cell, same index.
    """
    cells = _table(labels, batches)
    _check_batches(cells, settings)
    is_query = ~cells[keys.BATCH_COLUMN].isin(settings.reference)
    has_label = cells[keys.TRUE].notna()
    reference_types = set(cells.loc[~is_query & has_label, keys.TRUE])
    if settings.reference:
        _check_reference(settings, reference_types)

    # What the reference lacks cannot be learned in surgery: a trained classifier takes no further type.
    known = has_label & (cells[keys.TRUE].isin(reference_types) if settings.reference else True)
    draw = draw_share if settings.labelled_batches is None else take_batches
    drawn = draw(cells, is_query & has_label, known, settings)
    part = pd.Series(keys.HIDDEN, index=cells.index, dtype=object)
    part[drawn == keys.TEST] = keys.TEST
    part[(drawn == keys.LABELLED) | (~is_query & has_label)] = keys.LABELLED
    part[~has_label] = keys.MISSING
    cells[keys.ROLE] = np.where(is_query, keys.QUERY, keys.REFERENCE).astype(object)
    cells[keys.PART] = part
    _check_labelled(cells)
    return Split(cells, settings, _warnings(cells, known, settings))


def hide_labels(adata: "AnnData", split: Split) -> "AnnData":
    """The only thing that models see: counts, batch, and the labels of labelled cells.

    Returns
    -------
    AnnData
        Shares X; obs holds `keys.BATCH` and `keys.LABEL` alone, and every label but the labelled ones is
        `keys.UNLABELLED`. Nothing else of `adata` is passed on.
    """
    import anndata as ad

    if not adata.obs_names.equals(split.cells.index):
        raise DataError(
            f"The split is of {len(split.cells)} cells and the data have {adata.n_obs}, or their names or order "
            "differ. Make the split from the same data."
        )
    visible = split.cells[keys.TRUE].where(split.cells[keys.PART] == keys.LABELLED, keys.UNLABELLED)
    obs = pd.DataFrame(
        {keys.BATCH: _categorical(split.cells[keys.BATCH_COLUMN]), keys.LABEL: _categorical(visible)},
        index=adata.obs_names.copy(),
    )
    return ad.AnnData(adata.X, obs=obs, var=pd.DataFrame(index=adata.var_names.copy()))


def _table(labels: pd.Series, batches: pd.Series) -> pd.DataFrame:
    if not labels.index.equals(batches.index) or not labels.index.is_unique:
        raise DataError("Labels and batches must be of the same cells, each with a name of its own.")
    text = labels.astype(object)
    columns = {
        keys.TRUE: text.where(text.isna(), text.astype(str)),
        keys.BATCH_COLUMN: batches.astype(str).astype(object),
    }
    return pd.DataFrame(columns, index=labels.index.rename(keys.CELL))


def _check_batches(cells: pd.DataFrame, settings: SplitSettings) -> None:
    known = set(cells[keys.BATCH_COLUMN])
    unknown = (set(settings.reference) | set(settings.labelled_batches or ())) - known
    if unknown:
        raise DataError(f"There is no batch {_listed(unknown)}. The data have: {_listed(known)}. Choose among those.")
    if known <= set(settings.reference):
        raise DataError(
            f"Every batch is reference ({_listed(known)}), so no query is left. Leave at least one batch out of the "
            "reference, or choose no reference to train all cells in one stage."
        )


def _check_reference(settings: SplitSettings, types: Collection[str]) -> None:
    if len(types) < 2:
        found = f"has only the label {_listed(types)}" if types else "has no label"
        raise DataError(
            f"The reference ({_listed(settings.reference)}) {found}. Expected two or more types to learn from: choose "
            "another reference."
        )


def _check_labelled(cells: pd.DataFrame) -> None:
    labelled = cells.loc[cells[keys.PART] == keys.LABELLED, keys.TRUE]
    if labelled.nunique() < 2:
        found = f"only the type {labelled.iloc[0]}" if len(labelled) else "no cell at all"
        raise DataError(
            f"This split labels {found}, of {len(cells)} cells. Expected labelled cells of two or more types: raise "
            "the labelled rate, lower the test share, or label other batches."
        )


def _warnings(cells: pd.DataFrame, known: pd.Series, settings: SplitSettings) -> tuple[str, ...]:
    found = []
    part, true = cells[keys.PART], cells[keys.TRUE]
    foreign = true.notna() & ~known & (cells[keys.ROLE] == keys.QUERY)
    if foreign.any():
        found.append(
            f"{int(foreign.sum())} query cells are of types the reference lacks ({_listed(set(true[foreign]))}). A "
            "model cannot learn a new type from the query, so their labels stay hidden and count as unseen types."
        )
    missed = set(true[known]) - set(true[part == keys.LABELLED])
    if missed:
        found.append(f"No cell of {_listed(missed)} is labelled, so no model can predict it: these are unseen types.")
    if not (part == keys.TEST).any():
        found.append("No cell is left to test on, so nothing can be scored on unseen labels.")
    summary = Split(cells, settings).summary()
    requested, achieved = summary["labelled_rate_requested"], summary["labelled_rate"]
    if requested is not None and settings.reference and requested - achieved > 1 / max(summary["n_query"], 1):
        found.append(
            f"A labelled rate of {requested:.1%} was asked for and {achieved:.1%} was reached: every query cell that "
            "may be labelled is. Test cells are never labelled; a smaller test share leaves more."
        )
    return tuple(found)


def _categorical(values: pd.Series) -> pd.Categorical:
    text = values.to_numpy(dtype=object)
    return pd.Categorical(text, categories=sorted(set(text)))


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(map(str, names)))
