"""Measurements that anyone can repeat, one command each: `python -m benchmarks.NAME`."""
