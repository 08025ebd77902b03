"""Prometheus metrics of one worker, of nodes, and shared between workers."""
