"""Latent-space figures: panels of cells with their legends and colour scales."""
