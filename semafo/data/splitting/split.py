"""Reference, query, and which labels a model may see. Labels are hidden here, once, before any model sees the data.

How cells are drawn: the labelled cells of each type get a seeded random order, and the cell of rank k among n gets the
key (k + ½)/n, so that any prefix by key is stratified. The test part is such a prefix; its size does not depend on the
labelled rate, nor on the types that are left out. Of the rest, the labelled cells are another prefix, with one cell of
each type first. A higher rate is a longer prefix: labelled cells are nested. Of these, some are kept back to calibrate.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from semafo import keys
from semafo.data.splitting import checks as split_checks
from semafo.data.splitting.draw import draw_calibration, draw_share, take_batches
from semafo.errors import DataError
from semafo.settings.run_config import SplitSettings

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True, eq=False)
class Split:
    """One role and one part for each cell that takes part.

    Parameters
    ----------
    cells
        One row a cell, indexed by its name: `keys.TRUE`, `keys.BATCH_COLUMN`, `keys.ROLE` and `keys.PART`. All cells of
        the data, or the reference's alone where the settings ask for that.
    warnings
        Sentences for people; they stay with the run.
    """

    cells: pd.DataFrame
    settings: SplitSettings
    warnings: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """Counts, rates, seen and unseen types, and the parts of each batch, in plain values.

        `labelled_rate` is the share whose labels the model sees: `n_labelled` of the cells that could be labelled
        (the query's in surgery, the reference's where nothing else is trained on). Calibration cells are not among
        `n_labelled`.
        """
        cells, part = self.cells, self.cells[keys.PART]
        is_query = cells[keys.ROLE] == keys.QUERY
        seen = set(self.visible_labels()) - {keys.UNLABELLED}
        unseen = sorted(set(cells[keys.TRUE].dropna()) - seen)
        is_rated = self._rated_cells()
        n_labelled = int((is_rated & (part == keys.LABELLED)).sum())
        return {
            "form": self.settings.form,
            "n_cells": len(cells),
            "n_reference": int((~is_query).sum()),
            "n_query": int(is_query.sum()),
            "n_labelled": n_labelled,
            **{f"n_{name}": int((part == name).sum()) for name in _COUNTED},
            "labelled_rate": n_labelled / int(is_rated.sum()) if is_rated.any() else 0.0,
            "labelled_rate_requested": self._requested_rate(),
            "seen_types": sorted(seen),
            "unseen_types": unseen,
            "n_unseen": int(((part == keys.TEST) & cells[keys.TRUE].isin(unseen)).sum()),
            "warnings": list(self.warnings),
            "by_batch": self._by_batch(),
        }

    def visible_labels(self) -> pd.Series:
        """What a model is told about each cell: its type, or `keys.UNLABELLED`.

        Labelled cells' types alone, unless the settings ask for the leak: then those of all query cells whose type the
        model can know, whatever their part says.
        """
        true, is_visible = self.cells[keys.TRUE], self.cells[keys.PART] == keys.LABELLED
        if self.settings.leak:
            is_query = self.cells[keys.ROLE] == keys.QUERY
            known = set(true[is_visible & ~is_query]) if self.settings.reference else set(true.dropna())
            is_visible |= is_query & true.isin(known.difference(self.settings.left_out_types))
        return true.where(is_visible, keys.UNLABELLED)

    def _requested_rate(self) -> float | None:
        by_rate = self.settings.labelled_batches is None and not self.settings.reference_only
        return self.settings.labelled_rate if by_rate else None

    def _rated_cells(self) -> pd.Series:
        """The cells that a labelled rate is a share of.

        Query cells that have a label, or the reference's where there is no query. In one stage with a test part drawn
        from all batches, only those outside it, and none of a type that is left out.
        """
        part = self.cells[keys.PART]
        role = keys.REFERENCE if self.settings.reference_only else keys.QUERY
        rated = (self.cells[keys.ROLE] == role) & (part != keys.MISSING)
        if self.settings.form == keys.ONE_STAGE and self.settings.labelled_batches is None:
            rated &= (part != keys.TEST) & ~self.cells[keys.TRUE].isin(self.settings.left_out_types)
        return rated

    def _by_batch(self) -> list[dict[str, Any]]:
        groups = self.cells.groupby([keys.BATCH_COLUMN, keys.ROLE])[keys.PART]
        return [
            {"batch": batch, "role": role, **{name: int((parts == name).sum()) for name in (keys.LABELLED, *_COUNTED)}}
            for (batch, role), parts in groups
        ]


_COUNTED = (keys.CALIBRATION, keys.HIDDEN, keys.TEST, keys.MISSING)


def make_split(labels: pd.Series, batches: pd.Series, settings: SplitSettings) -> Split:
    """Divide cells into reference and query, and into labelled, calibration, hidden and test.

    Parameters
    ----------
    labels
        True label of each cell, missing where there is none; indexed by cell name.
    batches
        Batch of each cell, same index.
    """
    everything = _table(labels, batches)
    split_checks.check_names(everything, settings)
    in_reference = everything[keys.BATCH_COLUMN].isin(settings.reference)
    cells = everything[in_reference].copy() if settings.reference_only else everything
    is_query = ~in_reference[cells.index]
    known = _known_cells(cells, is_query, settings)
    cells[keys.ROLE] = np.where(is_query, keys.QUERY, keys.REFERENCE).astype(object)
    cells[keys.PART] = _parts(cells, is_query, known, settings)
    split_checks.check_labelled(cells, settings)
    summary = Split(cells, settings).summary()
    return Split(cells, settings, split_checks.warnings_of(cells, known, settings, summary, len(everything)))


def hide_labels(adata: "AnnData", split: Split) -> "AnnData":
    """The only thing that models see: counts, batch, and the labels that they may see.

    Returns
    -------
    AnnData
        Shares X; obs holds `keys.BATCH` and `keys.LABEL` alone, the latter as `Split.visible_labels` has it. Nothing
        else of `adata` is passed on.
    """
    import anndata as ad

    if not adata.obs_names.equals(split.cells.index):
        raise DataError(
            f"The split is of {len(split.cells)} cells and the data have {adata.n_obs}, or their names or order "
            "differ. Make the split from the same data."
        )
    obs = pd.DataFrame(
        {keys.BATCH: _categorical(split.cells[keys.BATCH_COLUMN]), keys.LABEL: _categorical(split.visible_labels())},
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


def _known_cells(cells: pd.DataFrame, is_query: pd.Series, settings: SplitSettings) -> pd.Series:
    """Cells of types that a model can learn: in surgery the reference's, since its classifier takes no further type."""
    known = cells[keys.TRUE].notna() & ~cells[keys.TRUE].isin(settings.left_out_types)
    if settings.reference:
        reference_types = set(cells.loc[~is_query & known, keys.TRUE])
        split_checks.check_reference(settings, reference_types)
        known &= cells[keys.TRUE].isin(reference_types)
    return known


def _parts(cells: pd.DataFrame, is_query: pd.Series, known: pd.Series, settings: SplitSettings) -> pd.Series:
    has_label = cells[keys.TRUE].notna()
    draw = draw_share if settings.labelled_batches is None else take_batches
    drawn = draw(cells, is_query & has_label, known, settings)
    part = pd.Series(keys.HIDDEN, index=cells.index, dtype=object)
    part[drawn == keys.TEST] = keys.TEST
    part[(drawn == keys.LABELLED) | (~is_query & known)] = keys.LABELLED
    part[~has_label] = keys.MISSING
    if settings.calibration_share:
        # The query's own labels say most about its confidence; where it has none, the reference's have to do.
        pool = (is_query if (drawn == keys.LABELLED).any() else ~is_query) & has_label
        part[draw_calibration(cells, pool, part == keys.LABELLED, settings)] = keys.CALIBRATION
    return part


def _categorical(values: pd.Series) -> pd.Categorical:
    text = values.to_numpy(dtype=object)
    return pd.Categorical(text, categories=sorted(set(text)))
