"""A latent representation by itself: maps, scale, and what its dimensions carry."""
