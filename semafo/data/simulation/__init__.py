"""Cells with known types, batches and factors, of any size."""
