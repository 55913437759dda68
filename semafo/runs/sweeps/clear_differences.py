"""Which methods of a sweep differ, and at which labelled rates: only what the intervals support."""

from dataclasses import dataclass

import pandas as pd

from semafo import wording
from semafo.runs.compare import differences
from semafo.runs.compare.differences import MethodContrast
from semafo.runs.sweeps.sweep import Sweep


@dataclass(frozen=True)
class Clear:
    """Differences between methods that the interval supports.

    Attributes
    ----------
    table
        `Labelled`, `Better`, `Worse`, `Points` of accuracy between them, their `95 % interval` and `Pairs` of runs.
    words
        How many comparisons there were, and what the intervals do not cover.
    """

    table: pd.DataFrame
    words: str


def clear_differences(sweep: Sweep) -> Clear:
    """Who wins where, as far as the intervals allow."""
    found = [
        (title, contrast)
        for title, records in sweep.by_point().items()
        for group in differences.methods(records)
        for contrast in group.differences
    ]
    clear = [row(title, contrast) for title, contrast in found if contrast.difference.is_clear]
    said = f"{len(clear)} of {wording.counted(len(found), 'comparison')} of two methods at one labelled rate are clear"
    parts = dict.fromkeys(part for _, contrast in found for part in contrast.difference.not_covered)
    not_covered = f"; the intervals do not cover other {' or '.join(parts)}" if parts else ""
    return Clear(pd.DataFrame(clear), f"{said}{not_covered}. Intervals by hierarchical bootstrap, on the test cells.")


def row(title: str, contrast: MethodContrast) -> dict[str, str]:
    """A row of the table: the better method first, and its lead in points of accuracy."""
    found, names = contrast.difference, [wording.BASELINES.get(name, name) for name in (contrast.a, contrast.b)]
    ends = (found.low, found.high)
    if found.mean < 0:
        names, ends = names[::-1], (-found.high, -found.low)
    return {
        "Labelled": title,
        "Better": names[1],
        "Worse": names[0],
        "Points": f"{100 * abs(found.mean):.1f}",
        "95 % interval": f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}",
        "Pairs": str(found.n_pairs),
    }
