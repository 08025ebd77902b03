"""What a worker knows and who listens: ring, mirror, hub and tail. Knows nothing of HTTP."""
