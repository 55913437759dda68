"""Scores and maps of a trained model. Takes arrays, gives plain values."""
