"""The Latent space page: the figure of the maps and everything that can be chosen about it."""
