"""The scanner: finds and probes the sockets of one node, and publishes changes to Redis."""
