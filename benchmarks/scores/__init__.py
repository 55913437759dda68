"""The scib table against scib-metrics' Benchmarker."""
