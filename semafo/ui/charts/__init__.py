"""Data in, figure out.

Nothing here reads a file or knows Streamlit; colours of text and ground are left to the theme.
"""

from semafo.ui.charts.calibration import CoverageLine, Reliability, coverage_curves, reliability_panels
from semafo.ui.charts.confusion import Matrix, confusion_difference, confusion_panels, normalised
from semafo.ui.charts.dots import confidence_histogram, marker_dots, predicted_bars
from semafo.ui.charts.forest import Estimate, Row, forest
from semafo.ui.charts.latent import Panel, latent_panels
from semafo.ui.charts.scores import ScoreRow, score_table
from semafo.ui.charts.split import composition, split_bars
from semafo.ui.charts.terms import loss_terms

__all__ = [
    "CoverageLine",
    "Estimate",
    "Matrix",
    "Panel",
    "Reliability",
    "Row",
    "ScoreRow",
    "composition",
    "confidence_histogram",
    "confusion_difference",
    "confusion_panels",
    "coverage_curves",
    "forest",
    "latent_panels",
    "loss_terms",
    "marker_dots",
    "normalised",
    "predicted_bars",
    "reliability_panels",
    "score_table",
    "split_bars",
]
