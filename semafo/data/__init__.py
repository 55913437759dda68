"""Data sets: what can be chosen, loading, preflight, simulation, and the split that hides labels."""
