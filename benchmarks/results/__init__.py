"""What docs/results.md reports: `python -m benchmarks.results --kang FILE.h5ad`."""
