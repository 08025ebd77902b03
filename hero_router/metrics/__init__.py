"""Prometheus metrics: of one worker, merged over all workers, and of nodes and services."""
