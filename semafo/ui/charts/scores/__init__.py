"""Figures of scores: confusion matrices, intervals, curves, the integration table."""
