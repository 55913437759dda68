"""What a split must fulfil, and what its reader must know: refusals and warnings of `semafo.data.splitting.split`."""

from collections.abc import Collection
from typing import Any

import pandas as pd

from semafo import keys
from semafo.errors import DataError
from semafo.settings.run_config import SplitSettings
from semafo.wording import named


def check_names(cells: pd.DataFrame, settings: SplitSettings) -> None:
    """Raise DataError where the settings name batches or types that the data lack, or leave no query."""
    known = set(cells[keys.BATCH_COLUMN])
    unknown = (set(settings.reference) | set(settings.labelled_batches or ())) - known
    if unknown:
        raise DataError(f"There is no batch {named(unknown)}. The data have: {named(known)}. Choose among those.")
    types = set(cells[keys.TRUE].dropna())
    if set(settings.left_out_types) - types:
        raise DataError(
            f"There is no type {named(set(settings.left_out_types) - types)} to leave out. The data have: "
            f"{named(types)}. Choose among those."
        )
    if known <= set(settings.reference) and not settings.reference_only:
        raise DataError(
            f"Every batch is reference ({named(known)}), so no query is left. Leave at least one batch out of the "
            "reference, or choose no reference to train all cells in one stage."
        )


def check_reference(settings: SplitSettings, types: Collection[str]) -> None:
    """Raise DataError where the reference has fewer than two types to learn from."""
    if len(types) < 2:
        found = f"has only the label {named(types)}" if types else "has no label"
        also = ", or leave fewer types out" if settings.left_out_types else ""
        raise DataError(
            f"The reference ({named(settings.reference)}) {found}. Expected two or more types to learn from: choose "
            f"another reference{also}."
        )


def check_labelled(cells: pd.DataFrame, settings: SplitSettings) -> None:
    """Raise DataError where fewer than two types have a labelled cell."""
    labelled = cells.loc[cells[keys.PART] == keys.LABELLED, keys.TRUE]
    if labelled.nunique() < 2:
        found = f"only the type {labelled.iloc[0]}" if len(labelled) else "no cell at all"
        also = ", or leave fewer types out" if settings.left_out_types else ""
        raise DataError(
            f"This split labels {found}, of {len(cells)} cells. Expected labelled cells of two or more types: raise "
            f"the labelled rate, lower the test share, or label other batches{also}."
        )


def warnings_of(
    cells: pd.DataFrame, known: pd.Series, settings: SplitSettings, summary: dict[str, Any], n_in_data: int
) -> tuple[str, ...]:
    """Sentences about a split, the gravest first.

    Parameters
    ----------
    cells
        The finished table of the split.
    known
        Whether a cell's type is one that the model can learn.
    summary
        `Split.summary` of the split.
    n_in_data
        Cells of the data set, those that take no part included.
    """
    found = [
        _leak(settings, summary),
        _reference_only(settings, summary, n_in_data),
        _left_out(cells, settings),
        _foreign(cells, known, settings),
        _unlabelled_types(cells, known, summary),
        _no_test(settings, summary),
        _rate_missed(cells, settings, summary),
        _calibration(settings, summary),
    ]
    return tuple(sentence for sentence in found if sentence)


def _leak(settings: SplitSettings, summary: dict[str, Any]) -> str:
    if not settings.leak:
        return ""
    return (
        f"LEAK: labels are hidden the way the published notebook does it, which hides none. The {summary['n_test']} "
        f"test cells and the {summary['n_hidden']} hidden ones are trained on with their labels, where the model knows "
        "their type. Scores are of labels that the model has seen: they show the leak and nothing else."
    )


def _reference_only(settings: SplitSettings, summary: dict[str, Any], n_in_data: int) -> str:
    if not settings.reference_only:
        return ""
    n_left = n_in_data - summary["n_cells"]
    others = f" {n_left} cells of other batches take no part." if n_left else ""
    return (
        f"Only the reference ({named(settings.reference)}) is trained on.{others} There are no test cells: accuracy "
        "is on the training cells, and cannot be compared with that of other splits."
    )


def _left_out(cells: pd.DataFrame, settings: SplitSettings) -> str:
    if not settings.left_out_types:
        return ""
    n_left_out = int(cells[keys.TRUE].isin(settings.left_out_types).sum())
    return (
        f"The labels of {named(settings.left_out_types)} ({n_left_out} cells) are hidden everywhere, as asked: no "
        "model can predict these types, and they count as unseen."
    )


def _foreign(cells: pd.DataFrame, known: pd.Series, settings: SplitSettings) -> str:
    true = cells[keys.TRUE]
    foreign = true.notna() & ~known & (cells[keys.ROLE] == keys.QUERY) & ~true.isin(settings.left_out_types)
    if not foreign.any():
        return ""
    return (
        f"{int(foreign.sum())} query cells are of types the reference lacks ({named(set(true[foreign]))}). A model "
        "cannot learn a new type from the query, so their labels stay hidden and count as unseen types."
    )


def _unlabelled_types(cells: pd.DataFrame, known: pd.Series, summary: dict[str, Any]) -> str:
    missed = set(cells.loc[known, keys.TRUE]) - set(summary["seen_types"])
    if not missed:
        return ""
    return f"No cell of {named(missed)} is labelled, so no model can predict it: these are unseen types."


def _no_test(settings: SplitSettings, summary: dict[str, Any]) -> str:
    if summary["n_test"] or settings.reference_only:
        return ""
    return "No cell is left to test on, so nothing can be scored on unseen labels."


def _rate_missed(cells: pd.DataFrame, settings: SplitSettings, summary: dict[str, Any]) -> str:
    """Where the rate that was asked for is out of reach. Cells kept back to calibrate count as reached."""
    requested = summary["labelled_rate_requested"]
    if requested is None or not settings.reference:
        return ""
    part = cells.loc[cells[keys.ROLE] == keys.QUERY, keys.PART]
    kept_back = int((part == keys.CALIBRATION).sum()) / max(int((part != keys.MISSING).sum()), 1)
    achieved = summary["labelled_rate"] + kept_back
    if requested - achieved <= 1 / max(summary["n_query"], 1):
        return ""
    return (
        f"A labelled rate of {requested:.1%} was asked for and {achieved:.1%} was reached: every query cell that may "
        "be labelled is. Test cells are never labelled; a smaller test share leaves more."
    )


def _calibration(settings: SplitSettings, summary: dict[str, Any]) -> str:
    if not settings.calibration_share:
        return ""
    if not summary["n_calibration"]:
        return "Too few cells are labelled to keep any back for calibration, so no temperature can be fitted."
    return (
        f"{summary['n_calibration']} labelled cells are kept from the model to fit the temperature on. The labelled "
        f"rate of {summary['labelled_rate']:.1%} counts what the model sees."
    )
