"""The Factors page: what latent dimensions carry and move."""
