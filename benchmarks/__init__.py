"""Streaming measured beside floors in the same run: `python -m benchmarks`."""
