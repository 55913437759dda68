"""Runs as one page to pass on, without a server."""
