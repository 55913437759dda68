"""Served pages, the browser that looks at them, and finished runs of any size to look at."""
