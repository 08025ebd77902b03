"""The HTTP side of a worker: aiohttp handlers over the feed. Knows nothing of scanning."""
