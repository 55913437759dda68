"""Finished runs as files to take away, and runs from another home taken in."""
