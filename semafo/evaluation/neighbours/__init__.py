"""Nearest neighbours, exact and approximate, and graphs made of them."""
