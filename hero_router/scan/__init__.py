"""Finds the services on this node and tells Redis about them; knows nothing of workers or web."""
