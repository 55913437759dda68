"""Data in, figure out.

Nothing here reads a file or knows Streamlit; colours of text and ground are left to the theme.
"""

from semafo.ui.charts.confusion import Matrix, confusion_difference, confusion_panels, normalised
from semafo.ui.charts.latent import Panel, latent_panels
from semafo.ui.charts.scores import ScoreRow, score_table
from semafo.ui.charts.split import composition, split_bars
from semafo.ui.charts.terms import loss_terms

__all__ = [
    "Matrix",
    "Panel",
    "ScoreRow",
    "composition",
    "confusion_difference",
    "confusion_panels",
    "latent_panels",
    "loss_terms",
    "normalised",
    "score_table",
    "split_bars",
]
