"""Colours, each with one meaning: types, batches, runs, right and wrong, parts of a split.

Types and batches take their colour from the sorted list of names, so a data set looks the same on every page. The
categorical lists were chosen greedily for the largest distance in OKLab between any two, as seen with normal vision,
protanopia, deuteranopia and tritanopia, and read on a white and on a dark ground.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from semafo import inert, keys

ACCENT = "#0F7B8A"
NEUTRAL = "#8A94A0"  # readable on a white and on a dark ground
FAINT = "rgba(138, 148, 160, 0.35)"
GRID = "rgba(138, 148, 160, 0.22)"

TYPES = (
    *("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#961E4E", "#00E4B4", "#847EEA", "#964E18"),
    *("#544E7E", "#84BA7E", "#8A6078", "#D2CC66", "#A2CCF6", "#1E4EAE", "#BAA8BA", "#BA484E", "#D86C6C", "#00A2C6"),
)
BATCHES = (
    *("#6B7A8F", "#C9A66B", "#7FB7BE", "#84420C", "#6C427E", "#967E24", "#A284CC", "#96DEA8"),
    *("#CCC0FC", "#00725A", "#5A9C84", "#E4C672", "#6060A2", "#C67860", "#B4A2EA", "#96602A"),
)
RUNS = ("#4477AA", "#EE6677", "#995511", "#22AAEE", "#9911EE", "#CC1177")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross")  # one more a round through the colours

RIGHT, WRONG = "#7F9BB3", "#D55E00"
PARTS = {
    keys.REFERENCE: "#6B7A8F",
    keys.LABELLED: ACCENT,
    keys.CALIBRATION: "rgba(15, 123, 138, 0.68)",
    keys.HIDDEN: "rgba(15, 123, 138, 0.38)",
    keys.TEST: "rgba(15, 123, 138, 0.38)",  # hatched as well
    keys.MISSING: "rgba(138, 148, 160, 0.25)",
}

# From nothing (the page's own ground) to the accent, so that one scale serves light and dark.
SEQUENTIAL = ((0.0, "rgba(15, 123, 138, 0.03)"), (1.0, "rgba(15, 123, 138, 0.85)"))
DIVERGING = (
    (0.0, "rgba(162, 103, 188, 0.8)"),
    (0.5, "rgba(138, 148, 160, 0.04)"),
    (1.0, "rgba(217, 119, 6, 0.85)"),
)
CONFIDENCE = "Viridis"

# For points, which must be seen at the pale end as well, on a white and on a dark ground.
EXPRESSION = ((0.0, "#A9B1BA"), (0.5, "#E3A857"), (1.0, "#C8321E"))
SIGNED = ((0.0, "#A267BC"), (0.5, "#A9B1BA"), (1.0, "#D97706"))


class Look(NamedTuple):
    """Colour and marker symbol of a category."""

    colour: str
    symbol: str


def of_types(*types: Iterable[str]) -> dict[str, Look]:
    """A look for each type, from the sorted list of all types of a data set.

    Of several data sets, the first one's types look as they do without the others.
    """
    return _assign(types, TYPES)


def of_batches(*batches: Iterable[str]) -> dict[str, Look]:
    """A look for each batch, from the sorted list of all batches of a data set; of several as `of_types`."""
    return _assign(batches, BATCHES)


def of_slot(slot: int) -> str:
    """Colour of a place in the tray."""
    return RUNS[slot % len(RUNS)]


def _assign(groups: Iterable[Iterable[str]], palette: Sequence[str]) -> dict[str, Look]:
    ordered = dict.fromkeys(name for group in groups for name in sorted({str(name) for name in group}))
    n = len(palette)
    return {name: Look(palette[i % n], SYMBOLS[(i // n) % len(SYMBOLS)]) for i, name in enumerate(ordered)}


def swatch(colour: str) -> inert.Html:
    """A square in a run's colour, as HTML."""
    return inert.Html(f'<span style="color:{inert.html(colour)}" aria-hidden="true">■</span>')


def mark(colour: str) -> inert.FigureText:
    """The same in plotly's markup."""
    return inert.FigureText(f"<span style='color:{inert.plotly(colour)}'>■</span>")
