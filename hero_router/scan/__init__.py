"""The scanner: finds the sockets of one node, probes them, and publishes changes to Redis."""
