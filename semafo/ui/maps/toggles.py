"""Switches of maps that several pages have."""

from collections.abc import Sequence

from semafo.ui.maps import alignment
from semafo.ui.session.tray import ChosenRun
from semafo.ui.widgets import controls


def hollow_toggle() -> bool:
    """Whether cells whose label the model did not see are drawn as rings."""
    return controls.switch(
        "Rings for hidden labels",
        "hollow",
        help="Cells whose label the model did not see (hidden and test cells) are rings, labelled ones filled.",
    )


def align_toggle(runs: Sequence[ChosenRun]) -> bool:
    """Whether all maps are brought onto the first one's; offered where they share cells, on where they share all."""
    if not alignment.can_align(runs):
        return False
    same = alignment.hold_the_same_cells(runs)
    return controls.switch(
        "Align maps",
        "align" if same else "align_some",
        same,
        help="Turn, mirror, scale and move each map as a whole, so that the cells that it shares with the first map "
        "come closest to their places there. Distances within a map keep their proportions.",
    )
