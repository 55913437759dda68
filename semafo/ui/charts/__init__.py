"""Data in, figure out.

Nothing here reads a file or knows Streamlit; colours of text and ground are left to the theme.
"""

from semafo.ui.charts.maps.latent import latent_panels
from semafo.ui.charts.maps.panel import Panel
from semafo.ui.charts.scores.annotation import (
    confidence_histogram,
    mapping_histogram,
    marker_dots,
    predicted_bars,
)
from semafo.ui.charts.scores.calibration import CoverageLine, Reliability, coverage_curves, reliability_panels
from semafo.ui.charts.scores.confusion import (
    ConfusionMatrix,
    clicked,
    confusion_difference,
    confusion_panels,
    normalised,
)
from semafo.ui.charts.scores.flips import FlipRow, flip_bars
from semafo.ui.charts.scores.forest import Estimate, Row, forest
from semafo.ui.charts.scores.integration_table import ScoreRow, about, score_table
from semafo.ui.charts.split_bars import composition, split_bars
from semafo.ui.charts.training.latent_factors import Along, Carried, information_panels, traversal_panels
from semafo.ui.charts.training.loss_terms import loss_terms

__all__ = [
    "Along",
    "Carried",
    "ConfusionMatrix",
    "CoverageLine",
    "Estimate",
    "FlipRow",
    "Panel",
    "Reliability",
    "Row",
    "ScoreRow",
    "about",
    "clicked",
    "composition",
    "confidence_histogram",
    "confusion_difference",
    "confusion_panels",
    "coverage_curves",
    "flip_bars",
    "forest",
    "information_panels",
    "latent_panels",
    "loss_terms",
    "mapping_histogram",
    "marker_dots",
    "normalised",
    "predicted_bars",
    "reliability_panels",
    "score_table",
    "split_bars",
    "traversal_panels",
]
