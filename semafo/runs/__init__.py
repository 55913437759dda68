"""Runs: their folders, the store that lists them, the engine that trains them."""
