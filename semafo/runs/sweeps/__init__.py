"""Many runs that were asked for together: the grid, its cost, its curves."""
